"""A search that knows the pairs of an earlier one finds what a search from the beginning finds."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith.dedup import minhash
from tunesmith.dedup.clusters import Found, find
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.forest import Forests

#: 96 words; texts of 30 of them, of which a copy has one or two changed.
WORDS = [a + b for a in "bcdfghkl" for b in ("ab", "ed", "ig", "om", "up", "ay", "el", "ir", "on", "us", "at", "ek")]  # fmt: skip
CONFIG = DedupConfig(near={"threshold": 0.6, "shingle_words": 2})


@dataclass
class Frames:
    """Parts in memory."""

    parts: list[pl.DataFrame]

    def __len__(self) -> int:
        return len(self.parts)

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        part = self.parts[number]
        return part if columns is None else part.select(columns)


def rows(count: int, dice: random.Random) -> list[dict[str, object]]:
    """Rows in a few families of chains: a copy is made of a copy, so that clusters are long."""
    made: list[list[str]] = []
    for _ in range(count):
        if made and dice.random() < 0.8:
            words = list(dice.choice(made[-12:]))
            for _ in range(dice.randrange(4)):
                words[dice.randrange(len(words))] = dice.choice(WORDS)
        else:
            words = dice.choices(WORDS, k=30)
        made.append(words)
    return [
        {
            "id": f"r{number}",
            "question": " ".join(words),
            "answer": "it is so",
            "quality_score": dice.choice([0.2, 0.5, 0.9]),
        }
        for number, words in enumerate(made)
    ]


def parts_of(seed: int, sizes: list[int]) -> list[pl.DataFrame]:
    dice = random.Random(seed)
    every = rows(sum(sizes), dice)
    dice.shuffle(every)
    frame = pairs(*every)
    starts = np.r_[0, np.cumsum(sizes)].tolist()
    return [frame[start : start + size] for start, size in zip(starts, sizes, strict=False)]


def search(parts: dict[str, pl.DataFrame], path: Path | None) -> Found:
    names = list(parts)
    forests = None if path is None else Forests(path, names)
    return find(Frames(list(parts.values())), CONFIG, forests=forests)


def same(one: Found, other: Found) -> None:
    assert len(one.removals) == len(other.removals)
    for mine, its in zip(one.removals, other.removals, strict=True):
        for name, value in vars(mine).items():
            expected = vars(its)[name]
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, expected, err_msg=name)
            else:
                assert value == expected
    assert one.near_sizes == other.near_sizes


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 40), min_size=2, max_size=5),
    st.data(),
)
def test_parts_may_come_and_go_between_searches(seed, sizes, data) -> None:
    parts = {f"part-{number}": frame for number, frame in enumerate(parts_of(seed, sizes))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forest.npz"
        for _ in range(3):
            chosen = data.draw(st.sets(st.sampled_from(sorted(parts)), min_size=1))
            some = {name: frame for name, frame in parts.items() if name in chosen}
            same(search(some, path), search(some, None))


def test_only_what_is_new_is_verified(monkeypatch, tmp_path) -> None:
    first, second = parts_of(3, [300, 6])
    parts = {"a": first, "b": second}
    path = tmp_path / "forest.npz"
    search({"a": first}, path)
    read = []
    shingles = minhash.shingles

    def counted(texts: pl.Series, size: int):
        read.append(texts.len())
        return shingles(texts, size)

    monkeypatch.setattr(minhash, "shingles", counted)
    again = search(parts, path)
    few = sum(read)
    read.clear()
    whole = search(parts, None)
    same(again, whole)
    assert sum(len(removal.rows) for removal in whole.removals) > 100
    assert few < sum(read) / 2


def test_parts_in_another_order_are_searched_from_the_beginning(tmp_path) -> None:
    first, second = parts_of(9, [80, 80])
    path = tmp_path / "forest.npz"
    search({"a": first, "b": second}, path)
    turned = {"b": second, "a": first}
    same(search(turned, path), search(turned, None))
