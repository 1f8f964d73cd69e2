from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_frames import deduplicate
from factory import pairs
from tunesmith.dedup.config import DedupConfig

LONG = "please hold the small green button for seven seconds until the lamp blinks twice then release it"


def row(answer: str, **fields: Any) -> dict[str, Any]:
    return {"question": "how do I reset it?", "answer": answer} | fields


def test_exact_duplicates_differ_in_case_and_punctuation_only() -> None:
    merged = deduplicate(
        pairs(row("Hold it."), row("hold it!"), row("Hold  that.")), DedupConfig(near=None)
    )
    assert merged.frame["id"].to_list() == ["row00000", "row00002"]
    fate = merged.fates.row(0, named=True)
    assert (fate["id"], fate["matched_id"], fate["similarity"]) == ("row00001", "row00000", 1.0)
    assert fate["step"] == "exact_duplicates"


def test_two_questions_with_one_answer_are_not_duplicates() -> None:
    frame = pairs(
        {"question": "where is it?", "answer": LONG},
        {"question": "what do you sell?", "answer": LONG},
    )
    assert deduplicate(frame, DedupConfig(near=None)).frame.height == 2


def test_near_duplicates_name_the_row_they_matched() -> None:
    frame = pairs(
        row(LONG), row(f"{LONG} now"), row("something else entirely, nothing to do with it at all")
    )
    merged = deduplicate(frame, DedupConfig())
    assert merged.frame.height == 2
    fate = merged.fates.row(0, named=True)
    assert fate["step"] == "near_duplicates"
    assert {fate["id"], fate["matched_id"]} == {"row00000", "row00001"}
    assert 0.8 <= fate["similarity"] < 1
    assert fate["threshold"] == 0.8


@pytest.mark.parametrize(
    ("keep", "expected"), [("best", "row00001"), ("newest", "row00002"), ("longest", "row00000")]
)
def test_which_row_is_kept(keep, expected) -> None:
    def day(number: int) -> datetime:
        return datetime(2025, 1, number, tzinfo=UTC)

    frame = pairs(
        row(f"{LONG} and then", timestamp=day(1), quality_score=0.4),
        row(f"{LONG} and", timestamp=day(2), quality_score=0.9),
        row(LONG, timestamp=day(3), quality_score=0.5),
    )
    merged = deduplicate(frame, DedupConfig(keep=keep))
    assert merged.frame["id"].to_list() == [expected]
    assert set(merged.fates["kept_id"]) == {expected}


def test_a_row_without_a_score_or_a_time_is_kept_last() -> None:
    frame = pairs(row(LONG, quality_score=None), row(LONG, quality_score=0.0))
    assert deduplicate(frame, DedupConfig(keep="best")).frame["id"].to_list() == ["row00001"]
    old = datetime(1960, 1, 1, tzinfo=UTC)
    frame = pairs(row(LONG, timestamp=None), row(LONG, timestamp=old))
    assert deduplicate(frame, DedupConfig(keep="newest")).frame["id"].to_list() == ["row00001"]


def test_rows_without_a_word_stay() -> None:
    frame = pairs({"question": "??", "answer": "!!"}, {"question": "!!", "answer": "??"})
    assert deduplicate(frame, DedupConfig()).frame.height == 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from([LONG, f"{LONG} now", LONG.upper(), "short", "other words here"]),
        max_size=12,
    )
)
def test_every_row_is_kept_or_merged_once(answers: list[str]) -> None:
    frame = pairs(*(row(answer) for answer in answers))
    merged = deduplicate(frame, DedupConfig())
    ids = merged.frame["id"].to_list() + merged.fates["id"].to_list()
    assert sorted(ids) == sorted(frame["id"].to_list())
    kept = set(merged.frame["id"])
    for fate in merged.fates.filter(pl.col("step") == "near_duplicates").iter_rows(named=True):
        assert fate["kept_id"] in kept
