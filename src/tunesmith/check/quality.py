"""Quality: figures of a text, and a score between 0 and 1 for every row."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.kernels import buffers, kernel
from tunesmith.record import body
from tunesmith.step import NOTES, Transform

#: A repetition ratio says nothing about fewer words than this.
MIN_WORDS_FOR_REPETITION = 12


@kernel
def _word_hashes(data: Any, start: int, end: int, out: Any) -> int:
    """Write a hash of each word (what lies between spaces, case folded) to `out`; how many."""
    count = 0
    value = np.uint64(0)
    inside = False
    for place in range(start, end):
        byte = data[place]
        if byte <= 32:
            if inside:
                out[count] = value
                count += 1
                value = np.uint64(0)
                inside = False
        else:
            if 65 <= byte <= 90:
                byte += 32
            value = (value + np.uint64(byte) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(29)
            inside = True
    if inside:
        out[count] = value
        count += 1
    return count


@kernel
def _distinct_grams(words: Any, count: int, width: int, table: Any, owners: Any, owner: int) -> int:
    """Distinct word grams of a text, counted in a hash table with open addresses.

    `owners` says which text wrote a place of the table, so that it is not emptied between texts.
    """
    grams = count - width + 1
    places = 4
    while places < 2 * grams:
        places *= 2
    distinct = 0
    for first in range(grams):
        mixed = np.uint64(0)
        for step in range(width):
            mixed = (mixed ^ words[first + step]) * np.uint64(0xC2B2AE3D27D4EB4F)
            mixed ^= mixed >> np.uint64(31)
        place = np.int64(mixed & np.uint64(places - 1))
        while owners[place] == owner and table[place] != mixed:
            place = (place + 1) & (places - 1)
        if owners[place] != owner:
            owners[place] = owner
            table[place] = mixed
            distinct += 1
    return distinct


@kernel
def _letters_of(data: Any, start: int, end: int) -> tuple[int, int]:
    """Letters (of ASCII, and all beyond it), and all that is not space."""
    solid, letters = 0, 0
    for place in range(start, end):
        byte = data[place]
        if byte <= 32 or 128 <= byte < 192:  # a space, or not the first byte of a letter
            continue
        solid += 1
        if byte >= 192 or 65 <= byte <= 90 or 97 <= byte <= 122:
            letters += 1
    return letters, solid


@kernel
def _figures(data: Any, offsets: Any, width: int, min_words: int) -> tuple[Any, Any, Any]:
    texts = len(offsets) - 1
    words = np.zeros(texts, dtype=np.int64)
    repetition = np.zeros(texts, dtype=np.float64)
    letters = np.zeros(texts, dtype=np.float64)
    longest = 1
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    hashes = np.empty(longest // 2 + 2, dtype=np.uint64)
    room = 4
    while room < 2 * len(hashes):
        room *= 2
    table = np.empty(room, dtype=np.uint64)
    owners = np.full(room, -1, dtype=np.int64)
    for text in range(texts):
        start, end = offsets[text], offsets[text + 1]
        count = _word_hashes(data, start, end, hashes)
        words[text] = count
        spelled, solid = _letters_of(data, start, end)
        letters[text] = spelled / solid if solid else 0.0
        if count >= max(width, min_words):
            distinct = _distinct_grams(hashes, count, width, table, owners, text)
            repetition[text] = 1.0 - distinct / (count - width + 1)
    return words, repetition, letters


def text_figures(
    texts: pl.Series, *, width: int = 3
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Words, repetition ratio and share of letters of each text; zeros for null.

    The repetition ratio is the share of word `width`-grams that came before: 1 − distinct / all,
    0 for texts of fewer than `MIN_WORDS_FOR_REPETITION` words. It is Gopher's duplicate n-gram
    measure (Rae et al. 2021, table A1) counted in n-grams; single words would not do, since
    ordinary English repeats 40% of its words. Of what is not space, letters are those of ASCII
    and all beyond it.
    """
    data, offsets = buffers(texts)
    figures: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]] = _figures(
        data, offsets, width, MIN_WORDS_FOR_REPETITION
    )
    return figures


class QualityScore(Transform):
    """Write the figures of a row's text (`words`, `repetition`) and its `quality_score`.

    The score is the mean of four figures between 0 and 1:

    * length: an answer (or page) of 60 to 1,500 bytes counts fully, less on either side
    * repetition: 1 − ratio / 0.3
    * letters: the share of letters among all that is not space, fully from 0.7 on
    * completeness: the share of category, timestamp and the row's own identifier that are there
    """

    kind: ClassVar[str] = "quality_score"
    reads: ClassVar[tuple[str, ...]] = (
        "question", "answer", "text", "category", "timestamp", "source_id",
    )  # fmt: skip
    writes: ClassVar[tuple[str, ...]] = ("words", "repetition", "quality_score")

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Write the three columns; the score is rounded to four places."""
        words, repetition, letters = text_figures(batch.select(body()).to_series())
        size = pl.coalesce(pl.col("answer"), pl.col("text")).str.len_bytes().fill_null(0)
        length = pl.min_horizontal(
            size / 60, 1500 / pl.max_horizontal(size, pl.lit(1)), pl.lit(1.0)
        )
        there = pl.sum_horizontal(
            pl.col(name).is_not_null().cast(pl.Float64)
            for name in ("category", "timestamp", "source_id")
        )
        calm = pl.Series(np.clip(1 - repetition / 0.3, 0, 1))
        plain = pl.Series(np.clip(letters / 0.7, 0, 1))
        return batch.with_columns(
            pl.Series("words", words),
            pl.Series("repetition", repetition),
            quality_score=((length + there / 3 + calm + plain) / 4).round(4),
        ).with_columns(pl.lit([], pl.List(pl.String)).alias(NOTES))
