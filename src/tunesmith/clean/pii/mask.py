"""Masking: personal data becomes a tag, a pseudonym or a fake, by offset, in texts and metadata."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import field_validator

from tunesmith.clean.columns import reason, rewrite_metadata, rewrite_texts
from tunesmith.clean.pii import detect, mail, second
from tunesmith.clean.pii.allow import Allow
from tunesmith.clean.pii.backends import AnyModel, find_names, loaded
from tunesmith.clean.pii.combine import combined
from tunesmith.clean.pii.fakes.verify import is_fake
from tunesmith.clean.pii.known import KNOWN, Known
from tunesmith.clean.pii.national import NATIONAL_IDS
from tunesmith.clean.pii.replace import TAG, Entry, Replacer, Style, Tags, replacer, without_fakes
from tunesmith.clean.pii.settle import settled
from tunesmith.clean.pii.spans import DEFAULT_KINDS, Kind, Span
from tunesmith.record import METADATA_COLUMNS, TEXT_COLUMNS
from tunesmith.step import NOTES, Transform, set_aside
from tunesmith.store.secret import key_fingerprint, secret


class MaskPersonalData(Transform):
    """Replace personal data by tags such as `[EMAIL]`, by pseudonyms, or by fakes."""

    kind: ClassVar[str] = "mask_personal_data"
    version: ClassVar[int] = 6
    reads: ClassVar[tuple[str, ...]] = (*TEXT_COLUMNS, *METADATA_COLUMNS, "labels", "extra")
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    kinds: tuple[Kind, ...] = DEFAULT_KINDS
    """What is masked; anything that is left out stays in the dataset and is not scanned for."""
    replace: Style = "tag"
    """`tag` gives `[EMAIL]`; `pseudonym` gives `[EMAIL_KMFOPAXE]`, the same for the same value in
    the whole dataset, keyed by the secret; `fake` gives another value that looks like it, keyed and
    consistent as well. Fakes are masked like anything else that looks personal: a text that is
    masked again gets other fakes."""
    vault: bool = False
    """Keep what pseudonyms and fakes stand for beside the dataset, encrypted with the secret, for
    `tunesmith reveal`. The run folder then holds personal data; needs the extra `vault`."""
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
    """A model that finds names as well: `{kind: spacy, model: en_core_web_sm}`, `onnx`, `gliner` or
    `presidio`; needs the extra `pii-models`. It finds organisations and places where `kinds` names
    them."""
    known: bool = True
    """Mask what the columns for customer, author and personal data say wherever it occurs in the
    texts of that row and its thread."""
    allow: tuple[str, ...] = ()
    """Texts that are not personal and stay: product names, the company's own support address; `*`
    stands for any letters but spaces (`*@acme.example`)."""

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
            except pl.exceptions.ComputeError as error:
                raise ValueError(f"the pattern {pattern!r} is not valid: {reason(error)}") from None
        return patterns

    @field_validator("allow")
    @classmethod
    def _not_everything(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            if not any(letter.isalnum() for letter in text):
                raise ValueError(f"'{text}' names nothing; write a name, an address or *@DOMAIN")
        return texts

    def identity(self) -> dict[str, Any]:
        """What the step's output depends on: the secret (by its fingerprint) and the model too."""
        identity = super().identity()
        if self.replace != "tag" or self.vault:
            identity["key"] = key_fingerprint(secret())
        if self.model is not None:
            identity["model"] = loaded(self.model).identity()
        return identity

    @cached_property
    def _allow(self) -> Allow:
        return Allow(self.allow)

    @cached_property
    def _settings(self) -> detect.Settings:
        return detect.Settings(
            regions=self.regions,
            anywhere=self.any_region,
            countries=self.national_ids,
            accounts=self.accounts,
            lists=self.names == "lists",
            allow=self._allow,
        )

    @cached_property
    def _hints(self) -> dict[Kind, tuple[detect.Hint, ...]]:
        return detect.hints(self.kinds, self._settings)

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Mask every text of the batch and note for each row what was found."""
        if not self._hints:
            return batch.drop(KNOWN, strict=False)
        work = _Work(self._replacer())
        known = Known.of_batch(batch) if self.known and KNOWN in batch.columns else None

        def rewrite(texts: pl.Series, rows: NDArray[np.int64]) -> pl.Series:
            return self._masked(texts, rows, work, known)

        batch = rewrite_metadata(rewrite_texts(batch, rewrite), rewrite)
        columns = [pl.Series(NOTES, work.notes(batch.height))]
        if self.vault:
            columns.append(set_aside(batch.height, work.entries))
        return batch.drop(KNOWN, strict=False).with_columns(columns)

    def _replacer(self) -> Replacer:
        return replacer(self.replace, secret, self.regions)

    def _masked(
        self, texts: pl.Series, rows: NDArray[np.int64], work: _Work, known: Known | None
    ) -> pl.Series:
        changed: dict[int, str] = {}
        replacer = work.replacer

        def put(place: int, text: str, spans: list[Span]) -> None:
            changed[place] = replacer.replaced(text, spans)
            work.of(rows[place]).update(span.kind for span in spans)

        if known is not None:
            for place, spans in known.hits(texts, rows).items():
                wanted = self._known_here(texts[place], spans)
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
        finished = replacer.finished(list(changed.values()), self._dirty)
        for place, done in zip(changed, finished, strict=True):
            work.entries += done.entries
            changed[place] = (
                done.text if done.is_clean else self._in_tags(done.text, work.of(rows[place]))
            )
        return texts.scatter(list(changed), pl.Series(changed.values(), dtype=pl.String))

    def _in_tags(self, text: str, found: Counter[str]) -> str:
        """A text of tags, one of which makes its neighbour personal (`[PHONE] or 3660170548`)."""
        tags = Tags()
        while left := list(self._found(pl.Series([text]), {})):
            _, _, spans = left[0]
            text = tags.replaced(text, spans)
            found.update(span.kind for span in spans)
        return text

    def _known_here(self, text: str, spans: list[Span]) -> list[Span]:
        """The spans that are masked; a name inside of an address goes with the address."""
        wanted = [span for span in spans if self._is_personal(text, span)]
        if "@" not in text or "EMAIL" not in self.kinds:
            return wanted
        return _outside(list(mail.emails(text)), wanted, but="EMAIL")

    def _dirty(self, texts: list[str]) -> set[int]:
        """The places of the texts in which either detector finds something that is no fake."""
        column = pl.Series(texts, dtype=pl.String)
        dirty = {place for place, _ in self._left(column)}
        if second.scan(column, self.kinds, self._spared):
            dirty |= {
                place
                for place in range(len(texts))
                if second.scan(column[place : place + 1], self.kinds, self._spared)
            }
        return dirty

    def _found(
        self, texts: pl.Series, instead: dict[int, str], *, model: bool = False
    ) -> Iterator[tuple[int, str, list[Span]]]:
        """The texts with personal data: place, text (or what stands instead), spans.

        Fakes are found like what they look like: whoever masks must not spare a real value that
        passes for one by chance.
        """
        kinds = detect.candidates(texts, self._hints)
        named = self._named(texts, instead) if model and self.model is not None else {}
        for place in sorted(kinds.keys() | named.keys()):
            text = instead.get(place) or texts[place]
            spans = self._find(text, kinds.get(place, ()))
            if place in named:
                spans = self._joined(text, spans, named[place])
            if spans:
                yield place, text, spans

    def _left(self, texts: pl.Series) -> Iterator[tuple[int, list[Span]]]:
        """The texts in which there is what is no fake of this secret: place and spans."""
        fakes = self.replace == "fake"
        for place, kinds in detect.candidates(texts, self._hints).items():
            text: str = texts[place]
            spans = self._find(text, kinds)
            while fakes and spans:
                apart = without_fakes(secret(), text, spans, self.regions)
                if apart == text:
                    break
                text, spans = apart, self._find(apart, kinds)
            if spans:
                yield place, spans

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

    def personal(self, text: str) -> list[Span]:
        """The personal data of a text that is no fake of this secret, from left to right."""
        spans = self.spans(pl.Series([text])).get(0, [])
        if self.replace != "fake" or not spans:
            return spans
        apart = without_fakes(secret(), text, spans, self.regions)
        return [span for span in spans if text[span.start : span.end] in apart]

    def _is_personal(self, text: str, span: Span) -> bool:
        return span.kind in self.kinds and not self._allow.covers(text, span.start, span.end)

    def _find(self, text: str, kinds: tuple[Kind, ...]) -> list[Span]:
        if not kinds:
            return []
        spans = detect.find(text, kinds, self._settings)
        return _outside([match.span() for match in TAG.finditer(text)], spans)

    def mask(self, text: str) -> tuple[str, Counter[str]]:
        """A text with its personal data replaced, and how much there was of each kind.

        A text that was masked before stays the same with tags and pseudonyms. With fakes each may
        become another: what is a fake and what only passes for one look the same.
        """
        work = _Work(self._replacer())
        masked = self._masked(pl.Series([text]), np.zeros(1, np.int64), work, None)
        return masked[0], work.found.get(0, Counter())

    def scan(self, texts: pl.Series) -> Counter[str]:
        """How much personal data of each kind the texts still hold; changes nothing.

        The detectors that masked look once more, and a second one that shares nothing with them.
        What the secret knows to be a fake does not count, here and nowhere else.
        """
        left: Counter[str] = Counter()
        for _, spans in self._left(texts):
            left.update(span.kind for span in spans)
        return left | second.scan(texts.drop_nulls(), self.kinds, self._spared)

    def _spared(self, value: str) -> bool:
        """Whether a value that the second detector found is allowed, or a fake."""
        if self._allow.has(value):
            return True
        return self.replace == "fake" and is_fake(secret(), value, self.regions)


def _outside(
    places: list[tuple[int, int]], spans: list[Span], but: Kind | None = None
) -> list[Span]:
    """The spans that lie in none of some places, which are apart and from left to right.

    Spans of the kind `but` are not asked.
    """
    if not places:
        return spans
    starts = [start for start, _ in places]

    def is_inside(span: Span) -> bool:
        before = bisect.bisect_right(starts, span.start) - 1
        return before >= 0 and span.end <= places[before][1]

    return [span for span in spans if span.kind == but or not is_inside(span)]


class _Work:
    """What masking one batch gathers."""

    def __init__(self, replacer: Replacer) -> None:
        self.replacer = replacer
        self.found: dict[int, Counter[str]] = {}
        """By row, what was found of each kind."""
        self.entries: list[Entry] = []
        """What was replaced."""

    def of(self, row: np.int64) -> Counter[str]:
        """What was found in a row."""
        return self.found.setdefault(int(row), Counter())

    def notes(self, height: int) -> pa.Array:
        """What `apply` notes for each row."""
        notes: list[list[str]] = [[]] * height
        for row, kinds in self.found.items():
            notes[row] = [f"{kind}×{times}" for kind, times in sorted(kinds.items())]
        # Arrow builds a column of lists ten times faster than Polars does.
        return pa.array(notes, type=pa.large_list(pa.large_string()))
