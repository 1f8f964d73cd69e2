from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.hashing import text_hashes


def hexed(text: str) -> str:
    high, low = text_hashes(pl.Series([text]))[:, 0]
    return f"{high:016x}{low:016x}"


# The values of Appleby's own code (seed 0), as the packages `mmh3` and `murmurhash3` give them.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "0" * 32),
        ("hello", "cbd8a7b341bd9b025b1e906a48ae1d19"),
        ("The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c7a433ca9c49a9347"),
    ],
)
def test_it_is_murmurhash3(text, expected) -> None:
    assert hexed(text) == expected


@given(st.lists(st.text(max_size=70), min_size=1, max_size=30))
def test_texts_are_the_same_when_their_hashes_are(texts: list[str]) -> None:
    hashes = text_hashes(pl.Series(texts))
    assert len({tuple(column) for column in hashes.T.tolist()}) == len(set(texts))
