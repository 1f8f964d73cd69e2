"""Language identification as a step."""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from tunesmith.language import COMMON_LANGUAGES, identifier
from tunesmith.step import NOTES, Transform

#: Letters of each text that are looked at; more change the decision in one text of a thousand.
HEAD_LETTERS = 160


class LanguageId(Transform):
    """Write the language of a row and the confidence.

    A pair is judged by its question and answer together. Where one of the two alone is surely in
    another language (a German question with an English template as its answer), that one counts.
    """

    kind: ClassVar[str] = "language"
    reads: ClassVar[tuple[str, ...]] = ("question", "answer", "text")
    writes: ClassVar[tuple[str, ...]] = ("language", "language_confidence")

    candidates: tuple[str, ...] = COMMON_LANGUAGES
    """The languages to choose from, as ISO 639-1 codes."""
    sure: float = 0.95
    """The confidence from which one side of a pair alone decides."""

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Write `language` and `language_confidence`."""
        tool = identifier(self.candidates)
        heads = {
            name: batch.get_column(name).str.slice(0, HEAD_LETTERS)
            for name in ("question", "answer", "text")
        }
        both = pl.select(
            pl.concat_str([*heads.values()], separator="\n", ignore_nulls=True)
        ).to_series()
        language, confidence = tool.identify(both)
        frame = pl.DataFrame({"language": language, "confidence": confidence})
        for name in ("answer", "question"):
            alone, certain = tool.identify(heads[name])
            frame = frame.with_columns(alone=alone, certain=pl.Series(certain))
            other = (
                (pl.col("certain") >= self.sure)
                & (pl.col("alone") != pl.col("language"))
                & (pl.lit(heads[name].str.count_matches(r"\p{L}")) >= 24)
            ).fill_null(value=False)
            frame = frame.select(
                language=pl.when(other).then("alone").otherwise("language"),
                confidence=pl.when(other).then("certain").otherwise("confidence"),
            )
        nothing = pl.lit([], pl.List(pl.String))
        return batch.with_columns(
            frame.get_column("language"),
            frame.get_column("confidence").alias("language_confidence"),
        ).with_columns(nothing.alias(NOTES))
