"""Rows whose texts are equal or nearly so, against every pair looked at."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith.dedup import minhash
from tunesmith.dedup.forest import Forests
from tunesmith.dedup.linking import join_pairs, roots
from tunesmith.dedup.near import NearConfig, link, searched
from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.texts import Texts
from tunesmith.hashing import text_hashes
from tunesmith.store.columns import Columns

NEAR = NearConfig(threshold=0.6, shingle_words=2, band_rows=4)
WORDS = [f"w{number}" for number in range(80)]


class Frames:
    """Parts in memory that note which rows' texts are read."""

    def __init__(self, parts: Sequence[pl.DataFrame]) -> None:
        self.parts = list(parts)

    def __len__(self) -> int:
        return len(self.parts)

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        return self.parts[number].select(columns or pl.all())


def asked(count: int, dice: random.Random) -> pl.DataFrame:
    """Questions of which many are equal, many nearly equal, and some have no word."""
    known = [dice.sample(WORDS, 14) for _ in range(4)]
    texts = []
    for _ in range(count):
        words = list(dice.choice(known))
        if dice.random() < 0.4:
            words[dice.randrange(14)] = dice.choice(WORDS)
        texts.append("..." if dice.random() < 0.1 else " ".join(words))
    return pairs(*({"question": text} for text in texts))


def texts_of(folder: Path, parts: list[pl.DataFrame], names: list[str]) -> Texts:
    files = [folder / f"{name}.npy" for name in names]
    for path, part in zip(files, parts, strict=True):
        words = comparable(part, ["question"])
        values = np.concatenate([text_hashes(words), searched(words, NEAR)])
        Columns([], files=[path]).write(0, values)
    return Texts(Frames(parts), ["question"], NEAR, files)


def together(count: int, left: np.ndarray, right: np.ndarray) -> list[int]:
    parents = np.arange(count, dtype=np.int64)
    join_pairs(parents, left, right)
    return roots(parents).tolist()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=1, max_size=3)
)  # fmt: skip
def test_the_groups_are_those_of_all_rows_compared(seed, states) -> None:
    """Also when the pairs of an earlier search are known, and whichever rows come and go."""
    dice = random.Random(seed)
    every = {name: asked(15, dice) for name in "abcd"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for names in map(sorted, states):
            parts = [every[part] for part in names]
            words = comparable(pl.concat(parts), ["question"])
            among = np.array([dice.random() < 0.9 for _ in range(words.len())])
            found = texts_of(folder, parts, names).links(
                among, folder / "spilled", Forests(folder / "pairs.npz", names)
            )
            blank = pl.Series([None], dtype=pl.String)
            whole = link(words.zip_with(pl.Series(among), blank), NEAR)
            count = words.len()
            expected = together(count, whole.left, whole.right)
            assert together(count, found.left, found.right) == expected
            assert found.cluster.tolist() == expected
            assert len(found.left) == len(found.right) == len(found.similarity)
            assert ((found.similarity >= NEAR.threshold) & (found.similarity <= 1)).all()


def test_one_row_of_each_text_is_compared(tmp_path, monkeypatch) -> None:
    read: list[int] = []
    whole = Frames.frame

    def counted(self, number, columns=None):
        frame = whole(self, number, columns)
        read.append(frame.height)
        return frame

    part = pairs(*({"question": "where is the parcel that I ordered"} for _ in range(9)))
    texts = texts_of(tmp_path, [part], ["a"])
    monkeypatch.setattr(Frames, "frame", counted)
    found = texts.links(np.ones(9, dtype=bool), tmp_path / "spilled", None)
    assert found.left.tolist() == [0] * 8
    assert found.right.tolist() == list(range(1, 9))
    assert not read  # equal texts need no reading


def test_only_texts_that_may_be_near_a_new_one_are_read(tmp_path, monkeypatch) -> None:
    """One text in a bucket with a new one is near it, one is not: its sketch says so."""
    common = [f"common{number}" for number in range(8)]
    near = " ".join([*common, *(f"near{number}" for number in range(40))])
    far = " ".join([*common, *(f"far{number}" for number in range(40))])
    new = f"{near} indeed"
    wide = NearConfig(threshold=0.6, shingle_words=1, band_rows=1)
    monkeypatch.setattr(sys.modules[__name__], "NEAR", wide)
    old, more = (pairs(*({"question": text} for text in texts)) for texts in ([far, near], [new]))
    forests = [Forests(tmp_path / "pairs.npz", names) for names in (["a"], ["a", "b"])]
    texts_of(tmp_path, [old], ["a"]).links(np.ones(2, dtype=bool), tmp_path, forests[0])
    grown = texts_of(tmp_path, [old, more], ["a", "b"])
    read: list[str] = []
    shingles = minhash.shingles

    def counted(texts: pl.Series, size: int):
        read.extend(texts)
        return shingles(texts, size)

    monkeypatch.setattr(minhash, "shingles", counted)
    found = grown.links(np.ones(3, dtype=bool), tmp_path, forests[1])
    assert read == [near, new]
    assert (found.left.tolist(), found.right.tolist()) == ([1], [2])


def test_a_file_with_other_columns_is_refused(tmp_path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    with pytest.raises(ValueError, match="other columns"):
        Columns(["x", "y", "z"], files=[tmp_path / "a.npy"]).column("y", 1)


def test_a_column_is_read_again_after_it_was_written_anew(tmp_path) -> None:
    columns = Columns(["x", "y"], tmp_path)
    for rows in (4, 2):
        columns.write(0, np.arange(2 * rows, dtype=np.uint64).reshape(2, rows))
        assert columns.column("y", 1).tolist() == list(range(rows, 2 * rows))
        assert columns.offsets(1).tolist() == [0, rows]
