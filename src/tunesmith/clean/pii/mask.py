"""Masking: personal data becomes a tag, by offset, in texts and metadata alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import field_validator

from tunesmith.clean.columns import rewrite_metadata, rewrite_texts
from tunesmith.clean.pii.detect import HINTS, KINDS, SECOND_HINTS, Kind, Span, find
from tunesmith.record import METADATA_COLUMNS, TEXT_COLUMNS
from tunesmith.step import NOTES, Transform


class MaskPersonalData(Transform):
    """Replace personal data by tags such as `[EMAIL]`."""

    kind: ClassVar[str] = "mask_personal_data"
    reads: ClassVar[tuple[str, ...]] = (*TEXT_COLUMNS, *METADATA_COLUMNS, "labels", "extra")
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    kinds: tuple[Kind, ...] = KINDS
    """What is masked; anything that is left out stays in the dataset and is not scanned for."""
    regions: tuple[str, ...] = ("US",)
    """Where telephones without a country code are from, as ISO 3166 codes such as `DE`."""
    allow: tuple[str, ...] = ()
    """Texts that are not personal and stay: the company's own support address or hotline."""

    @field_validator("regions")
    @classmethod
    def _regions_exist(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        import phonenumbers

        unknown = [region for region in regions if region not in phonenumbers.SUPPORTED_REGIONS]
        if unknown:
            raise ValueError(f"not a region: {', '.join(unknown)}; write codes such as US, GB, DE")
        return regions

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(text.casefold() for text in self.allow)

    @cached_property
    def _hint(self) -> str:
        return "|".join(f"(?:{HINTS[kind]})" for kind in self.kinds)

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Mask every text of the batch and note for each row what was found."""
        if not self.kinds:
            return batch
        found: dict[int, Counter[str]] = {}

        def rewrite(texts: pl.Series, rows: NDArray[np.int64]) -> pl.Series:
            return self._masked(texts, rows, found)

        batch = rewrite_metadata(rewrite_texts(batch, rewrite), rewrite)
        notes: list[list[str]] = [[]] * batch.height
        for row, kinds in found.items():
            notes[row] = [f"{kind}×{times}" for kind, times in sorted(kinds.items())]
        # Arrow builds a column of lists ten times faster than Polars does.
        built = pa.array(notes, type=pa.large_list(pa.large_string()))
        return batch.with_columns(pl.Series(NOTES, built))

    def _masked(
        self, texts: pl.Series, rows: NDArray[np.int64], found: dict[int, Counter[str]]
    ) -> pl.Series:
        places, masked = [], []
        for place, text, kinds in self._hits(texts):
            spans = self._find(text, kinds)
            if spans:
                new, counted = self._replaced(text, spans)
                places.append(place)
                masked.append(new)
                found.setdefault(int(rows[place]), Counter()).update(counted)
        if not places:
            return texts
        return texts.scatter(places, pl.Series(masked, dtype=pl.String))

    def _hits(self, texts: pl.Series) -> Iterator[tuple[int, str, tuple[Kind, ...]]]:
        """The texts that may hold something, with their places and the kinds they may hold."""
        where = texts.str.contains(self._hint).fill_null(value=False).arg_true()
        if not where.len():
            return
        hit = texts.gather(where)
        hints = HINTS | SECOND_HINTS
        maybe = {kind: hit.str.contains(hints[kind]).to_list() for kind in self.kinds}
        for number, (place, text) in enumerate(zip(where.to_list(), hit.to_list(), strict=True)):
            yield place, text, tuple(kind for kind in self.kinds if maybe[kind][number])

    def _find(self, text: str, kinds: tuple[Kind, ...]) -> list[Span]:
        return find(text, kinds, regions=self.regions, allow=self._allowed)

    def mask(self, text: str) -> tuple[str, Counter[str]]:
        """A text with its personal data replaced, and how much there was of each kind.

        Masking is repeated until nothing is found: what is left when a neighbour has become a
        tag may be personal data in its own right.
        """
        return self._replaced(text, self._find(text, self.kinds))

    def _replaced(self, text: str, spans: list[Span]) -> tuple[str, Counter[str]]:
        total: Counter[str] = Counter()
        while spans:
            for span in reversed(spans):
                text = f"{text[: span.start]}[{span.kind}]{text[span.end :]}"
                total[span.kind] += 1
            spans = self._find(text, self.kinds)
        return text, total

    def scan(self, texts: pl.Series) -> Counter[str]:
        """How much personal data of each kind the texts still hold; changes nothing."""
        left: Counter[str] = Counter()
        for _, text, kinds in self._hits(texts):
            left.update(span.kind for span in self._find(text, kinds))
        return left
