"""Quality: the repetition ratio of a text, and a score between 0 and 1 for every row."""

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
def _repetition(data: Any, offsets: Any, width: int, min_words: int) -> Any:  # noqa: C901, PLR0912
    texts = len(offsets) - 1
    ratios = np.zeros(texts, dtype=np.float64)
    longest = 1
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    words = np.empty(longest // 2 + 2, dtype=np.uint64)
    for text in range(texts):
        count = 0
        value = np.uint64(0)
        inside = False
        for place in range(offsets[text], offsets[text + 1]):
            byte = data[place]
            if byte <= 32:
                if inside:
                    words[count] = value
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
            words[count] = value
            count += 1
        if count < max(width, min_words):
            continue
        grams = count - width + 1
        hashes = np.empty(grams, dtype=np.uint64)
        for first in range(grams):
            mixed = np.uint64(0)
            for step in range(width):
                mixed = (mixed ^ words[first + step]) * np.uint64(0xC2B2AE3D27D4EB4F)
                mixed ^= mixed >> np.uint64(31)
            hashes[first] = mixed
        hashes.sort()
        distinct = 1
        for place in range(1, grams):
            if hashes[place] != hashes[place - 1]:
                distinct += 1
        ratios[text] = 1.0 - distinct / grams
    return ratios


def repetition_ratio(texts: pl.Series, *, words: int = 3) -> NDArray[np.float64]:
    """The share of word n-grams that are repetitions: 1 − distinct / all, 0 for short texts.

    Gopher's duplicate n-gram measure (Rae et al. 2021, table A1) counted in n-grams. Single words
    would not do: ordinary English repeats 40% of its words.
    """
    data, offsets = buffers(texts)
    ratios: NDArray[np.float64] = _repetition(data, offsets, words, MIN_WORDS_FOR_REPETITION)
    return ratios


class QualityScore(Transform):
    """Write `quality_score`: the mean of four figures between 0 and 1.

    * length: an answer (or page) of 60 to 1,500 letters counts fully, less on either side
    * repetition: 1 − ratio / 0.3
    * letters: the share of letters among all that is not space, fully from 0.7 on
    * completeness: the share of category, timestamp and the row's own identifier that are there
    """

    kind: ClassVar[str] = "quality_score"
    reads: ClassVar[tuple[str, ...]] = (
        "question",
        "answer",
        "text",
        "category",
        "timestamp",
        "source_id",
    )
    writes: ClassVar[tuple[str, ...]] = ("quality_score",)

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Write `quality_score`, rounded to four places."""
        words = batch.select(body(("answer", "text")).alias("words")).to_series()
        about = pl.DataFrame({"words": words, "repetition": repetition_ratio(words)})
        chars = pl.col("words").str.len_chars().fill_null(0)
        # Letters by bytes that are not ASCII punctuation or digits: exact enough for a score.
        solid = pl.col("words").str.replace_all(r"\s+", "").str.len_chars().fill_null(0)
        others = pl.col("words").str.count_matches(r"[0-9!-/:-@\[-`{-~]").fill_null(0)
        length = pl.min_horizontal(
            chars / 60, 1500 / pl.max_horizontal(chars, pl.lit(1)), pl.lit(1.0)
        )
        letters = pl.when(solid > 0).then((1 - others / solid) / 0.7).otherwise(0.0).clip(0, 1)
        calm = (1 - pl.col("repetition") / 0.3).clip(0, 1)
        text_score = about.select(length + letters + calm).to_series()
        there = batch.select(
            pl.sum_horizontal(
                pl.col(name).is_not_null().cast(pl.Float64)
                for name in ("category", "timestamp", "source_id")
            )
            / 3
        ).to_series()
        score = ((text_score + there) / 4).round(4)
        return batch.with_columns(
            score.alias("quality_score"), pl.lit([], pl.List(pl.String)).alias(NOTES)
        )
