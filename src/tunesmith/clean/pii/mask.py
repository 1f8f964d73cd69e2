"""Masking: personal data becomes a tag or a pseudonym, by offset, in texts and metadata alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import field_validator

from tunesmith.clean.columns import rewrite_metadata, rewrite_texts
from tunesmith.clean.pii import detect, second
from tunesmith.clean.pii.backends import AnyModel, find_names, loaded
from tunesmith.clean.pii.combine import combined
from tunesmith.clean.pii.known import KNOWN, Known
from tunesmith.clean.pii.national import NATIONAL_IDS
from tunesmith.clean.pii.replace import Style, replaced
from tunesmith.clean.pii.settle import settled
from tunesmith.clean.pii.spans import DEFAULT_KINDS, Kind, Span
from tunesmith.record import METADATA_COLUMNS, TEXT_COLUMNS
from tunesmith.step import NOTES, Transform
from tunesmith.store.secret import key_fingerprint, secret


class MaskPersonalData(Transform):
    """Replace personal data by tags such as `[EMAIL]`, or by pseudonyms."""

    kind: ClassVar[str] = "mask_personal_data"
    version: ClassVar[int] = 3
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
    model: AnyModel | None = None
    """A model that finds names and places as well: `{kind: spacy, model: en_core_web_sm}`, `onnx`,
    `gliner` or `presidio`; needs the extra `pii-models`."""
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
        """What the step's output depends on: the secret (by its fingerprint) and the model too."""
        identity = super().identity()
        if self.replace == "pseudonym":
            identity["key"] = key_fingerprint(secret())
        if self.model is not None:
            identity["model"] = loaded(self.model).identity()
        return identity

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
        changed: dict[int, str] = {}

        def put(place: int, text: str, spans: list[Span]) -> None:
            changed[place] = replaced(text, spans, self.replace)
            found.setdefault(int(rows[place]), Counter()).update(span.kind for span in spans)

        if known is not None:
            for place, spans in known.hits(texts, rows).items():
                wanted = [span for span in spans if self._is_personal(texts[place], span)]
                if wanted:
                    put(place, texts[place], wanted)
        for place, text, spans in self._found(texts, changed, model=True):
            put(place, text, spans)
        # What is left when a neighbour has become a tag may be personal in its own right, so
        # texts that were changed are looked at again, until nothing is found.
        again = dict(changed)
        while again:
            column = pl.Series(list(again.values()), dtype=pl.String)
            places = list(again)
            again = {}
            for number, text, spans in self._found(column, {}):
                put(places[number], text, spans)
                again[places[number]] = changed[places[number]]
        if not changed:
            return texts
        return texts.scatter(list(changed), pl.Series(list(changed.values()), dtype=pl.String))

    def _found(
        self, texts: pl.Series, instead: dict[int, str], *, model: bool = False
    ) -> Iterator[tuple[int, str, list[Span]]]:
        """The texts with personal data: place, text (or what stands instead), spans."""
        kinds = detect.candidates(texts, self._hints)
        named = self._named(texts, instead) if model and self.model is not None else {}
        for place in sorted(kinds.keys() | named.keys()):
            text = instead.get(place) or texts[place]
            spans = self._find(text, kinds.get(place, ()))
            if place in named:
                spans = self._joined(text, spans, named[place])
            if spans:
                yield place, text, spans

    def _joined(self, text: str, ruled: list[Span], modelled: list[Span]) -> list[Span]:
        """What the rules and the model find in a text, and what follows from both."""
        spans = [
            span
            for span in combined(text, ruled, modelled, self.kinds)
            if self._is_personal(text, span)
        ]
        return settled(text, spans, lambda span: self._is_personal(text, span))

    def _named(self, texts: pl.Series, instead: dict[int, str]) -> dict[int, list[Span]]:
        """What the model finds in the texts."""
        if self.model is None:
            return {}
        places = texts.is_not_null().arg_true().to_list()
        read = [instead.get(place) or texts[place] for place in places]
        return dict(zip(places, find_names(self.model, read), strict=True))

    def spans(self, texts: pl.Series) -> dict[int, list[Span]]:
        """By the place of a text, the personal data that is found in it before anything is masked.

        What is known from columns is not among it: a text alone has none.
        """
        return {place: spans for place, _, spans in self._found(texts, {}, model=True)}

    def _is_personal(self, text: str, span: Span) -> bool:
        allowed = text[span.start : span.end].casefold() in self._settings.allow
        return span.kind in self.kinds and not allowed

    def _find(self, text: str, kinds: tuple[Kind, ...]) -> list[Span]:
        return detect.find(text, kinds, self._settings) if kinds else []

    def mask(self, text: str) -> tuple[str, Counter[str]]:
        """A text with its personal data replaced, and how much there was of each kind."""
        found: dict[int, Counter[str]] = {}
        masked = self._masked(pl.Series([text]), np.zeros(1, np.int64), found, None)
        return masked[0], found.get(0, Counter())

    def scan(self, texts: pl.Series) -> Counter[str]:
        """How much personal data of each kind the texts still hold; changes nothing.

        The detectors that masked look once more, and a second one that shares nothing with them.
        """
        left: Counter[str] = Counter()
        for _, _, spans in self._found(texts, {}):
            left.update(span.kind for span in spans)
        return left | second.scan(texts.drop_nulls(), self.kinds, self._settings.allow)
