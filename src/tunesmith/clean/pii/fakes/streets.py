"""Fakes of addresses: the words for street, unit and country stay, names and numbers are others."""

from __future__ import annotations

import re

from tunesmith.clean.pii.fakes.people import fake_word, is_fake_word
from tunesmith.clean.pii.fakes.seal import Draw
from tunesmith.clean.pii.lexicon import countries, words
from tunesmith.clean.pii.normal import leveled

_PARTS = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+(?:['’][^\W\d_]+)*", re.IGNORECASE)
#: What ends the names of streets of one word.
_ENDING = re.compile(
    r"(?:stra(?:ß|ss)e|str|weg|platz|allee|gasse|damm|ufer|ring|straat|laan|plein|gracht|gatan|gata"
    r"|gate|vägen|veien|vej|katu|tie|kuja)\Z",
    re.IGNORECASE,
)


def _kept(word: str) -> bool:
    """Whether a word is no name: short, written small, or a word for a kind of street."""
    level = word.lower()
    return (
        len(word) <= 3
        or word[0].islower()
        or level in words("streets")
        or leveled(word) in words("geographic")
        or word in countries()
    )


def address(key: bytes, text: str, value: str) -> str | None:
    """The fake of an address, or none where nothing in it can be known again."""
    draw = Draw(key, "address", value)
    named = False

    def one(match: re.Match[str]) -> str:
        nonlocal named
        part = match[0]
        if part[0].isdigit():
            if not part.isdigit():
                return part
            first = "0" if part[0] == "0" else str(1 + draw.below(9))
            return first + "".join(str(draw.below(10)) for _ in part[1:])
        if _kept(part):
            return part
        named = True
        ending = _ENDING.search(part)
        stem = part[: ending.start()] if ending else part
        if len(stem) < 2:
            return part
        fake = fake_word(key, stem.lower())
        fake = fake.upper() if part.isupper() else fake.title()
        return fake + (ending[0] if ending else "")

    fake = _PARTS.sub(one, text)
    return fake if named and is_fake_address(key, fake) else None


def is_fake_address(key: bytes, text: str) -> bool:
    """Whether every name in an address is a fake."""
    names = [
        _ENDING.sub("", part) if not is_fake_word(key, part) else part
        for part in _PARTS.findall(text)
        if not part[0].isdigit() and not _kept(part)
    ]
    names = [name for name in names if len(name) >= 2]
    return bool(names) and all(is_fake_word(key, name) for name in names)
