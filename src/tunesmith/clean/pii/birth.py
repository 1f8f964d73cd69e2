"""Dates of birth: a date, where the words beside it say that somebody was born then."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = (
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH}\.?,?[ -]\d{{2,4}}"
    rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{2,4}})"
)
_BORN = (
    r"(?:born(?: on| in)?|date of birth|birth ?date|birthday(?: is)?|d\.?o\.?b\.?|geboren(?: am)?|"
    r"geburtsdatum|n[ée]e? le|date de naissance|fecha de nacimiento|nacid[oa] el|nat[oa] il)"
)
#: The words that `_BORN` ends with, and `b` of `d.o.b.`.
WORDS = (
    *("born", "birth", "birthdate", "birthday", "dob", "b", "geboren", "geburtsdatum"),
    *("le", "naissance", "nacimiento", "nacido", "nacida", "nato", "nata"),
)
HINT = (
    r"(?i-u:born|birth|d\.?o\.?b|geboren|geburtsdatum|naissance|nacimiento|nacid[oa] |nat[oa] il)"
    r"|[nN][éeÉE]e? le"
)
_PATTERN = re.compile(
    rf"(?<![^\W\d_]){_BORN}[^\w\n]{{0,4}}(?:(?:is|was|on|the|ist|es"
    rf"|est)[ :]{{1,2}})?({_DATE})(?!\d)",
    re.IGNORECASE,
)


def births(text: str) -> Iterator[tuple[int, int]]:
    """Dates that are said to be somebody's date of birth."""
    for match in _PATTERN.finditer(text):
        yield match.span(1)
