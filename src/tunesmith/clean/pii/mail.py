"""E-mail addresses (RFC 5321, with the letters that internationalised addresses use)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]")
_HOST = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-zA-Z0-9-]{1,59})(?![\w@])"
)
_PUNCTUATION = ".'`{|}/=*&!#$%^?~-"


def emails(text: str) -> Iterator[tuple[int, int]]:
    """The e-mail addresses in a text, punctuation around them left out."""
    start = 0
    while (at := text.find("@", start)) >= 0:
        # The host first: where it is none, nothing was spent on the letters before.
        host = _HOST.match(text, at + 1, min(len(text), at + 256))
        if host is None or at == start or text[at - 1] in ".'" or not _LOCAL.match(text[at - 1]):
            start = at + 1
            continue
        begin = at
        while begin > max(start, at - 64) and _LOCAL.match(text[begin - 1]):
            begin -= 1
        while text[begin] in _PUNCTUATION and begin < at - 1:
            begin += 1
        yield begin, host.end()
        start = host.end()
