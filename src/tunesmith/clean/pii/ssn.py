"""US social security numbers (the rules of their issuer)."""

from __future__ import annotations

import re
from collections.abc import Iterator

HINT = r"\d{3}[- .]\d{2}[- .]\d{4}|[sS][sS][nN]|[sS][oO][cC][iI][aA][lL] [sS]"
_SSN = re.compile(
    r"(?<![\w.-])(?!000|666|9\d\d)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])(?!\.\d)"
)
_SAID = re.compile(
    r"\b(?:ssn|social security(?: number| no\.?| #)?)\b\D{0,12}"
    r"((?!000|666|9\d\d)\d{3}[ ]?(?!00)\d{2}[ ]?(?!0000)\d{4})(?!\d)",
    re.IGNORECASE,
)


def ssns(text: str) -> Iterator[tuple[int, int]]:
    """Social security numbers: with their signs anywhere, without them where the words say so."""
    for match in _SSN.finditer(text):
        yield match.span()
    for match in _SAID.finditer(text):
        yield match.span(1)
