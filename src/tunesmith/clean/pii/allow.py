"""The allow-list: what is not personal, such as product names and the company's own addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EDGES = ".,;:!?()[]{}<>\"'`“”‘’«»"


class Allow:
    """Texts that stay, whatever their case.

    A text stays where it is found as a whole, and so does what is found inside of it: with
    `Rose Garden` allowed, the `Rose` of `Rose Garden` is nobody's name.

    Args:
        texts: The texts; `*` stands for any letters but spaces (`*@acme.example`).
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        cleaned = [" ".join(text.casefold().split()) for text in texts]
        self._exact = frozenset(text for text in cleaned if "*" not in text)
        self._wild = _any(
            r"\S*".join(map(_spaced, text.split("*"))) for text in cleaned if "*" in text
        )
        self._parts = {text: re.compile(rf"(?<!\w){_spaced(text)}(?!\w)", re.IGNORECASE)
                       for text in self._exact}  # fmt: skip

    def has(self, value: str) -> bool:
        """Whether a value is allowed as it is."""
        if not self._exact and self._wild is None:
            return False
        folded = " ".join(value.casefold().split())
        return folded in self._exact or (
            self._wild is not None and self._wild.fullmatch(folded) is not None
        )

    def covers(self, text: str, start: int, end: int) -> bool:
        """Whether `[start, end)` of a text is allowed, or lies inside of what is."""
        if not self._exact and self._wild is None:
            return False
        value = text[start:end]
        if self.has(value):
            return True
        if self._wild is not None and self.has(_word_around(text, start, end)):
            return True
        folded = " ".join(value.casefold().split())
        return any(
            folded in allowed and _covering(self._parts[allowed], text, start, end, len(allowed))
            for allowed in self._exact
        )


def _spaced(text: str) -> str:
    return r"\s+".join(map(re.escape, text.split(" ")))


def _any(patterns: Iterable[str]) -> re.Pattern[str] | None:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.compile(joined, re.IGNORECASE) if joined else None


def _covering(pattern: re.Pattern[str], text: str, start: int, end: int, reach: int) -> bool:
    left = max(0, start - 2 * reach)
    return any(
        match.start() <= start and end <= match.end()
        for match in pattern.finditer(text, left, end + 2 * reach)
    )


def _word_around(text: str, start: int, end: int) -> str:
    """The letters around a place up to the next spaces, without the punctuation at their ends."""
    left, right = start, end
    while left > 0 and start - left < 128 and not text[left - 1].isspace():
        left -= 1
    while right < len(text) and right - end < 128 and not text[right].isspace():
        right += 1
    return text[left:right].strip(_EDGES)
