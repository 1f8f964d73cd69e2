"""What each row says by its content alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from factory import pairs
from tunesmith.step import Outcome
from tunesmith.store.cache import Stage
from tunesmith.store.facts import DIGEST, FACTS, NO_TEXT, PAIR, Facts, StateFacts, digests, facts
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
