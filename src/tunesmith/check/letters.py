"""Classes of Unicode letters and signs, as one table that compiled kernels look up."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.kernels import kernel

SPACE, WORD, ALPHA, DIGIT, TERMINAL, SPACELESS, UPPER = 1, 2, 4, 8, 16, 32, 64

#: Beyond these code points lie ideographs (told by their range) and signs that nobody writes.
_TABLE = 0x20000

#: Scripts written without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han.
_SPACELESS_RANGES = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
)  # fmt: skip

#: Marks that end a sentence (Unicode's Sentence_Terminal), those of living scripts.
SENTENCE_ENDS = ".!?" + "".join(
    map(
        chr,
        (
            0x0589,
            0x061F,
            0x06D4,
            0x0700,
            0x0701,
            0x0702,
            0x0964,
            0x0965,
            0x104A,
            0x104B,
            0x1362,
            0x1367,
            0x1368,
            0x166E,
            0x1803,
            0x1809,
            0x203C,
            0x203D,
            0x2047,
            0x2048,
            0x2049,
            0x2E2E,
            0x3002,
            0xFE52,
            0xFE56,
            0xFE57,
            0xFF01,
            0xFF0E,
            0xFF1F,
            0xFF61,
        ),
    )
)


@lru_cache(maxsize=1)
def letter_classes() -> NDArray[np.uint8]:
    """The classes (sums of the constants above) of the first 131,072 code points."""
    table = np.zeros(_TABLE, dtype=np.uint8)
    for code in range(_TABLE):
        letter = chr(code)
        kind = unicodedata.category(letter)
        if letter.isspace():
            table[code] = SPACE
        elif kind[0] in "LMN":
            table[code] = WORD | (ALPHA if kind[0] == "L" else 0) | (DIGIT if kind == "Nd" else 0)
            if kind == "Lu":
                table[code] |= UPPER
    for first, last in _SPACELESS_RANGES:
        block = table[first : last + 1]
        block[(block & ALPHA) > 0] |= SPACELESS
    for mark in SENTENCE_ENDS:
        table[ord(mark)] |= TERMINAL
    return table


@kernel
def class_of(code: int, classes: Any) -> int:
    """The classes of a code point."""
    if code < 0x20000:
        return int(classes[code])
    return 38 if code < 0x40000 else 0  # an ideograph: WORD, ALPHA and SPACELESS


@kernel
def decode(data: Any, place: int) -> tuple[Any, int]:
    """The code point that begins at `place`, and its bytes (the text is valid UTF-8)."""
    byte = np.int64(data[place])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | np.int64(data[place + 1] & 0x3F), 2
    second = np.int64(data[place + 1] & 0x3F)
    third = np.int64(data[place + 2] & 0x3F)
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | second << 6 | third, 3
    return (byte & 0x07) << 18 | second << 12 | third << 6 | np.int64(data[place + 3] & 0x3F), 4
