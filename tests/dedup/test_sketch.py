"""What sketches say of two texts, held to their true similarity."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.dedup import minhash
from tunesmith.dedup.sketch import WORDS, highest_similarity, perhaps_near

WORD = st.sampled_from([f"w{number}" for number in range(30)])
TEXT = st.lists(WORD, min_size=1, max_size=60).map(" ".join)


def sketches_of(*texts: str, size: int = 2) -> np.ndarray:
    _, sketches = minhash.sketched(pl.Series(texts), size, functions=64, seed=1)
    assert sketches.shape == (len(texts), WORDS)
    return sketches


def similarity(one: str, other: str, size: int = 2) -> float:
    flat, ends = minhash.shingles(pl.Series([one, other]), size)
    return minhash.jaccard(flat, ends, 0, 1)


@settings(max_examples=300, deadline=None)
@given(TEXT, TEXT, st.integers(1, 4))
def test_no_pair_is_more_similar_than_its_sketches_say(one, other, size) -> None:
    """Also where shingles recur in a text."""
    sketches = sketches_of(one, other, size=size)
    true = similarity(one, other, size)
    assert true <= highest_similarity(sketches[0], sketches[1]) <= 1
    assert highest_similarity(sketches[1], sketches[0]) == highest_similarity(*sketches)


def test_texts_of_thousands_of_words_are_no_exception() -> None:
    dice = random.Random(2)
    words = [f"x{number}" for number in range(4000)]
    one = " ".join(dice.choices(words, k=3000))
    other = " ".join(dice.choices(words, k=3000))
    assert highest_similarity(*sketches_of(one, other)) >= similarity(one, other)
    assert highest_similarity(*sketches_of(one, one)) == 1


@pytest.mark.parametrize("words", [8, 30, 60])
def test_the_bound_is_close_for_texts_of_a_reply_s_length(words) -> None:
    """A pair that shares a third of its shingles is told from one that shares four fifths."""
    dice = random.Random(words)
    vocabulary = [f"x{number}" for number in range(2000)]
    for _ in range(50):
        common = dice.sample(vocabulary, words)
        others = [dice.sample(vocabulary, words) for _ in "ab"]
        one, other = (" ".join(common + rest) for rest in others)
        bound = highest_similarity(*sketches_of(one, other, size=1))
        assert similarity(one, other, 1) <= bound < 0.7


def test_a_short_text_within_a_long_one_is_far_from_it() -> None:
    words = [f"x{number}" for number in range(100)]
    one, other = " ".join(words[:10]), " ".join(words)
    for pair in (sketches_of(one, other, size=1), sketches_of(other, one, size=1)):
        assert 0.1 <= highest_similarity(*pair) < 0.2


def test_rows_that_may_be_near_a_new_one_are_marked() -> None:
    """Two buckets: old rows are not held against each other, nor rows of different buckets."""
    a, b, c = ("one two three four", "one two three five", "six seven eight nine")
    sketches = sketches_of(a, a, c, b, b, c, size=1)
    members = np.array([0, 1, 2, 3, 4, 5], dtype=np.int64)
    starts = np.array([0, 4, 6], dtype=np.int64)
    clean = np.array([True, True, True, False, True, True])
    near = np.zeros(6, dtype=bool)
    perhaps_near(members, starts, clean, members, sketches, 0.5, near)
    assert near.tolist() == [True, True, False, True, False, False]
