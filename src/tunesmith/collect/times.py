"""Reading the times that business systems write."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

#: Unambiguous forms beside ISO 8601; `03/04/2025` is not among them on purpose.
FORMATS = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%d %b %Y", "%d %B %Y", "%d-%b-%Y",
    "%b %d, %Y %H:%M", "%b %d, %Y", "%B %d, %Y", "%Y%m%dT%H%M%SZ",
)  # fmt: skip

#: With an offset behind a space, as Bugzilla and Askbot write it; ISO 8601 has none there.
_OFFSETS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M %z")

_EPOCH = re.compile(r"1\d{9}(\d{3})?(\.\d+)?")
_MAIL = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d")


def _existing(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone; write one such as Europe/Berlin") from None
    return name


#: The name of a time zone, as a recipe gives it.
ZoneName = Annotated[str, AfterValidator(_existing)]


def parse_time(text: str, zone: tzinfo, form: str | None = None) -> datetime | None:
    """A time in UTC, or null where the text cannot be read without guessing.

    Args:
        text: ISO 8601, seconds or milliseconds since 1970, a mail date, or one of `FORMATS`.
        zone: The zone of a time that names none.
        form: A `strptime` format; when given it is the only one tried.
    """
    known = parse_time_and_zone(text, zone, form)
    return None if known is None else known[0]


def parse_time_and_zone(
    text: str, zone: tzinfo, form: str | None = None
) -> tuple[datetime, str] | None:
    """A time in UTC and the offset that it was written with, such as `+02:00`.

    Args:
        text: As of `parse_time`.
        zone: The zone of a time that names none; its offset at that time is the one given.
        form: As of `parse_time`.
    """
    text = text.strip()
    moment = _with_format(text, form) if form is not None else _guess(text)
    if moment is None:
        return None
    try:
        local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return local.astimezone(UTC), written_offset(local)
    except OverflowError:  # in UTC it lies before the year 1 or after 9999
        return None


def written_offset(moment: datetime) -> str:
    """The offset from UTC of a time with a zone, in whole minutes: `+02:00`."""
    return _in_words(moment.utcoffset())


@lru_cache(maxsize=256)
def _in_words(offset: timedelta | None) -> str:
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


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
