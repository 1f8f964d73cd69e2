"""Fakes of dates of birth: the same way of writing, moved by up to two years.

A date has too few digits for a seal, so one day in a hundred, told by the key, is a fake: a date
is moved to one of those, and of real dates one in a hundred passes as a fake by chance.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

from tunesmith.clean.pii.fakes.seal import Draw

_ONE_IN = 100
_MOST_DAYS = 730
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_PARTS = re.compile(r"\d+|[^\W\d_]+|[^\w]+|_+")
_ORDINALS = {"st", "nd", "rd", "th"}


@dataclass(frozen=True)
class _Read:
    parts: list[str]
    year: int
    month: int
    day: int
    """The places of the parts."""
    date: dt.date


def _read(text: str) -> _Read | None:
    """The date that a text says; of `03/04/1985` the month is the first number."""
    parts = _PARTS.findall(text)
    numbers = [place for place, part in enumerate(parts) if part.isdigit()]
    named = [place for place, part in enumerate(parts) if _month(part)]
    if len(named) == 1 and len(numbers) == 2:
        month = named[0]
        first, second = numbers
        year, day = (first, second) if len(parts[first]) == 4 else (second, first)
    elif len(numbers) == 3 and not named:
        if len(parts[numbers[0]]) == 4:
            year, month, day = numbers
        else:
            month, day, year = numbers
            if int(parts[month]) > 12:
                month, day = day, month
    else:
        return None
    return _dated(parts, year, month, day)


def _dated(parts: list[str], year: int, month: int, day: int) -> _Read | None:
    number = int(parts[year])
    if len(parts[year]) == 2:
        number += 1900 if number > 30 else 2000
    try:
        date = dt.date(number, _month(parts[month]) or int(parts[month]), int(parts[day]))
    except ValueError:
        return None
    return _Read(parts, year, month, day, date)


def _month(word: str) -> int:
    level = word.lower()
    if len(level) < 3 or not level.isalpha():
        return 0
    return next((n for n, name in enumerate(_MONTHS, 1) if name[:3] == level[:3]), 0)


@lru_cache(maxsize=65_536)
def _is_picked(key: bytes, date: dt.date) -> bool:
    return Draw(key, "day", date.isoformat()).below(_ONE_IN) == 0


def is_fake_date(key: bytes, text: str) -> bool:
    """Whether a date is one of the days that the key picks."""
    read = _read(text)
    return read is not None and _is_picked(key, read.date)


def date(key: bytes, text: str) -> str | None:
    """The fake of a date, or none where no day nearby can be written so and known again."""
    read = _read(text)
    if read is None:
        return None
    draw = Draw(key, "date", read.date.isoformat())
    start = draw.below(2 * _MOST_DAYS + 1)
    for step in range(2 * _MOST_DAYS + 1):
        days = (start + step) % (2 * _MOST_DAYS + 1) - _MOST_DAYS
        moved = read.date + dt.timedelta(days=days)
        if days and _is_picked(key, moved):
            written = _written(read, moved)
            if is_fake_date(key, written):
                return written
    return None


def _written(read: _Read, moved: dt.date) -> str:
    parts = list(read.parts)
    parts[read.year] = f"{moved.year:04d}"[-len(parts[read.year]) :]
    for place, number in ((read.month, moved.month), (read.day, moved.day)):
        if parts[place].isdigit():
            parts[place] = str(number).zfill(len(parts[place]))
    if not read.parts[read.month].isdigit():
        word = read.parts[read.month]
        name = _MONTHS[moved.month - 1]
        name = name[:3] if len(word) <= 4 and len(word) != len(_MONTHS[_month(word) - 1]) else name
        parts[read.month] = (
            name.upper() if word.isupper() else name.title() if word[0].isupper() else name
        )
    after = read.day + 1
    if after < len(parts) and parts[after].lower() in _ORDINALS:
        parts[after] = _ordinal(moved.day)
    return "".join(parts)


def _ordinal(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
