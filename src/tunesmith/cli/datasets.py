"""`report`, `trace`, `versions`, `diff`: looking at a run folder."""

from __future__ import annotations

from pathlib import Path

import click

from tunesmith.cli.options import JSON, OUT, print_json, run_folder


@click.command()
@click.argument("run", type=click.Path(path_type=Path), required=False)
@OUT
def report(run: Path | None, out: Path | None) -> None:
    """Write report.html of a run again: of the folder RUN, or of the newest in ./runs."""
    from tunesmith.report import build_report

    if run is not None and out is not None:
        raise click.UsageError("Name the run folder once: as RUN or with --out.")
    click.echo(build_report(run_folder(run or out)))


@click.command()
@click.argument("row")
@OUT
@JSON
def trace(row: str, out: Path | None, as_json: bool) -> None:
    """Tell the story of ROW: its id, a ticket's own number, or FILE:LINE."""
    from tunesmith.trace import trace as tell

    stories = tell(run_folder(out), row)
    if as_json:
        print_json([story.as_json() for story in stories])
        return
    click.echo("\n\n".join("\n".join(story.sentences()) for story in stories))


@click.command()
@OUT
@JSON
def versions(out: Path | None, as_json: bool) -> None:
    """List the versions of a run folder's dataset."""
    from tunesmith.store.versions import read_version
    from tunesmith.store.versions import versions as known

    table = run_folder(out) / "dataset"
    found = known(table)
    if not found:
        read_version(table)  # says that there is no dataset, and what to do
    if as_json:
        print_json([vars(version) for version in found])
        return
    for version in found:
        counts = version.lineage["counts"]
        click.echo(
            f"{version.number:>3}  {version.written_at:%Y-%m-%d %H:%M} UTC  "
            f"{version.rows:>9,} rows  {version.fingerprint}  of {counts['collected']:,} collected"
        )


@click.command()
@click.argument("before", type=int, required=False)
@click.argument("after", type=int, required=False)
@OUT
@JSON
def diff(before: int | None, after: int | None, out: Path | None, as_json: bool) -> None:
    """Compare two versions of a dataset: BEFORE and AFTER, by default the last two."""
    from tunesmith.errors import TunesmithError
    from tunesmith.store import versions as store

    table = run_folder(out) / "dataset"
    numbers = [version.number for version in store.versions(table)]
    if before is None and len(numbers) < 2:
        raise TunesmithError(
            "there are no two versions to compare", where=str(table), todo="run a changed recipe"
        )
    one = numbers[-2] if before is None else before
    other = numbers[-1] if after is None else after
    found = store.diff(store.read_version(table, one), store.read_version(table, other))
    if as_json:
        print_json({"before": one, "after": other, **vars(found)})
        return
    click.echo(
        f"version {one} → {other}: {len(found.added)} added, {len(found.removed)} removed, "
        f"{len(found.changed)} changed, {len(found.moved)} moved to another split"
    )
    for sign, rows in (("+", found.added), ("-", found.removed)):
        for row in rows[:10]:
            click.echo(f"  {sign} {row}")
        if len(rows) > 10:
            click.echo(f"  {sign} … {len(rows) - 10} more (all of them with --json)")
    for row, columns in list(found.changed.items())[:10]:
        click.echo(f"  ~ {row}: {', '.join(columns)}")
    for row, (was, now) in list(found.moved.items())[:10]:
        click.echo(f"  > {row}: {was} → {now}")
    if len(found.moved) > 10:
        click.echo(f"  > … {len(found.moved) - 10} more (all of them with --json)")
