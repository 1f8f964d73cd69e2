from __future__ import annotations

import csv
from collections import Counter, defaultdict

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_frames import One, deduplicate
from factory import pairs
from tunesmith.dedup import fields
from tunesmith.dedup.clusters import find
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.normalise import comparable


@pytest.fixture(scope="module")
def canned(shared_data) -> pl.DataFrame:
    path = shared_data / "bitext-support" / "canned-replies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return pairs(*({"question": row["instruction"], "answer": row["response"]} for row in rows))


def test_templates_of_real_replies(canned) -> None:
    """27 answers to 6,480 questions, counted here by their own words."""
    found = find(One(canned), DedupConfig(near=None))
    listed = fields.tables(found, [fields.templates(found)], "group")[0]
    rest = canned.filter(pl.Series(found.stays))
    expected = Counter(comparable(rest, ["answer"]))
    assert len(expected) == 27
    assert listed["group"].n_unique() == 27
    sizes = listed.group_by("group", maintain_order=True).len()["len"].to_list()
    assert sizes == sorted(expected.values(), reverse=True)
    told = fields.summary(listed, "group")
    assert told["groups"] == 27
    assert told["rows"] == rest.height == listed.height
    assert len(told["first"][0]["ids"]) == fields.NAMED_ROWS
    assert listed.group_by("group").agg(pl.col("answer").n_unique())["answer"].to_list() == [1] * 27


def test_conflicts_of_real_replies(canned) -> None:
    found = find(One(canned), DedupConfig(near=None))
    listed = fields.tables(found, [fields.conflicts(found)], "group")[0]
    rest = canned.filter(pl.Series(found.stays))
    answers = defaultdict(set)
    for question, answer in zip(
        comparable(rest, ["question"]), comparable(rest, ["answer"]), strict=True
    ):
        answers[question].add(answer)
    expected = {question for question, several in answers.items() if len(several) > 1}
    assert listed["group"].n_unique() == len(expected)
    assert set(comparable(listed, ["question"])) == expected


def test_a_conflict_names_its_rows() -> None:
    frame = pairs(
        {"question": "When do you open?", "answer": "We open at nine in the morning."},
        {"question": "Where are you?", "answer": "We are in the old harbour."},
        {"question": "when do you OPEN", "answer": "Our doors open at ten o'clock."},
    )
    found = find(One(frame), DedupConfig())
    listed = fields.tables(found, [fields.conflicts(found)], "group")[0]
    assert listed["id"].to_list() == ["row00000", "row00002"]
    told = fields.summary(listed, "group")
    assert told == {"groups": 1, "rows": 2, "first": [{"rows": 2, "ids": ["row00000", "row00002"]}]}


def test_capped_templates(canned) -> None:
    merged = deduplicate(canned, DedupConfig(near=None, max_same_answer=10))
    assert set(Counter(comparable(merged.frame, ["answer"])).values()) == {10}
    gone = merged.fates.filter(pl.col("step") == "same_answer")
    assert gone.height + merged.frame.height == canned.height - merged.fates["matched_id"].count()
    assert gone["threshold"].unique().to_list() == [10.0]
    assert gone["value"].min() == 11.0
    assert set(gone["fate"]) == {"dropped"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), min_size=1, max_size=20),
    st.integers(1, 4),
)
def test_the_best_rows_of_each_answer_are_kept(rows, most) -> None:
    frame = pairs(
        *(
            {"question": f"question {n}", "answer": f"answer {a}", "quality_score": s}
            for n, (a, s) in enumerate(rows)
        )
    )
    merged = deduplicate(frame, DedupConfig(near=None, max_same_answer=most))
    kept, gone = merged.frame, frame.filter(~pl.col("id").is_in(merged.frame["id"].to_list()))
    for (answer,), group in frame.partition_by("answer", as_dict=True).items():
        mine = kept.filter(pl.col("answer") == answer)
        assert mine.height == min(most, group.height)
        worst = gone.filter(pl.col("answer") == answer)["quality_score"].max()
        assert worst is None or worst <= mine["quality_score"].min()


def test_a_row_that_is_there_twice_is_neither() -> None:
    row = {"question": "When do you open?", "answer": "We open at nine in the morning."}
    found = find(One(pairs(row, row)), DedupConfig(exact=False, near=None))
    assert len(fields.conflicts(found)) == 0
    assert len(fields.templates(found)) == 0
