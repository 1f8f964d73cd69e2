"""The spilled path against de-duplication of one frame held whole in memory."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup_reference as reference
from dedup_frames import Merged, deduplicate
from factory import MOMENT, pairs
from tunesmith import ledger
from tunesmith.dedup import clusters, spill
from tunesmith.dedup.config import DedupConfig


class Frames:
    """A frame cut into parts, as a stage of the cache has them."""

    def __init__(self, whole: pl.DataFrame, size: int) -> None:
        self.parts = [whole.slice(start, size) for start in range(0, whole.height, size)]
        self.read = 0

    def __len__(self) -> int:
        return len(self.parts)

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        self.read += 1
        return self.parts[number] if columns is None else self.parts[number].select(columns)


def found_in(parts: Frames, config: DedupConfig, folder: Path | None) -> Merged:
    found = clusters.find(parts, config, folder)
    outcomes = [found.outcome(number) for number in range(len(parts))]
    rest = pl.concat([frame for frame, _ in outcomes])
    return Merged(rest, pl.concat([fates for _, fates in outcomes]), found.near_sizes)


def assert_same(one: Merged, other: Merged) -> None:
    assert one.frame.equals(other.frame)
    assert one.fates.sort("id").equals(other.fates.sort("id"))
    assert one.near_sizes == other.near_sizes


def replies(folder: Path, rows: int, seed: int) -> pl.DataFrame:
    """Real replies, some repeated, some with words changed, with scores and times."""
    with (folder / "bitext-support" / "tickets.csv").open(encoding="utf-8", newline="") as file:
        tickets = list(csv.DictReader(file))
    dice = random.Random(seed)
    made = []
    for _ in range(rows):
        ticket = dice.choice(tickets[: rows // 2])
        words = ticket["response"].split()
        for _ in range(dice.choice([0, 0, 1, 2, 5])):
            words[dice.randrange(len(words))] = f"n{dice.randrange(50)}"
        made.append(
            {
                "question": ticket["instruction"] if dice.random() < 0.9 else "¿Qué pasa?",
                "answer": " ".join(words),
                "quality_score": dice.choice([None, 0.1, 0.5, 0.5, 0.9]),
                "timestamp": dice.choice([None, MOMENT, MOMENT.replace(year=2020)]),
            }
        )
    return pairs(*made)


@pytest.mark.parametrize("keep", ["best", "newest", "longest"])
def test_parts_give_what_the_whole_gives(shared_data, tmp_path, monkeypatch, keep) -> None:
    monkeypatch.setattr("tunesmith.dedup.near.GATHERED", 5_000)
    monkeypatch.setattr(spill, "_MAPPED", 1_000)
    frame = replies(shared_data, 700, seed=3)
    config = DedupConfig(keep=keep)
    expected = reference.deduplicate(frame, config)
    assert expected.fates["step"].n_unique() == 2
    assert len(expected.near_sizes) > 20
    assert_same(found_in(Frames(frame, 64), config, tmp_path / "index"), expected)
    assert_same(deduplicate(frame, config), expected)


WORDS = st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(WORDS, WORDS, st.sampled_from([None, 0.0, -0.0, 0.5])), max_size=14),
    st.integers(1, 5),
    st.sampled_from(["best", "longest"]),
)
def test_any_rows_in_any_parts(rows, size, keep) -> None:
    frame = pairs(*({"question": q, "answer": a, "quality_score": s} for q, a, s in rows))
    config = DedupConfig(keep=keep, near={"shingle_words": 2, "threshold": 0.5})
    if not rows:
        frame = frame.clear()
    expected = reference.deduplicate(frame, config)
    parts = Frames(frame, size) if rows else Frames(pairs({}), 1)
    if rows:
        assert_same(found_in(parts, config, None), expected)
    assert_same(deduplicate(frame, config), expected)


def test_a_killed_search_goes_on_where_it_was(shared_data, tmp_path) -> None:
    frame = replies(shared_data, 300, seed=4)
    whole = found_in(Frames(frame, 50), DedupConfig(), tmp_path / "whole")

    class Killed(Frames):
        def frame(self, number, columns=None):
            if number == 3:
                raise KeyboardInterrupt
            return super().frame(number, columns)

    with pytest.raises(KeyboardInterrupt):
        clusters.find(Killed(frame, 50), DedupConfig(), tmp_path / "killed")
    index = tmp_path / "killed"
    before = {path.name: path.stat().st_mtime_ns for path in index.glob("part-*.npy")}
    assert len(before) == 3
    assert_same(found_in(Frames(frame, 50), DedupConfig(), index), whole)
    assert before.items() <= {p.name: p.stat().st_mtime_ns for p in index.iterdir()}.items()


def test_one_bucket_that_is_larger_than_the_room(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tunesmith.dedup.near.GATHERED", 10)
    words = " ".join(f"w{n}" for n in range(80))
    frame = pairs(*({"answer": f"{words} {n}", "question": "same thing?"} for n in range(30)))
    found = found_in(Frames(frame, 7), DedupConfig(), tmp_path)
    assert_same(found, reference.deduplicate(frame, DedupConfig()))
    assert found.frame.height == 1


def test_no_row_is_lost_and_texts_are_not_spilled(shared_data, tmp_path) -> None:
    frame = replies(shared_data, 200, seed=5)
    config = DedupConfig(max_same_answer=1)
    merged = found_in(Frames(frame, 30), config, tmp_path)
    ids = [*merged.frame["id"], *merged.fates["id"]]
    assert sorted(ids) == sorted(frame["id"])
    assert set(merged.fates["fate"]) <= set(ledger.FATES)
    word = max(frame["answer"][0].split(), key=len).encode()
    assert all(word not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
