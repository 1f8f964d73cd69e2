"""Language identification as a step."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.language import COMMON_LANGUAGES, Identifier, identifier
from tunesmith.step import NOTES, Transform

#: Letters of each text that are looked at; more change the decision in one text of a thousand.
HEAD_LETTERS = 160

#: A side with fewer letters than this is never sure of itself.
SURE_LETTERS = 24


class LanguageId(Transform):
    """Write the language of a row and the confidence, calibrated: at 0.95, 95% are right.

    Question and answer are judged each alone. The one that is surely in a language decides, the
    question first (a German question may have an English template as its answer); where neither
    is sure and they differ, both together decide.
    """

    kind: ClassVar[str] = "language"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("question", "answer", "text")
    writes: ClassVar[tuple[str, ...]] = ("language", "language_confidence")

    candidates: tuple[str, ...] = COMMON_LANGUAGES
    """The languages to choose from, as ISO 639-1 codes."""
    sure: float = 0.95
    """The model's own confidence from which one side of a pair alone decides."""

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Write `language` and `language_confidence`."""
        tool = identifier(self.candidates)
        sides = [
            tool.prepare(batch.get_column(name).str.slice(0, HEAD_LETTERS))
            for name in ("question", "answer", "text")
            if batch.get_column(name).null_count() < batch.height
        ]
        if len(sides) == 1:
            language, confidence = tool.identify(sides[0], prepared=True)
        else:
            language, confidence = self._of_sides(tool, sides)
        nothing = pl.lit([], pl.List(pl.String))
        return batch.with_columns(
            language.alias("language"),
            pl.Series("language_confidence", confidence),
            nothing.alias(NOTES),
        )

    def _of_sides(
        self, tool: Identifier, sides: list[pl.Series]
    ) -> tuple[pl.Series, NDArray[np.float64]]:
        """Judge each side alone, and the rows on which they do not agree by all sides together.

        Who decides is told by the model's own confidence; the confidence of the side that decides
        is given calibrated.
        """
        names: list[NDArray[np.object_]] = []
        certain: list[NDArray[np.float64]] = []
        calibrated: list[NDArray[np.float64]] = []
        for side in sides:
            name, figures = tool.classify(side, prepared=True)
            long_enough = (side.str.count_matches(r"\p{L}") >= SURE_LETTERS).to_numpy()
            own = figures[:, 0]
            names.append(name.to_numpy())
            certain.append(np.where(long_enough, own, np.minimum(own, 0.94)))
            calibrated.append(figures[:, 1])
        decided, best, sure = names[0].copy(), certain[0].copy(), calibrated[0].copy()
        for other, confidence, told in zip(names[1:], certain[1:], calibrated[1:], strict=True):
            # A side that is surely in another language decides; else sides that agree do.
            agree = (other == decided) | (other == None)  # noqa: E711 - an array of objects
            take = (confidence > best) & (agree | (best < self.sure))
            open_ = ~agree & (best < self.sure) & (confidence < self.sure)
            decided[take] = other[take]
            best = np.where(take, confidence, best)
            sure = np.where(take, told, sure)
            best[open_] = -1.0
        undecided = np.flatnonzero(best < 0)
        if len(undecided):
            together = pl.select(
                pl.concat_str(
                    [side.gather(undecided) for side in sides], separator="\n", ignore_nulls=True
                )
            ).to_series()
            found, confidence = tool.identify(together, prepared=True)
            decided[undecided] = found.to_numpy()
            sure[undecided] = confidence
        return pl.Series(decided.tolist(), dtype=pl.String), sure
