"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson

Decorated = Callable[..., Any]

RECIPE = click.argument("recipe", type=click.Path(path_type=Path, dir_okay=False))
RECIPE_OR_RUN = click.argument("recipe", type=click.Path(path_type=Path), metavar="RECIPE")
OVERRIDES = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Change a field of the recipe, such as sources.0.path=FILE; repeatable.",
)
OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The run folder.  [default: runs/NAME]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
QUIET = click.option("--quiet", is_flag=True, help="No progress on stderr.")


def print_json(value: Any) -> None:
    """Print JSON on stdout."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY
    click.echo(orjson.dumps(value, option=options, default=str).decode())


def must_be_there(recipe_or_run: Path) -> None:
    """Refuse a path that is neither a recipe nor a run folder.

    Raises:
        TunesmithError: Nothing is there.
    """
    from tunesmith.errors import TunesmithError

    if not recipe_or_run.exists():
        raise TunesmithError(
            "there is no such recipe or run folder",
            where=str(recipe_or_run),
            todo="name a run folder such as runs/NAME, or make a recipe with: tunesmith init FILE",
        )


def run_folder(out: Path | None) -> Path:
    """The run folder that a command without a recipe means: the one given, or the newest.

    Raises:
        TunesmithError: There is none.
    """
    from tunesmith.errors import TunesmithError

    if out is not None:
        return out
    runs = sorted(Path("runs").glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    if not runs:
        raise TunesmithError(
            "there is no run in ./runs", todo="name its folder with --out, or do one first"
        )
    return runs[-1].parent
