"""Reading the times that business systems write."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime

#: Unambiguous forms beside ISO 8601; `03/04/2025` is not among them on purpose.
FORMATS = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%d %b %Y", "%d %B %Y", "%d-%b-%Y",
    "%b %d, %Y %H:%M", "%b %d, %Y", "%B %d, %Y", "%Y%m%dT%H%M%SZ",
)  # fmt: skip

_OFFSETS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M %z")

_EPOCH = re.compile(r"1\d{9}(\d{3})?(\.\d+)?")
_MAIL = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d")


def parse_time(text: str, zone: tzinfo, form: str | None = None) -> datetime | None:
    """A time in UTC, or null where the text cannot be read without guessing.

    Args:
        text: ISO 8601, seconds or milliseconds since 1970, a mail date, or one of `FORMATS`.
        zone: The zone of a time that names none.
        form: A `strptime` format; when given it is the only one tried.
    """
    found = parse_time_and_zone(text, zone, form)
    return None if found is None else found[0]


def parse_time_and_zone(
    text: str, zone: tzinfo, form: str | None = None
) -> tuple[datetime, str] | None:
    """A time in UTC and its offset as `+02:00`; null where it cannot be read without guessing.

    Args:
        text: As of `parse_time`.
        zone: The zone of a time that names none.
        form: As of `parse_time`.
    """
    text = text.strip()
    moment = _with_format(text, form) if form is not None else _guess(text)
    if moment is None:
        return None
    local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    try:
        return local.astimezone(UTC), _offset(local)
    except OverflowError:  # in UTC it lies before the year 1 or after 9999
        return None


def _offset(moment: datetime) -> str:
    """The offset from UTC in hours and minutes; zones of old had seconds too."""
    shift = moment.utcoffset() or timedelta()
    minutes = round(abs(shift).total_seconds() / 60)
    return f"{'-' if shift < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _guess(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    if _MAIL.match(text):
        try:
            return parsedate_to_datetime(text)
        except ValueError:
            return None
    for form in (*FORMATS, *_OFFSETS):
        moment = _with_format(text, form)
        if moment is not None:
            return moment
    return None


def _with_format(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the caller sets the zone
    except ValueError:
        return None
