"""Kinds of personal data, and the spans that detectors give."""

from __future__ import annotations

from dataclasses import dataclass
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
