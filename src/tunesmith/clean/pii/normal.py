"""The form of a value in which its spellings agree: what pseudonyms and fakes are keyed by."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from tunesmith.clean.pii.lexicon import words
from tunesmith.clean.pii.spans import Kind
from tunesmith.clean.pii.spelled import plain

_NUMBERS = frozenset({"PHONE", "CARD", "IBAN", "SSN", "NATIONAL_ID", "ACCOUNT", "MAC_ADDRESS"})
_WORD = re.compile(r"[^\W\d_]+")


def normal(kind: Kind, value: str) -> str:
    """A value without what its spellings differ in.

    That is case and spacing; the signs inside of numbers; for persons also accents, titles and
    whether the family name comes first; the spelled signs of an e-mail address.

    >>> normal("PERSON", "Doe, Dr. Jané"), normal("CARD", "4111-1111")
    ('jane doe', '41111111')
    >>> normal("EMAIL", "Bob (at) firm dot com")
    'bob@firm.com'
    """
    folded = " ".join(value.casefold().split())
    if kind in _NUMBERS:
        return "".join(letter for letter in folded if letter.isalnum())
    if kind == "EMAIL":
        return plain(folded)
    return person(value) if kind == "PERSON" else folded


def person(name: str) -> str:
    """A person's name as `given family`, in lower case, without accents and titles."""
    level = leveled(name)
    last, comma, first = level.partition(",")
    found = _WORD.findall(f"{first} {last}" if comma and first.strip() else level)
    bare = [word for word in found if word not in words("titles")]
    return " ".join(bare or found) or " ".join(level.split())


def leveled(text: str) -> str:
    """A text in lower case without accents, letter for letter, so that places stay.

    >>> leveled("Šárka Ottová")
    'sarka ottova'
    """
    if text.isascii():
        return text.lower()
    return "".join(map(_level, text))


@lru_cache(maxsize=4096)
def _level(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter.lower())[0] if letter.isalpha() else letter
