"""Digits and letters drawn by the key, whose last few are a seal over those before them.

A value that is not a fake passes as one by chance: of three sealed digits, once in a thousand
values; of four once in ten thousand.
"""

from __future__ import annotations

import hmac
import string
from collections.abc import Sequence

#: Values with fewer digits and letters cannot carry a seal and enough of their own.
LEAST = 6


class Draw:
    """Numbers that a key and a value determine (HMAC-SHA256 in counter mode)."""

    def __init__(self, key: bytes, *parts: str) -> None:
        self._key, self._about, self._count = key, "\x1f".join(parts), 0

    def below(self, limit: int) -> int:
        """The next number, from 0 up to but without `limit`."""
        about = f"{self._about}\x1f{self._count}".encode()
        self._count += 1
        return int.from_bytes(hmac.digest(self._key, about, "sha256")[:8], "big") % limit

    def of(self, choices: Sequence[str]) -> str:
        """The next choice."""
        return choices[self.below(len(choices))]


def sealed(key: bytes, text: str, draw: Draw, *, keep: int = 0) -> str | None:
    """A text with other digits and letters, each of its class; other signs stay.

    Args:
        key: The secret.
        text: The text.
        draw: Where the digits and letters come from.
        keep: How many digits and letters from the left stay as they are.

    Returns:
        The text, or none where it is too short to carry a seal.
    """
    letters = list(text)
    places = [place for place, letter in enumerate(letters) if _counts(letter)]
    size = _size(len(places))
    if len(places) < LEAST or len(places) - keep <= size:
        return None
    for place in places[keep:-size]:
        letters[place] = draw.of(_class(letters[place]))
    written = "".join(letters[place] for place in places)
    for number, place in enumerate(places[-size:]):
        letters[place] = _seal(key, written[:-size], number, _class(letters[place]))
    return "".join(letters)


def is_sealed(key: bytes, text: str) -> bool:
    """Whether the last digits and letters of a text are a seal over those before them."""
    written = "".join(letter for letter in text if _counts(letter))
    size = _size(len(written))
    if len(written) < LEAST:
        return False
    body = written[:-size]
    return all(
        letter == _seal(key, body, number, _class(letter))
        for number, letter in enumerate(written[-size:])
    )


def sealed_hex(key: bytes, digits: str) -> str:
    """Hexadecimal digits whose last four are a seal over those before them."""
    body = digits[:-4]
    return body + "".join(
        _seal(key, body.lower(), number, "0123456789abcdef") for number in range(4)
    )


def _size(count: int) -> int:
    return 3 if count <= 10 else 4


def _counts(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _class(letter: str) -> str:
    if letter.isdigit():
        return string.digits
    return string.ascii_uppercase if letter.isupper() else string.ascii_lowercase


def _seal(key: bytes, body: str, number: int, letters: str) -> str:
    about = f"seal\x1f{body.lower()}\x1f{number}".encode()
    return letters[hmac.digest(key, about, "sha256")[0] % len(letters)]
