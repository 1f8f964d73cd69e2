"""Kinds of personal data, and the spans that detectors give."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Literal, get_args

#: Kinds that are told by their form, and by a checksum where they have one. Where two detectors
#: claim the same letters the earlier kind has them.
PatternKind = Literal[
    "URL_CREDENTIALS", "SECRET", "EMAIL", "IBAN", "CARD", "CRYPTO_ADDRESS", "SSN", "NATIONAL_ID",
    "MAC_ADDRESS", "IP_ADDRESS", "DATE_OF_BIRTH", "ACCOUNT", "PHONE",
]  # fmt: skip
#: Kinds that are told by words around them, by lists of names, or by a model.
NameKind = Literal["ADDRESS", "PERSON", "ORGANIZATION", "LOCATION"]
Kind = Literal[PatternKind, NameKind]

PATTERN_KINDS: tuple[PatternKind, ...] = get_args(PatternKind)
NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)
KINDS: tuple[Kind, ...] = (*PATTERN_KINDS, *NAME_KINDS)

#: What is masked unless a recipe says otherwise: organisations and places are seldom personal.
DEFAULT_KINDS: tuple[Kind, ...] = (*PATTERN_KINDS, "ADDRESS", "PERSON")


@dataclass(frozen=True)
class Span:
    """Personal data at `[start, end)` of a text, in letters."""

    start: int
    end: int
    kind: Kind
    value: str | None = None
    """What the letters stand for, where they spell it another way: a known person's whole name."""


class Claims:
    """Spans that do not overlap, from left to right: who comes first has the letters."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.spans: list[Span] = []
        self._starts: list[int] = []
        for span in spans:
            self.add(span)

    def add(self, span: Span) -> None:
        """Take a span unless one that was added before has some of its letters."""
        place = bisect.bisect_left(self._starts, span.end)
        # The spans are apart, so only the last that begins before this one's end can reach it.
        if place == 0 or self.spans[place - 1].end <= span.start:
            self._starts.insert(place, span.start)
            self.spans.insert(place, span)


def merged(*found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What several detectors found, what overlaps put together, from left to right.

    >>> merged([(0, 4), (9, 12)], [(3, 6)])
    [(0, 6), (9, 12)]
    """
    together: list[tuple[int, int]] = []
    for start, end in sorted(chain(*found)):
        if together and start < together[-1][1]:
            together[-1] = together[-1][0], max(end, together[-1][1])
        else:
            together.append((start, end))
    return together
