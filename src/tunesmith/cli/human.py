"""`human`: blind evaluation by people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import click

from tunesmith.cli.options import JSON, print_json

_RUN = click.argument("run", type=click.Path(path_type=Path, file_okay=False))


@click.group("human")
def human() -> None:
    """Let people judge answers without knowing whose they are."""


@human.command("write", short_help="Write tasks for raters into RUN/human.")
@_RUN
@click.option(
    "--pairs",
    multiple=True,
    metavar="A,B",
    help="Methods to compare; repeatable. 'chosen' is the one that the verdict chose.  "
    "[default: chosen,base]",
)
@click.option(
    "--rows", type=click.IntRange(1), default=50, show_default=True, help="Questions, at most."
)
@click.option(
    "--raters", type=click.IntRange(1), default=2, show_default=True, help="How many people judge."
)
@click.option(
    "--overlap",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="Share of the questions that all of them judge, to measure agreement.",
)
@click.option(
    "--kind",
    type=click.Choice(["pairwise", "rating"]),
    default="pairwise",
    show_default=True,
    help="Which of two answers is better, or how good each is from 1 to 5.",
)
@click.option("--seed", type=int, default=13, show_default=True, help="Of rows, order and sides.")
@JSON
def write(
    run: Path,
    pairs: tuple[str, ...],
    rows: int,
    raters: int,
    overlap: float,
    kind: str,
    seed: int,
    as_json: bool,
) -> None:
    """Write tasks for raters into RUN/human: CSV for a spreadsheet, and JSONL."""
    from tunesmith.evaluate.human import run as job

    done = job.write(
        run,
        pairs=pairs,
        kind=cast("Literal['pairwise', 'rating']", kind),
        rows=rows,
        raters=raters,
        overlap=overlap,
        seed=seed,
    )
    if as_json:
        print_json(done)
        return
    shown = " and ".join(" against ".join(pair) for pair in done["pairs"])
    click.echo(f"{done['tasks']} tasks on {done['questions']} questions: {shown}", err=True)
    for name, count in done["given"].items():
        click.echo(f"  {name}: {count} tasks", err=True)
    click.echo(
        f"Give each rater a file of {done['folder']} and how-to.txt, and keep key.json.\n"
        f"Then: tunesmith human read {run} FILES",
        err=True,
    )


@human.command("read", short_help="Read what raters have filled in.")
@_RUN
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@JSON
def read(run: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Read what raters have filled in (FILES, or those in RUN/human) into RUN/human.json."""
    from tunesmith.evaluate.human import run as job

    found: dict[str, Any] = job.read(run, files)
    if as_json:
        print_json(found)
        return
    counts = found["tasks"]
    click.echo(f"{counts['answered']} of {counts['given']} answered", err=True)
    for sentence in found["sentences"]:
        click.echo(f"  {sentence}", err=True)
