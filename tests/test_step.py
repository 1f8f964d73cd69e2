from __future__ import annotations

from typing import ClassVar

import polars as pl
import pytest

from factory import pairs
from tunesmith.step import Filter, Transform, apply, tally, verdicts


class Shout(Transform):
    kind: ClassVar[str] = "shout"
    reads: ClassVar[tuple[str, ...]] = ("answer",)
    writes: ClassVar[tuple[str, ...]] = ("answer",)

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        return batch.with_columns(pl.col("answer").str.to_uppercase())


class Lossy(Shout):
    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        return batch.head(1)


class Short(Filter):
    kind: ClassVar[str] = "short"
    reads: ClassVar[tuple[str, ...]] = ("answer",)
    limit: int = 5

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        length = pl.col("answer").str.len_chars()
        return verdicts(batch, [(length < self.limit, "too short", length, self.limit)])


def test_a_changed_row_is_noted_and_counted() -> None:
    outcome = apply([Shout()], pairs({"answer": "quiet words"}, {"answer": "LOUD"}))
    assert outcome.frame["answer"].to_list() == ["QUIET WORDS", "LOUD"]
    assert outcome.frame["changes"].to_list() == [["shout"], []]
    assert outcome.counts[0].changed == 1


def test_a_filtered_row_gets_its_fate_with_the_measured_value() -> None:
    outcome = apply([Short()], pairs({"answer": "ok"}, {"answer": "long enough"}))
    assert outcome.frame["id"].to_list() == ["row00001"]
    fate = outcome.fates.row(0, named=True)
    assert (fate["id"], fate["fate"], fate["step"]) == ("row00000", "dropped", "short")
    assert (fate["reason"], fate["value"], fate["threshold"]) == ("too short", 2.0, 5.0)
    assert fate["line"] == 2


def test_a_transform_that_loses_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="returned 1 rows for 2"):
        apply([Lossy()], pairs({}, {}))


def test_a_missing_column_is_refused_before_the_step_runs() -> None:
    with pytest.raises(ValueError, match="needs the columns"):
        apply([Shout()], pairs({}).drop("answer"))


def test_the_first_broken_rule_gives_the_reason_and_null_breaks_nothing() -> None:
    frame = pl.DataFrame({"n": [1, 5, None]})
    verdict = verdicts(
        frame,
        [
            (pl.col("n") < 3, "small", pl.col("n"), 3.0),
            (pl.col("n") < 9, "not large", pl.col("n"), 9.0),
        ],
    )
    assert verdict["reason"].to_list() == ["small", "not large", None]
    assert verdict["threshold"].to_list() == [3.0, 9.0, None]


def test_notes_with_counts_are_added_up() -> None:
    notes = pl.Series([["EMAIL×2", "PHONE×1"], ["EMAIL×1"], []], dtype=pl.List(pl.String))
    assert tally(notes) == {"EMAIL": 3, "PHONE": 1}


def test_without_rules_every_row_stays() -> None:
    verdict = verdicts(pairs({}, {}), [])
    assert verdict.height == 2
    assert verdict["reason"].to_list() == [None, None]
