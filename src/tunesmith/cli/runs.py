"""`run` and its parts: `prepare`, `tune`, `evaluate`, `decide`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tunesmith.cli.options import JSON, OUT, OVERRIDES, QUIET, RECIPE, RECIPE_OR_RUN, print_json

if TYPE_CHECKING:
    import polars as pl

    from tunesmith.audits import AuditRequest
    from tunesmith.pipeline import Run, Until


def _command(name: str, until: Until, words: str) -> click.Command:
    @click.command(name, help=words)
    @RECIPE
    @OVERRIDES
    @OUT
    @JSON
    @QUIET
    def command(
        recipe: Path, overrides: tuple[str, ...], out: Path | None, as_json: bool, quiet: bool
    ) -> None:
        _run(recipe, overrides, out, until=until, as_json=as_json, quiet=quiet)

    return command


def _run(
    recipe: Path,
    overrides: tuple[str, ...],
    out: Path | None,
    *,
    until: Until,
    as_json: bool,
    quiet: bool,
    audit: AuditRequest | None = None,
) -> None:
    from tunesmith import pipeline
    from tunesmith.audits import hold
    from tunesmith.progress import SilentProgress, for_terminal
    from tunesmith.recipe import load

    loaded = load(recipe, list(overrides))
    folder = out or Path("runs") / loaded.recipe.name
    progress = SilentProgress() if quiet else for_terminal()
    done = pipeline.run(loaded, folder, until=until, audit=audit, progress=progress)
    if as_json:
        print_json(_as_json(done))
    elif not quiet:
        for line in _SAID[until](done):
            click.echo(line, err=True)
    hold(done.failed_gates, where=done.out)


def _as_json(done: Run) -> dict[str, Any]:
    from tunesmith.io import read_json

    return {
        "run": read_json(done.out / "run.json"),
        "quality": read_json(done.out / "quality.json"),
        "methods": {card["method"]: card for card in done.scorecards},
        "decision": done.decision,
        "slices": done.slices,
        "cross_validation": done.cross_validation,
        "audits": {found["method"]: found for found in done.audits},
        "forgetting": {found["method"]: found for found in done.forgotten},
    }


def _data_lines(done: Run) -> list[str]:
    from tunesmith.figures import pairs_by_category
    from tunesmith.report.collecting import changes, licences
    from tunesmith.report.volume import sentences, volumes
    from tunesmith.report.wording import plural
    from tunesmith.split import KNOWLEDGE

    if done.data is None:
        return []
    counts, version = done.data.counts, done.data.version
    splits = done.data.splits
    fates = (
        f"{plural(counts['collected'], 'row')} collected: {counts['kept']:,} kept, "
        f"{counts['merged']:,} merged as duplicates, {counts['dropped']:,} dropped, "
        f"{counts['quarantined']:,} quarantined"
    )
    dealt = (
        f"dataset version {version.number}: {splits['train']:,} for training, "
        f"{splits['validation']:,} for validation, {splits['test']:,} for test"
    )
    if pages := splits[KNOWLEDGE]:
        dealt += f", {plural(pages, 'page')} kept as knowledge"
    return [
        "",
        *(f"  {line}" for line in changes(done.data.sources)),
        fates,
        *_reason_lines(done.data.removed),
        dealt,
        *(f"  {line}" for line in licences(done.data.licenses)),
        *(f"  {line}" for line in sentences(volumes(pairs_by_category(done.data.tally)))),
    ]


#: Reasons that the summary names.
_REASONS = 5


def _reason_lines(fates: pl.DataFrame) -> list[str]:
    """Why rows were dropped, most first, and where the first one is that could not be read."""
    from tunesmith import ledger

    found = [row for row in ledger.reasons(fates).iter_rows(named=True) if row["fate"] == "dropped"]
    lines = [f"  {row['rows']:,} dropped: {row['reason']}" for row in found[:_REASONS]]
    if more := sum(row["rows"] for row in found[_REASONS:]):
        lines.append(f"  {more:,} dropped for other reasons; ledger.parquet has them all")
    unread = fates.filter(fate="quarantined")
    if unread.height:
        first = unread.row(0, named=True)
        lines.append(
            f"  {unread.height:,} quarantined: the first is {ledger.place(first)}: "
            f"{first['reason']}"
        )
    return lines


def _method_lines(done: Run) -> list[str]:
    lines = []
    for card in done.scorecards:
        figure = card["metrics"].get(done.loaded.recipe.decide.metric)
        if figure is None or figure["value"] is None:
            continue
        spread = "" if figure["low"] is None else f" ({figure['low']:.3f} to {figure['high']:.3f})"
        lines.append(f"  {card['method']:<12} {figure['label']} {figure['value']:.3f}{spread}")
    return lines


def _behaviour_lines(done: Run) -> list[str]:
    from tunesmith.audits import lines

    return lines(done.audits, done.forgotten)


def _verdict_lines(done: Run) -> list[str]:
    if done.decision is None:
        return []
    lines = ["", f"Verdict: {done.decision['headline']}"]
    lines += [f"  - {reason}" for reason in done.decision["verdict"]["reasons"]]
    return lines


def _fold_lines(done: Run) -> list[str]:
    if done.cross_validation is None:
        return []
    return ["", "Cross-validation:", *(f"  - {it}" for it in done.cross_validation["sentences"])]


def _slice_lines(done: Run) -> list[str]:
    if done.slices is None:
        return []
    return ["", "Who gets worse answers?", *(f"  - {it}" for it in done.slices["sentences"])]


def _end_lines(done: Run) -> list[str]:
    return ["", f"Report: {done.out / 'report.html'}"]


_SAID: dict[str, Callable[[Run], list[str]]] = {
    "prepare": lambda done: [*_data_lines(done), f"  in {done.out}"],
    "tune": lambda done: [*_data_lines(done), f"Adapters are in {done.out / 'methods'}"],
    "evaluate": lambda done: [
        *_data_lines(done), *_method_lines(done), *_behaviour_lines(done), *_fold_lines(done),
    ],
    "decide": lambda done: [
        *_data_lines(done), *_method_lines(done), *_behaviour_lines(done), *_verdict_lines(done),
        *_slice_lines(done), *_fold_lines(done),
    ],
    "report": lambda done: [
        *_data_lines(done), *_method_lines(done), *_behaviour_lines(done), *_verdict_lines(done),
        *_slice_lines(done), *_fold_lines(done), *_end_lines(done),
    ],
}  # fmt: skip

run = _command(
    "run", "report", "Do everything that RECIPE asks for: dataset, models, verdict, report."
)


@click.command("prepare", help="Make the dataset: collect, clean, check, de-duplicate, split.")
@RECIPE
@OVERRIDES
@OUT
@JSON
@QUIET
@click.option(
    "--preview",
    "what",
    metavar="clean|STEP",
    help="Write nothing; show what cleaning, or one of its steps, would change, before and after.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="The most pairs that --preview shows.",
)
def prepare(
    recipe: Path,
    overrides: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    quiet: bool,
    what: str | None,
    limit: int,
) -> None:
    """Make the dataset, or preview cleaning."""
    if what is None:
        _run(recipe, overrides, out, until="prepare", as_json=as_json, quiet=quiet)
        return
    from tunesmith.cli.preview import show
    from tunesmith.preview import preview
    from tunesmith.progress import SilentProgress, for_terminal
    from tunesmith.recipe import load

    progress = SilentProgress() if quiet else for_terminal()
    show(preview(load(recipe, list(overrides)), what, limit, progress), as_json=as_json)


@click.command("tune", help="Prepare the dataset, then train the recipe's methods.")
@RECIPE
@OVERRIDES
@OUT
@JSON
@QUIET
@click.option(
    "--launch",
    metavar="N|auto",
    help="Train in N processes on this machine, one for each GPU; auto: as its GPUs allow. "
    "The same as --set launch.devices=N.",
)
def tune(
    recipe: Path,
    overrides: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    quiet: bool,
    launch: str | None,
) -> None:
    """Train the recipe's methods."""
    if launch is not None:
        overrides = (*overrides, f"launch.devices={launch}")
    _run(recipe, overrides, out, until="tune", as_json=as_json, quiet=quiet)


@click.command("evaluate")
@RECIPE
@click.argument("methods", nargs=-1)
@OVERRIDES
@OUT
@JSON
@QUIET
@click.option(
    "--folds",
    type=click.IntRange(2, 50),
    metavar="K",
    help="Cross-validate as well: train and measure every method K times on the training and "
    "validation rows. The same as --set evaluate.cross_validation.folds=K.",
)
@click.option(
    "--performance",
    is_flag=True,
    help="Measure speed, memory and energy apart from the answers, at several concurrencies. "
    "The same as --set evaluate.performance.always=true.",
)
@click.option(
    "--audit",
    "audited",
    is_flag=True,
    help="Then audit METHODS (all of them where none is named) with the recipe's suites; exit code "
    "3 when a suite is over its limit.",
)
@click.option(
    "--champion",
    metavar="METHOD",
    help="Compare audits with this method's.  [default: the one that the last decision chose]",
)
def evaluate(
    recipe: Path,
    methods: tuple[str, ...],
    overrides: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    quiet: bool,
    folds: int | None,
    performance: bool,
    audited: bool,
    champion: str | None,
) -> None:
    """Prepare and train, then measure every method on the test rows."""
    from tunesmith.audits import AuditRequest

    if not audited and (methods or champion):
        raise click.UsageError("METHODS and --champion belong to --audit.")
    if folds is not None:
        overrides = (*overrides, f"evaluate.cross_validation.folds={folds}")
    if performance:
        overrides = (*overrides, "evaluate.performance.always=true")
    request = AuditRequest(methods, champion) if audited else None
    _run(recipe, overrides, out, until="evaluate", as_json=as_json, quiet=quiet, audit=request)


@click.command(
    "decide",
    help="Prepare, train and measure, then compare the methods: the verdict. With --plan RECIPE "
    "may also be a run folder.",
)
@RECIPE_OR_RUN
@OVERRIDES
@OUT
@JSON
@QUIET
@click.option(
    "--plan",
    is_flag=True,
    help="Do nothing but say where the project stands between prompting, LoRA and full "
    "fine-tuning, and what the next phase needs; from what the run folder holds.",
)
def decide(
    recipe: Path, overrides: tuple[str, ...], out: Path | None, as_json: bool, quiet: bool,
    plan: bool,
) -> None:  # fmt: skip
    """Decide between the methods, or say where the project stands."""
    if not plan:
        if recipe.is_dir():
            raise click.UsageError(
                f"{recipe} is a folder: name the recipe, or add --plan to plan from a run folder."
            )
        _run(recipe, overrides, out, until="decide", as_json=as_json, quiet=quiet)
        return
    from tunesmith.cli.plan import show

    show(recipe, overrides, out, as_json=as_json)
