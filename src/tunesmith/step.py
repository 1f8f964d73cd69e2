"""The step: its configuration object *is* the step, and one method works over a batch.

A `Transform` returns the batch it was given with some columns rewritten. A `Filter` returns one
verdict for each row. `apply` counts, times and writes the ledger, so that a step's author writes
one small method; steps never know which engine runs them.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import polars as pl

from tunesmith import ledger
from tunesmith.config import Config

#: A transform may put what it did to each row here (list of text); `apply` moves it to `changes`.
NOTES = "_notes"

#: A transform may set aside here what it replaced; `apply` moves it to `Outcome.aside`.
ASIDE = "_aside"
_ENTRY = pl.Struct({"shown": pl.String(), "kind": pl.String(), "original": pl.String()})


def set_aside(height: int, entries: Iterable[tuple[str, str, str]]) -> pl.Series:
    """The column `ASIDE` of a batch.

    Args:
        height: The rows of the batch.
        entries: What was replaced, as `(shown, kind, original)`.
    """
    names = [field.name for field in _ENTRY.fields]
    first = [dict(zip(names, entry, strict=True)) for entry in dict.fromkeys(entries)]
    return pl.Series(ASIDE, [first, *[[]] * (height - 1)], dtype=pl.List(_ENTRY))


class Step(Config):
    """A unit of work over a batch.

    Attributes:
        kind: The short tag that recipes and ledgers use.
        version: To be raised when the behaviour changes: it is part of the cache's fingerprint.
        reads: The columns the step needs.
        writes: The columns the step may change.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()

    def identity(self) -> dict[str, Any]:
        """What the step's output depends on, besides its input."""
        return {
            "kind": self.kind,
            "version": self.version,
            "settings": self.model_dump(mode="json"),
        }


class Transform(Step):
    """A step that rewrites columns and keeps every row, in order."""

    @abstractmethod
    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return `batch` with the columns in `writes` rewritten.

        A column named `NOTES` (list of text, such as `["EMAIL×2"]`) says what happened to each
        row; without one, a changed row is noted with the step's kind.
        """


class Filter(Step):
    """A step that says for each row why it may not stay."""

    @abstractmethod
    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return a frame as high as `batch` with columns `reason`, `value` and `threshold`.

        `reason` is null for a row that stays. `value` is what was measured and `threshold` what it
        was held against (both null where the reason is not a number).
        """


@dataclass(frozen=True)
class StepCount:
    """What one step did to one batch, or to many when added up."""

    step: str
    rows_in: int = 0
    rows_out: int = 0
    changed: int = 0
    seconds: float = 0.0
    notes: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: StepCount) -> StepCount:
        return StepCount(
            self.step,
            self.rows_in + other.rows_in,
            self.rows_out + other.rows_out,
            self.changed + other.changed,
            self.seconds + other.seconds,
            self.notes + other.notes,
        )


@dataclass(frozen=True)
class Outcome:
    """A batch after its steps: the rows that stay, the fate of the others, and the counts.

    `aside` is what was replaced (columns shown, kind, original), each once, where a vault keeps it;
    it is personal data.
    """

    frame: pl.DataFrame
    fates: pl.DataFrame
    counts: list[StepCount]
    aside: pl.DataFrame | None = None


def apply(steps: list[Step], batch: pl.DataFrame) -> Outcome:
    """Run `steps` over one batch.

    Raises:
        ValueError: A step's author broke the contract (a column is missing, a transform lost rows).
    """
    fates: list[pl.DataFrame] = []
    counts: list[StepCount] = []
    aside: list[pl.DataFrame] = []
    for step in steps:
        missing = [name for name in step.reads if name not in batch.columns]
        if missing:
            raise ValueError(f"step '{step.kind}' needs the columns {missing}")
        if not batch.height:  # no step has to know what nothing looks like
            counts.append(StepCount(step.kind))
            continue
        started = time.perf_counter()
        before = batch
        if isinstance(step, Transform):
            batch = step.transform(before)
            if ASIDE in batch.columns:
                aside.append(batch.get_column(ASIDE).explode().drop_nulls().struct.unnest())
                batch = batch.drop(ASIDE)
            batch, changed, notes = _noted(step, before, batch)
        elif isinstance(step, Filter):
            batch, removed = _filter(step, batch)
            changed, notes = 0, Counter[str]()
            if removed.height:
                fates.append(removed)
        else:
            raise TypeError(f"{type(step).__name__} is neither a Transform nor a Filter")
        seconds = time.perf_counter() - started
        counts.append(StepCount(step.kind, before.height, batch.height, changed, seconds, notes))
    return Outcome(batch, pl.concat(fates) if fates else ledger.empty(), counts, together(aside))


def together(aside: Iterable[pl.DataFrame | None]) -> pl.DataFrame | None:
    """What was set aside in several places, each entry once, in order; none if nothing was."""
    there = [frame for frame in aside if frame is not None]
    return pl.concat(there).unique().sort("shown", "kind", "original") if there else None


def _noted(
    step: Transform, before: pl.DataFrame, after: pl.DataFrame
) -> tuple[pl.DataFrame, int, Counter[str]]:
    if after.height != before.height:
        raise ValueError(
            f"transform '{step.kind}' returned {after.height} rows for {before.height}"
        )
    if NOTES in after.columns:
        notes = after.get_column(NOTES)
        after = after.drop(NOTES)
    else:
        columns = [name for name in step.writes if name in before.columns and name != "changes"]
        differs = [before.get_column(name).ne_missing(after.get_column(name)) for name in columns]
        changed_rows = differs[0]
        for mask in differs[1:]:
            changed_rows = changed_rows | mask
        notes = pl.select(
            pl.when(changed_rows)
            .then(pl.lit([step.kind]))
            .otherwise(pl.lit([], pl.List(pl.String)))
        ).to_series()
    touched = notes.list.len().fill_null(0) > 0
    changed = int(touched.sum())
    if not changed:
        return after, 0, Counter()
    after = after.with_columns(changes=pl.col("changes").list.concat(notes))
    return after, changed, tally(notes.filter(touched))


def tally(notes: pl.Series) -> Counter[str]:
    """Add up notes of the form `WORD` or `WORD×3` over a list column."""
    total: Counter[str] = Counter()
    counted = notes.explode().drop_nulls().value_counts()
    for note, rows in counted.iter_rows():
        word, _, times = note.partition("×")
        total[word] += rows * (int(times) if times else 1)
    return total


def _filter(step: Filter, batch: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    verdict = step.judge(batch)
    if verdict.height != batch.height:
        raise ValueError(f"filter '{step.kind}' judged {verdict.height} of {batch.height} rows")
    stays = verdict.get_column("reason").is_null()
    if stays.all():
        return batch, ledger.empty()
    gone = ~stays
    removed = ledger.fates(
        batch.filter(gone),
        step=step.kind,
        fate="dropped",
        reason=verdict.get_column("reason").filter(gone),
        value=verdict.get_column("value").filter(gone),
        threshold=verdict.get_column("threshold").filter(gone),
    )
    return batch.filter(stays), removed


Rule = tuple[pl.Expr, str | pl.Expr, pl.Expr | None, float | None]


def verdicts(batch: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    """The first rule that each row breaks, in the shape that `Filter.judge` returns.

    Args:
        batch: The rows.
        rules: `(broken, reason, value, threshold)`, in the order they are tried; `broken` is a
            boolean expression in which null counts as not broken.
    """
    if rules:
        broken = batch.select(pl.any_horizontal(rule[0].fill_null(value=False) for rule in rules))
        rows = broken.to_series().arg_true()
    else:
        rows = pl.Series([], dtype=pl.UInt32)
    # Few rows break a rule: only for those it is worked out which, and by how much.
    judged = _judged(batch[rows], rules)
    found = pl.DataFrame({"row": rows.cast(pl.UInt32)}).hstack(judged)
    everybody = pl.DataFrame({"row": pl.arange(batch.height, dtype=pl.UInt32, eager=True)})
    return everybody.join(found, on="row", how="left", maintain_order="left").drop("row")


def _judged(batch: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    reason: pl.Expr = pl.lit(None, pl.String)
    value: pl.Expr = pl.lit(None, pl.Float64)
    threshold: pl.Expr = pl.lit(None, pl.Float64)
    for broken, words, measured, limit in reversed(rules):
        hit = broken.fill_null(value=False)
        said = pl.lit(words) if isinstance(words, str) else words
        number = pl.lit(None, pl.Float64) if measured is None else measured.cast(pl.Float64)
        reason = pl.when(hit).then(said).otherwise(reason)
        value = pl.when(hit).then(number).otherwise(value)
        threshold = pl.when(hit).then(pl.lit(limit, pl.Float64)).otherwise(threshold)
    if not batch.height:
        return pl.DataFrame(
            schema={"reason": pl.String, "value": pl.Float64, "threshold": pl.Float64}
        )
    return batch.select(reason.alias("reason"), value.alias("value"), threshold.alias("threshold"))
