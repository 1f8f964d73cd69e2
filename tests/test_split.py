from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from factory import pairs
from tunesmith.dedup.minhash import jaccard, shingles
from tunesmith.dedup.normalise import comparable
from tunesmith.split import KNOWLEDGE, SPLITS, SplitConfig, groups, split


def varied(count: int, *, seed: int = 1, **fields: Any) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    words = [
        f"{a}{b}"
        for a in ("red", "blue", "tall", "old", "odd")
        for b in ("cup", "key", "box", "pen", "jar")
    ]
    return [
        {
            "question": "why is the " + " ".join(dice.choices(words, k=14)) + f" number {number}",
            "answer": "because the " + " ".join(dice.choices(words, k=14)) + f" is part {number}",
            "category": "abcde"[number % 5],
            **fields,
        }
        for number in range(count)
    ]


def leaky(count: int, seed: int) -> pl.DataFrame:
    """Rows with planted leaks: shared threads, shared customers, repeated and reworded questions."""
    dice = random.Random(seed)
    rows = varied(count, seed=seed)
    for number, row in enumerate(rows):
        row["customer"] = f"c{dice.randrange(count // 2)}" if number % 3 == 0 else None
        row["thread"] = f"t{dice.randrange(count // 2)}" if number % 4 == 0 else None
    for _ in range(count // 5):
        original, copy = dice.sample(rows, 2)
        copy["question"] = original["question"]
        copy["answer"] = f"another answer {dice.random()}"
    for _ in range(count // 5):
        original, copy = dice.sample(rows, 2)
        words = original["question"].split()
        words[dice.randrange(len(words))] = "changed"
        copy["question"] = " ".join(words)
    return pairs(*rows)


@pytest.mark.parametrize("by", ["category", "time"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_planted_leak_passes(by, seed) -> None:
    frame = leaky(160, seed)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    times = [start + timedelta(hours=(7 * n) % 160) for n in range(frame.height)]
    frame = frame.with_columns(timestamp=pl.Series(times, dtype=pl.Datetime("us", "UTC")))
    config = SplitConfig(by=by)
    where = split(frame, config, seed=seed).to_list()
    assert set(where) == set(SPLITS)
    for column in ("customer", "thread"):
        members = defaultdict(set)
        for name, value in zip(where, frame[column], strict=True):
            if value is not None:
                members[value].add(name)
        assert all(len(names) == 1 for names in members.values()), column
    for columns, size, limit in (
        (["question"], 3, config.near_threshold),
        (["question", "answer"], 5, 0.8),
    ):
        flat, ends = shingles(comparable(frame, columns), size)
        for left in range(frame.height):
            for right in range(left):
                if where[left] != where[right]:
                    assert jaccard(flat, ends, left, right) < limit, columns


def test_the_same_test_finds_leaks_in_a_random_split() -> None:
    frame = leaky(160, 1)
    dice = random.Random(0)
    where = [dice.choice(SPLITS) for _ in range(frame.height)]
    group = groups(frame, SplitConfig())
    crossing = {
        g for g in set(group) if len({w for w, h in zip(where, group, strict=True) if h == g}) > 1
    }
    assert crossing


def test_categories_are_dealt_evenly() -> None:
    frame = pairs(*varied(400))
    where = split(frame, SplitConfig(validation=0.1, test=0.2), seed=3)
    table = Counter(zip(where, frame["category"], strict=True))
    for category in "abcde":
        assert abs(table["test", category] - 16) <= 2
        assert abs(table["validation", category] - 8) <= 2


def test_the_shares_hold_with_groups_of_all_sizes() -> None:
    rows = varied(500)
    for number, row in enumerate(rows):
        row["customer"] = f"c{int(number**0.7)}"
    where = Counter(split(pairs(*rows), SplitConfig(validation=0.1, test=0.15), seed=1))
    assert abs(where["test"] - 75) <= 15
    assert abs(where["validation"] - 50) <= 15


def test_a_split_by_time_trains_on_nothing_newer_than_the_test_rows() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [
        row | {"timestamp": start + timedelta(days=(13 * n) % 200)}
        for n, row in enumerate(varied(200))
    ]
    frame = pairs(*rows).with_columns(split=split(pairs(*rows), SplitConfig(by="time"), seed=1))
    newest = {name: frame.filter(pl.col("split") == name)["timestamp"].max() for name in SPLITS}
    oldest = {name: frame.filter(pl.col("split") == name)["timestamp"].min() for name in SPLITS}
    assert newest["train"] < oldest["validation"] <= newest["validation"] < oldest["test"]


def test_rows_without_a_time_are_for_training() -> None:
    rows = varied(60)
    for row in rows[:30]:
        row["timestamp"] = datetime(2025, 1, 1, tzinfo=UTC)
    where = split(pairs(*rows), SplitConfig(by="time"), seed=1).to_list()
    assert set(where[30:]) == {"train"}


def test_the_seed_decides_and_nothing_else() -> None:
    frame = pairs(*varied(120))
    one = split(frame, SplitConfig(), seed=1).to_list()
    assert split(frame, SplitConfig(), seed=1).to_list() == one
    assert split(frame, SplitConfig(), seed=2).to_list() != one


def test_pages_are_knowledge() -> None:
    frame = pairs({"kind": "document", "text": "a page"}, *varied(20))
    where = split(frame, SplitConfig(), seed=1).to_list()
    assert where[0] == KNOWLEDGE
    assert KNOWLEDGE not in where[1:]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 12), st.integers(1, 6))
def test_every_row_has_a_split(count: int, customers: int) -> None:
    rows = varied(count) if count else []
    for number, row in enumerate(rows):
        row["customer"] = f"c{number % customers}"
    frame = pairs(*rows)
    assert split(frame, SplitConfig(), seed=1).len() == frame.height


def test_shares_that_leave_no_training_rows_are_refused() -> None:
    with pytest.raises(ValidationError, match="leave at least a tenth"):
        SplitConfig(validation=0.5, test=0.5)
