"""Folds of records: nothing crosses, the watched rows are the fold's own, and their data quality."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from factory import pairs, tickets
from tunesmith.dedup.near import NearConfig, link
from tunesmith.dedup.normalise import comparable
from tunesmith.errors import ConservationError
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.folds import Fold, grouped_by, make_folds, stratified_by
from tunesmith.evaluate.cross_validation.quality import fold_quality
from tunesmith.evaluate.settings import label_key
from tunesmith.split import SplitConfig


def records(count: int = 60) -> pl.DataFrame:
    """Tickets, some in conversations, some of one customer, some asked twice."""
    rows: list[dict[str, Any]] = []
    for number, ticket in enumerate(tickets(count)):
        rows.append(
            {
                "question": ticket["question"], "answer": ticket["answer"],
                "category": ticket["category"], "thread": f"t{number // 3}" if number < 18 else None,
                "customer": f"c{number % 4}" if number >= 50 else None,
                "language": "en", "language_confidence": 0.9,
            }
        )  # fmt: skip
    rows[20]["question"] = rows[40]["question"].upper()  # equal once it is normalised
    return pairs(*rows)


CONFIG = CrossValidationConfig(folds=4, validation=0.2)


def test_each_row_is_held_out_once_and_nothing_crosses() -> None:
    frame = records()
    folds = make_folds(frame, CONFIG, SplitConfig())
    held = [row for fold in folds for row in fold.rows.filter(split="test")["id"]]
    assert sorted(held) == sorted(frame["id"])
    for fold in folds:
        assert set(fold.rows["split"]) == {"train", "validation", "test"}
        for name in ("thread", "customer", "group"):
            parts = fold.rows.drop_nulls(name).group_by(name).agg(pl.col("split").n_unique())
            assert parts["split"].max() == 1
        splits = fold.splits
        assert splits["row00020"] == splits["row00040"]
        assert len(fold.examples("validation")) == pytest.approx(0.2 * 45, abs=4)


def test_labels_are_even_over_the_folds_of_a_classification_task() -> None:
    """Without categories: the label decides, however it is written."""
    labels = ["Refund", "refund", "Order status", "order_status", "order-status", "other"]
    frame = pairs(
        *(
            {"question": f"question {n} of its own kind {n * 7919}", "answer": labels[n % 6],
             "category": None}
            for n in range(60)
        )
    )  # fmt: skip
    alone = SplitConfig(near_threshold=None)
    for fold in make_folds(frame, CrossValidationConfig(folds=5), alone, task="classification"):
        held = [row.answer for row in fold.examples("test")]
        keys = Counter(label_key(answer) for answer in held)
        assert keys == {"refund": 4, "order status": 6, "other": 2}
    assert stratified_by(frame, "classification") == "label"
    assert stratified_by(frame, "generation") is None


def test_the_folds_do_not_depend_on_the_order_of_rows() -> None:
    frame = records()
    one = make_folds(frame, CONFIG, SplitConfig())
    other = make_folds(frame.reverse(), CONFIG, SplitConfig())
    for mine, theirs in zip(one, other, strict=True):
        assert mine.splits == theirs.splits
        assert mine.examples("train") == theirs.examples("train")  # training depends on their order
    moved = make_folds(frame, CONFIG.model_copy(update={"seed": 5}), SplitConfig())
    assert [fold.splits for fold in one] != [fold.splits for fold in moved]


def test_data_quality_by_hand() -> None:
    rows = pairs(
        {"category": "a", "question": "one two", "answer": "x y z", "language_confidence": 0.5},
        {"category": "a", "question": "three four five", "answer": "x", "language": "de"},
        {"category": "b", "question": "six", "answer": "x", "language_confidence": 1.0,
         "language": "en"},
        {"category": None, "question": "seven", "answer": "x y"},
    ).with_columns(group=pl.int_range(4), split=pl.Series(["train", "validation", "test", "test"]))  # fmt: skip
    found = fold_quality(Fold(1, rows))
    assert found["groups"] == {"train": 1, "validation": 1, "test": 2}
    assert found["categories"] == {"all": 3, "train": 1, "held_out": 2}
    assert (found["missing_in_training"], found["rows_missing_in_training"]) == (["None", "b"], 2)
    assert found["largest_deviation"] == pytest.approx(0.5)  # a: half of all, none held out
    assert found["question_words"] == {"train": 2.0, "held_out": 1.0}
    assert found["answer_words"] == {"train": 3.0, "held_out": 1.5}
    assert found["languages"] == {"None": 1, "en": 1}
    assert found["language_confidence"] == 1.0


def test_a_question_on_both_sides_is_a_bug_that_is_not_passed_over() -> None:
    fold = make_folds(records(), CONFIG, SplitConfig())[0]
    number = fold.rows["id"].to_list().index("row00020")
    splits = fold.rows["split"].to_list()
    splits[number] = "train" if splits[number] == "test" else "test"
    broken = fold.rows.with_columns(split=pl.Series(splits), group=pl.int_range(pl.len()))
    with pytest.raises(ConservationError, match="0 groups of rows and 1 questions"):
        fold_quality(replace(fold, rows=broken))


def test_what_keeps_rows_together_is_said() -> None:
    together = SplitConfig(customers=False, near_threshold=None)
    assert grouped_by(together) == ["conversation", "equal questions"]


def test_real_tickets_no_near_question_crosses_a_fold(shared_data: Path) -> None:
    frame = pl.read_csv(shared_data / "bitext-support" / "tickets.csv", infer_schema=False).head(
        600
    )
    rows = pairs(
        *(
            {"question": row["instruction"], "answer": row["response"], "category": row["category"]}
            for row in frame.iter_rows(named=True)
        )
    )
    folds = make_folds(rows, CrossValidationConfig(folds=5), SplitConfig())
    near = link(
        comparable(folds[0].rows, ["question"]),
        NearConfig(threshold=0.7, shingle_words=3, band_rows=4),
    )
    ids = folds[0].rows["id"].to_list()
    for fold in folds:
        crossing = [
            (a, b)
            for a, b in zip(near.left.tolist(), near.right.tolist(), strict=True)
            if fold.splits[ids[a]] != fold.splits[ids[b]]
        ]
        assert crossing == []
        assert fold_quality(fold)["duplicate_questions"] == 0
    sizes = [fold.rows.filter(split="test").height for fold in folds]
    assert max(sizes) - min(sizes) <= 0.05 * rows.height
