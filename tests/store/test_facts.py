"""What each row says by its content alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from factory import pairs
from tunesmith.step import Outcome
from tunesmith.store.cache import Stage
from tunesmith.store.facts import (
    DIGEST,
    FACTS,
    NO_TEXT,
    PAIR,
    Facts,
    StateFacts,
    combined,
    digests,
    facts,
    fingerprints,
    halves,
)
from tunesmith.store.kept import Kept

ROWS = (
    {"question": "How much?", "answer": "Ten euros"},
    {"question": "How much?", "answer": "Zehn €"},
    {"question": None, "answer": "How much?\x1fTen euros"},
)


def test_lengths_count_letters_and_tell_no_text_from_an_empty_one() -> None:
    found = dict(zip(FACTS, facts(pairs(*ROWS, {"question": "", "answer": "a"})), strict=True))
    assert found["question"].tolist() == [9, 9, NO_TEXT, 0]
    assert found["answer"].tolist() == [9, 6, 19, 1]
    assert found["text"].tolist() == [NO_TEXT] * 4


def test_equal_pairs_have_one_hash_and_others_have_another() -> None:
    frame = pairs(*ROWS, ROWS[0])
    high, low = facts(frame)[[FACTS.index(name) for name in PAIR]]
    assert (high[0], low[0]) == (high[3], low[3])
    assert len({*zip(high, low, strict=True)}) == 3


def test_short_values_are_told_apart_and_an_empty_one_from_none() -> None:
    values = ("a", None, "", "b", "a")
    found = dict(zip(FACTS, facts(pairs(*({"customer": one} for one in values))), strict=True))
    hashes = [*zip(*(found[half].tolist() for half in halves("customer")), strict=True)]
    assert hashes[1] == (0, 0)
    assert hashes[0] == hashes[4]
    assert len({*hashes}) == 4


def test_what_is_no_text_is_known_too() -> None:
    rows = ({"language_confidence": 0.75}, {"kind": "document", "language_confidence": None})
    found = dict(zip(FACTS, facts(pairs(*rows)), strict=True))
    assert found["is_pair"].tolist() == [1, 0]
    sure = found["language_confidence"].view(np.float64)
    assert sure[0] == 0.75
    assert np.isnan(sure[1])


def test_values_are_named_by_their_first_rows(tmp_path) -> None:
    """Only parts with a value that no part before has are read."""
    stage, files = Stage(tmp_path), [tmp_path / f"{number}.npy" for number in range(3)]
    parts = (["x", "a", None], ["a", "a"], ["b", "a", ""])
    for number, values in enumerate(parts):
        stage.write(number, Outcome(pairs(*({"category": v} for v in values)), pl.DataFrame(), []))
        StateFacts(rows=stage.folder, number=number, output=files[number]).run()
    stays = [np.array([False, True, True]), np.array([True, True]), np.array([True, True, True])]
    (tmp_path / "part-00001.parquet").unlink()
    places, values = Facts(Kept(stage, stays), files).coded("category")
    assert values.to_list() == ["a", None, "b", ""]
    assert places.tolist() == [0, 1, 0, 0, 2, 0, 3]


def test_parts_have_the_fingerprints_of_their_rows() -> None:
    frames = [pairs(*ROWS), pairs(ROWS[1])]
    splits = [pl.Series(["train", "test", "train"]), pl.Series(["validation"])]
    parts = [*zip(map(digests, frames), splits, strict=True)]
    each, whole = fingerprints(parts)
    assert each == [combined([part]) for part in parts]
    assert whole == combined(parts)
    together = np.concatenate([part for part, _ in parts], axis=1)
    assert whole == combined([(together, pl.concat(splits))])
    assert whole != combined([(together, pl.concat(splits[::-1]))])


def test_facts_of_rows_that_stay(tmp_path) -> None:
    stage, files = Stage(tmp_path / "rows"), [tmp_path / "0.npy", tmp_path / "1.npy"]
    stage.folder.mkdir()
    frames = [pairs(*ROWS), pairs(ROWS[1])]
    for number, frame in enumerate(frames):
        stage.write(number, Outcome(frame, pl.DataFrame(), []))
        StateFacts(rows=stage.folder, number=number, output=files[number]).run()
    kept = Kept(stage, [np.array([True, False, True]), np.array([True])])
    known = Facts(kept, files)
    assert known.of_all(["answer"]).tolist() == [[9, 19, 6]]
    assert np.array_equal(known.part(0, DIGEST), digests(frames[0])[:, [0, 2]])
    assert Facts(Kept(stage, []), []).of_all(PAIR).shape == (2, 0)
