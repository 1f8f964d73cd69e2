"""Masking: personal data becomes a tag or a pseudonym, by offset, in texts and metadata alike."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import field_validator

from tunesmith.clean.columns import rewrite_metadata, rewrite_texts
from tunesmith.clean.pii import detect
from tunesmith.clean.pii.known import KNOWN, Known
from tunesmith.clean.pii.national import NATIONAL_IDS
from tunesmith.clean.pii.replace import Style, replaced
from tunesmith.clean.pii.spans import DEFAULT_KINDS, Kind, Span
from tunesmith.record import METADATA_COLUMNS, TEXT_COLUMNS
from tunesmith.step import NOTES, Transform
from tunesmith.store.secret import key_fingerprint, secret


class MaskPersonalData(Transform):
    """Replace personal data by tags such as `[EMAIL]`, or by pseudonyms."""

    kind: ClassVar[str] = "mask_personal_data"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = (*TEXT_COLUMNS, *METADATA_COLUMNS, "labels", "extra")
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    kinds: tuple[Kind, ...] = DEFAULT_KINDS
    """What is masked; anything that is left out stays in the dataset and is not scanned for."""
    replace: Style = "tag"
    """`tag` gives `[EMAIL]`; `pseudonym` gives `[EMAIL_KMFOPA]`, the same for the same value in the
    whole dataset, keyed by the secret."""
    regions: tuple[str, ...] = ("US",)
    """Where telephones without a country code are from, as ISO 3166 codes such as `DE`."""
    any_region: bool = True
    """Numbers that are grouped like a telephone of any other region are masked too."""
    national_ids: tuple[str, ...] = ()
    """Countries whose identity and tax numbers are masked, as ISO 3166 codes."""
    accounts: tuple[str, ...] = ()
    """The company's own account and order numbers, as regular expressions such as `AC-\\d{6}`."""
    names: Literal["announced", "lists"] = "announced"
    """How names are found in free text: where the words before announce one (`my name is`, `Dear`,
    `Mr.`), or by lists of names as well, which finds far more and is sometimes wrong."""
    known: bool = True
    """Mask what the columns for customer, author and personal data say wherever it occurs in the
    texts of that row and its thread."""
    allow: tuple[str, ...] = ()
    """Texts that are not personal and stay: product names, the company's own support address."""

    @field_validator("regions")
    @classmethod
    def _regions_exist(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        import phonenumbers

        unknown = [region for region in regions if region not in phonenumbers.SUPPORTED_REGIONS]
        if unknown:
            raise ValueError(f"not a region: {', '.join(unknown)}; write codes such as US, GB, DE")
        return regions

    @field_validator("national_ids")
    @classmethod
    def _countries_known(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [country for country in countries if country not in NATIONAL_IDS]
        if unknown:
            known = ", ".join(sorted(NATIONAL_IDS))
            raise ValueError(f"no numbers known for {', '.join(unknown)}; known are: {known}")
        return countries

    @field_validator("accounts")
    @classmethod
    def _patterns_compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                pl.Series([""]).str.contains(pattern)
            except pl.exceptions.ComputeError:
                raise ValueError(
                    f"'{pattern}' is no regular expression that takes linear time "
                    "(look-around and back-references are not among them)"
                ) from None
        return patterns

    def identity(self) -> dict[str, Any]:
        """What the step's output depends on: with pseudonyms the secret too, by its fingerprint."""
        if self.replace == "tag":
            return super().identity()
        return super().identity() | {"key": key_fingerprint(secret())}

    @cached_property
    def _settings(self) -> detect.Settings:
        return detect.Settings(
            regions=self.regions,
            anywhere=self.any_region,
            countries=self.national_ids,
            accounts=self.accounts,
            lists=self.names == "lists",
            allow=frozenset(text.casefold() for text in self.allow),
        )

    @cached_property
    def _hints(self) -> dict[Kind, tuple[str, ...]]:
        return detect.hints(self.kinds, self._settings)

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Mask every text of the batch and note for each row what was found."""
        if not self._hints:
            return batch.drop(KNOWN, strict=False)
        found: dict[int, Counter[str]] = {}
        known = Known.of_batch(batch) if self.known and KNOWN in batch.columns else None

        def rewrite(texts: pl.Series, rows: NDArray[np.int64]) -> pl.Series:
            return self._masked(texts, rows, found, known)

        batch = rewrite_metadata(rewrite_texts(batch, rewrite), rewrite)
        notes: list[list[str]] = [[]] * batch.height
        for row, kinds in found.items():
            notes[row] = [f"{kind}×{times}" for kind, times in sorted(kinds.items())]
        # Arrow builds a column of lists ten times faster than Polars does.
        built = pa.array(notes, type=pa.large_list(pa.large_string()))
        return batch.drop(KNOWN, strict=False).with_columns(pl.Series(NOTES, built))

    def _masked(
        self,
        texts: pl.Series,
        rows: NDArray[np.int64],
        found: dict[int, Counter[str]],
        known: Known | None,
    ) -> pl.Series:
        places, masked = [], []
        entities = known.hits(texts, rows) if known is not None else {}
        hits = detect.candidates(texts, self._hints)
        for place in sorted(hits.keys() | entities.keys()):
            text = texts[place]
            counted: Counter[str] = Counter()
            if place in entities:
                spans = [span for span in entities[place] if span.kind in self.kinds]
                spans = [span for span in spans if self._is_personal(text, span)]
                counted.update(span.kind for span in spans)
                text = replaced(text, spans, self.replace)
            spans = self._find(text, hits.get(place, self.kinds if counted else ()))
            if spans or counted:
                new, more = self._replaced(text, spans)
                places.append(place)
                masked.append(new)
                found.setdefault(int(rows[place]), Counter()).update(counted + more)
        if not places:
            return texts
        return texts.scatter(places, pl.Series(masked, dtype=pl.String))

    def _is_personal(self, text: str, span: Span) -> bool:
        return text[span.start : span.end].casefold() not in self._settings.allow

    def _find(self, text: str, kinds: tuple[Kind, ...]) -> list[Span]:
        return detect.find(text, kinds, self._settings) if kinds else []

    def mask(self, text: str) -> tuple[str, Counter[str]]:
        """A text with its personal data replaced, and how much there was of each kind.

        Masking is repeated until nothing is found: what is left when a neighbour has become a
        tag may be personal data in its own right.
        """
        return self._replaced(text, self._find(text, self.kinds))

    def _replaced(self, text: str, spans: list[Span]) -> tuple[str, Counter[str]]:
        total: Counter[str] = Counter()
        while spans:
            total.update(span.kind for span in spans)
            text = replaced(text, spans, self.replace)
            spans = self._find(text, self.kinds)
        return text, total

    def scan(self, texts: pl.Series) -> Counter[str]:
        """How much personal data of each kind the texts still hold; changes nothing."""
        left: Counter[str] = Counter()
        for place, kinds in detect.candidates(texts, self._hints).items():
            left.update(span.kind for span in self._find(texts[place], kinds))
        return left
