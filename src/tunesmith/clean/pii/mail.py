"""E-mail addresses (RFC 5321, with the letters that internationalised addresses use)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_EMAIL = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]*[\w!#$%&*+/=?^`{|}~-]@"
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-zA-Z0-9-]{1,59})(?![\w@])"
)


def emails(text: str) -> Iterator[tuple[int, int]]:
    """The e-mail addresses in a text, punctuation around them left out."""
    # Splitting at the at-signs keeps the search linear: a local part has at most 64 letters.
    start = 0
    while (at := text.find("@", start)) >= 0:
        if not text[at + 1 : at + 2].isalnum():
            start = at + 1
            continue
        match = _EMAIL.search(text, max(start, at - 64), min(len(text), at + 256))
        if match is None or match.start() > at:
            start = at + 1
            continue
        begin, end = match.span()
        while text[begin] in ".'`{|}/=*&!#$%^?~-" and text[begin] != "@" and begin < at - 1:
            begin += 1
        yield begin, end
        start = end
