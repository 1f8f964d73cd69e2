from __future__ import annotations

import csv
from collections import Counter, defaultdict

import numpy as np
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
from tunesmith.dedup.told import Told


def listed_of(found, groups: fields.Groups) -> pl.DataFrame:
    return fields.tables(found.offsets, [groups], Told(found.parts, fields.COLUMNS))[0]


def shown_of(groups: fields.Groups) -> list[list[int]]:
    """The rows that are shown of each group."""
    return [part.tolist() for part in np.split(groups.rows, groups.starts[1:-1])]


@pytest.fixture(scope="module")
def canned(shared_data) -> pl.DataFrame:
    path = shared_data / "bitext-support" / "canned-replies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return pairs(*({"question": row["instruction"], "answer": row["response"]} for row in rows))


def test_templates_of_real_replies(canned) -> None:
    """27 answers to 6,480 questions, counted here by their own words."""
    found = find(One(canned), DedupConfig(near=None))
    groups = fields.templates(found)
    listed = listed_of(found, groups)
    rest = canned.filter(pl.Series(found.stays))
    expected = Counter(comparable(rest, ["answer"]))
    assert len(expected) == 27
    assert listed["group"].n_unique() == 27
    about = listed.group_by("group", maintain_order=True).agg(
        pl.len(), pl.col("rows", "different", "left_out").first(), said=pl.col("alike").sum()
    )
    assert about["rows"].to_list() == sorted(expected.values(), reverse=True)
    asked = defaultdict(set)
    for question, answer in zip(
        comparable(rest, ["question"]), comparable(rest, ["answer"]), strict=True
    ):
        asked[answer].add(question)
    assert sorted(about["different"]) == sorted(map(len, asked.values()))
    assert (about["len"] == about["different"].clip(upper_bound=fields.SHOWN)).all()
    assert (about["left_out"] == about["different"] - about["len"]).all()
    told = fields.summary(groups, listed)
    assert told["groups"] == 27
    assert told["rows"] == rest.height > listed.height
    assert told["left_out"] == about["left_out"].sum() > 0
    assert told["first"][0]["ids"] == listed["id"][: fields.SHOWN].to_list()
    assert listed.group_by("group").agg(pl.col("answer").n_unique())["answer"].to_list() == [1] * 27


def test_conflicts_of_real_replies(canned) -> None:
    found = find(One(canned), DedupConfig(near=None))
    listed = listed_of(found, fields.conflicts(found))
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
    groups = fields.conflicts(found)
    listed = listed_of(found, groups)
    assert listed["id"].to_list() == ["row00000", "row00002"]
    told = fields.summary(groups, listed)
    first = {"rows": 2, "different": 2, "ids": ["row00000", "row00002"]}
    assert told == {"groups": 1, "rows": 2, "different": 2, "left_out": 0, "first": [first]}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=40),
    st.integers(1, 3),
)
def test_the_first_of_each_different_answer_is_shown_and_the_others_counted(rows, most) -> None:
    """Against a dictionary; rows that say the same are counted with the first that says it."""
    frame = pairs(*({"question": f"question {q}", "answer": f"answer {a}"} for q, a in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fields, "SHOWN", most)
        found = find(One(frame), DedupConfig(exact=False, near=None))
        for groups, swap in ((fields.conflicts(found), 1), (fields.templates(found), -1)):
            said: dict[int, dict[int, list[int]]] = {}
            for number, row in enumerate(rows):
                one, many = row[::swap]
                said.setdefault(one, {}).setdefault(many, []).append(number)
            several = [group for group in said.values() if len(group) > 1]
            if swap == -1:
                several.sort(key=lambda group: -sum(map(len, group.values())))
            assert len(groups) == len(several)
            assert groups.sizes.tolist() == [sum(map(len, g.values())) for g in several]
            assert groups.different.tolist() == [len(group) for group in several]
            first = [[each[0] for each in group.values()][:most] for group in several]
            assert (shown_of(groups) if several else []) == first
            alike = [len(each) for group in several for each in list(group.values())[:most]]
            assert groups.alike.tolist() == alike


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
