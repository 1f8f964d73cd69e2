"""The command line. Each command's file is loaded when the command is called, not before."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from tunesmith import __version__

#: The commands in the order in which a project needs them, with what `--help` says of each.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("tunesmith.cli.recipes", "Look at a file or folder and write a recipe for it."),
    "check": ("tunesmith.cli.recipes", "Report every mistake in a recipe and its sources at once."),
    "run": ("tunesmith.cli.runs", "Do everything: from raw files to a verdict and a report."),
    "prepare": ("tunesmith.cli.runs", "Collect, clean, check, de-duplicate and split: a dataset."),
    "assess": (
        "tunesmith.cli.assess",
        "Assess a dataset: quality and bias; or how well personal data is found.",
    ),
    "tune": ("tunesmith.cli.runs", "Prepare, then train the recipe's methods."),
    "evaluate": ("tunesmith.cli.runs", "Prepare, train, then measure every method."),
    "decide": ("tunesmith.cli.runs", "Prepare, train, measure, then compare: the verdict."),
    "human": (
        "tunesmith.cli.human",
        "Let people judge answers without knowing whose they are.",
    ),
    "report": ("tunesmith.cli.datasets", "Write the report of a run again."),
    "trace": (
        "tunesmith.cli.datasets",
        "Tell one row's story, from its file and line to the models.",
    ),
    "reveal": (
        "tunesmith.cli.reveal",
        "Say what pseudonyms and fakes stand for, to whoever has the secret.",
    ),
    "versions": ("tunesmith.cli.datasets", "List the versions of a dataset."),
    "diff": ("tunesmith.cli.datasets", "Compare two versions of a dataset."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Written from the table, so that --help loads no command.
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " Try 'tunesmith --help'."
            ctx.fail(f"There is no command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tunesmith")
def cli() -> None:
    """From raw business data to the right language model, with evidence.

    Start with:  tunesmith init tickets.csv
    """


def main(argv: list[str] | None = None) -> Any:
    """Run the command line; expected errors print their message and nothing else.

    Exit codes: 0 done, 1 an expected error, 2 wrong usage, 3 a quality gate was not met.
    """
    from tunesmith.errors import TunesmithError

    try:
        return cli.main(args=argv, prog_name="tunesmith", standalone_mode=True)
    except TunesmithError as error:
        click.echo(f"tunesmith: {error.message}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("\ntunesmith: stopped; the same command goes on from here", err=True)
        sys.exit(130)
