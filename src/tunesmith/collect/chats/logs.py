"""Logs of text: IRC in the forms of its clients, WhatsApp, Zoom's chat, and plain "Anna: hello"."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from tunesmith.collect.chats.post import Post
from tunesmith.collect.encoding import Encoding
from tunesmith.collect.lines import read_lines
from tunesmith.collect.talk_source import Unread
from tunesmith.collect.times import parse_time_and_zone, written_offset

LogFormat = Literal["irc", "whatsapp", "zoom", "log"]
DateOrder = Literal["dmy", "mdy", "ymd"]

_CLOCK = r"(?P<clock>\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:[ \u202f]?[AaPp]\.?[Mm]\.?)?)"
_DAY = r"(?P<day>\d{4}-\d{2}-\d{2}|\d{4}/\d{2}/\d{2}|\d{2}\.\d{2}\.\d{4})"
_STAMP = rf"\[?(?:{_DAY}[T ])?{_CLOCK}(?P<offset> ?(?:Z|[+-]\d{{2}}:?\d{{2}}))?\]?"

_IRC = re.compile(
    rf"(?:{_STAMP}[ \t]+|)"
    r"(?:<[ @+%&~!]?(?P<nick>[^>\s]{1,64})>(?:[ \t](?P<text>.*))?"
    r"|\*[ \t]+(?P<actor>[^\s*]{1,64})[ \t]+(?P<action>.*)"
    r"|(?P<system>(?:===|\*\*\*|-!-|---|-->|<--)[ \t].*))",
    re.DOTALL,
)
_WHATSAPP = re.compile(
    r"\u200e?\[?(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{1,4}),? "
    rf"{_CLOCK}(?:\]| -) \u200e?(?:(?P<nick>[^:\n]{{1,80}}): (?P<text>.*)|(?P<system>.+))",
    re.DOTALL,
)
_ZOOM = re.compile(
    rf"{_CLOCK}[ \t]+(?:(?P<nick>[^\t:]{{1,80}}):\t(?P<text>.*)"
    r"|[Ff]rom[ ]{1,2}(?P<sender>.{1,80}?)(?: [Tt]o[ ]{1,2}[^:]{1,80})?:\s*(?P<words>.*))",
    re.DOTALL,
)
_PLAIN = re.compile(
    rf"(?:{_STAMP}[ \t]*(?:-[ \t]+)?)?(?P<nick>[^\W\d_][^:\n\t<>]{{0,59}}?)"
    rf"(?:[ \t]\((?P<later>\d{{1,2}}:\d{{2}}(?::\d{{2}})?)\))?:[ \t]+(?P<text>.*)",
    re.DOTALL,
)
_PATTERNS: dict[LogFormat, re.Pattern[str]] = {
    "irc": _IRC, "whatsapp": _WHATSAPP, "zoom": _ZOOM, "log": _PLAIN,
}  # fmt: skip

#: The share of lines that must be messages; in the others messages often have several lines.
_LEAST: dict[LogFormat, float] = {"irc": 0.5, "whatsapp": 0.2, "zoom": 0.2, "log": 0.5}

_NAMED_DAY = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")
_NEW_DAY = re.compile(
    r"--- (?:Day changed|Log opened) \w{3} (?P<month>\w{3}) (?P<day>\d{2})(?: [\d:]+)?"
    r" (?P<year>\d{4})"
)
_REACTION = re.compile(
    r"(?:Reacted to|Removed an? .{1,12} reaction from|Heeft gereageerd op|Hat auf|A réagi à|"
    r"Reaccionó a|Reagiu a|Ha reagito a) ?.*",
    re.DOTALL,
)
_REPLY = re.compile(r'Replying to "(?P<start>.*?)(?:\.{3}|…)?"\s*\n+(?P<text>.*)', re.DOTALL)
_NO_WORDS = {
    "<media omitted>": "an attachment without words",
    "image omitted": "an attachment without words",
    "video omitted": "an attachment without words",
    "audio omitted": "an attachment without words",
    "sticker omitted": "an attachment without words",
    "document omitted": "an attachment without words",
    "gif omitted": "an attachment without words",
    "this message was deleted": "a deleted message",
    "this message was deleted.": "a deleted message",
    "you deleted this message": "a deleted message",
    "you deleted this message.": "a deleted message",
}
_HALF_DAY_S = 12 * 3600
#: A message of many lines; what comes after is a message that was not meant as one.
_MAX_LINES = 2_000


@dataclass(frozen=True)
class LogRules:
    """What a log does not say itself."""

    zone: ZoneInfo
    day: date | None = None
    order: DateOrder | None = None
    max_bytes: int = 8 << 20


def format_of(path: Path, encoding: Encoding, max_bytes: int) -> LogFormat | None:
    """The form of a log, by its first lines; null where it is none.

    Most of its first lines must look like messages; those that go on over several lines may have
    up to four lines each.
    """
    lines = itertools.islice(read_lines(path, encoding, max_bytes=max_bytes), 200)
    texts = [line.text for line in lines if line.text is not None and line.text.strip()]
    if not texts:
        return None
    for form, pattern in _PATTERNS.items():
        least = _LEAST[form]
        found = [m for text in texts if (m := pattern.fullmatch(text.rstrip("\r\n")))]
        if found and len(found) >= least * len(texts) and (form != "log" or _is_log(found)):
            return form
    return None


def _is_log(found: list[re.Match[str]]) -> bool:
    """Whether lines of "word: words" are talk: they have times, or somebody speaks again."""
    if any(match["clock"] or match["later"] for match in found):
        return True
    return 2 * len({match["nick"] for match in found}) <= len(found)


def read(
    path: Path, name: str, form: LogFormat, encoding: Encoding, rules: LogRules
) -> Iterator[Post | Unread]:
    """The messages of a log, in order.

    Args:
        path: The file.
        name: Its name in records: a day in it is the log's first day.
        form: Its form.
        encoding: How to decode it.
        rules: What it does not say itself.
    """
    days = _Days(path, form, encoding, rules, name)
    waiting: Post | None = None
    more: list[str] = []
    starts: list[tuple[str, str]] = []  # with Zoom: what can be replied to
    for line in read_lines(path, encoding, max_bytes=rules.max_bytes):
        if line.text is None:
            yield Unread(line.problem or "unreadable", line=line.number, raw=line.raw)
            continue
        text = line.text.rstrip("\r\n")
        match = _PATTERNS[form].fullmatch(text)
        if match is None and form != "irc" and waiting is not None and len(more) < _MAX_LINES:
            more.append(text)
            continue
        if waiting is not None:
            yield _finished(waiting, more, form, starts)
            waiting, more = None, []
        if match is None:
            if text.strip():
                yield Unread(f"not a line of {_WORDS[form]}", line=line.number, raw=line.raw)
            continue
        waiting = days.post(match, text, line.number, line.raw)
    if waiting is not None:
        yield _finished(waiting, more, form, starts)


_WORDS = {
    "irc": "an IRC log", "whatsapp": "a WhatsApp export", "zoom": "a chat of Zoom", "log": "a log",
}  # fmt: skip


def _finished(post: Post, more: list[str], form: str, starts: list[tuple[str, str]]) -> Post:
    text = "\n".join([post.text, *more]).strip()
    post = replace(post, text=text)
    if form == "whatsapp":
        return replace(post, automatic=_NO_WORDS.get(text.strip("\u200e ").casefold()))
    if form != "zoom":
        return post
    if _REACTION.fullmatch(text):
        return replace(post, automatic="a reaction")
    thread = post.position
    if (reply := _REPLY.fullmatch(text)) is not None:
        start = reply["start"]
        thread = next((t for words, t in reversed(starts) if words.startswith(start)), thread)
        root = None if thread == post.position else thread
        post = replace(post, text=reply["text"].strip(), thread=root)
    starts.append((post.text, thread))
    del starts[:-1000]
    return replace(post, id=post.position)


class _Days:
    """Puts days to the times of a log."""

    def __init__(
        self, path: Path, form: LogFormat, encoding: Encoding, rules: LogRules, name: str
    ) -> None:
        self.form, self.rules = form, rules
        self.day = rules.day or day_in(name)
        self.days_passed, self.clock = 0, -1.0
        self.order = rules.order
        if form == "whatsapp" and self.order is None:
            self.order = _order(path, encoding, rules.max_bytes)

    def post(self, match: re.Match[str], text: str, number: int, raw: bytes) -> Post:
        found = match.groupdict()
        nick = found.get("nick") or found.get("actor") or found.get("sender")
        words = found.get("text") or found.get("action") or found.get("words") or ""
        system = found.get("system")
        post = Post(
            text=words if system is None else system,
            author=None if nick is None else nick.strip(),
            position=f"line {number}",
            line=number,
            raw=raw,
            system=system is not None,
        )
        if system is not None and (change := _NEW_DAY.match(system)) is not None:
            self._new_day(change)
        return self._timed(post, found)

    def _new_day(self, change: re.Match[str]) -> None:
        try:
            moment = datetime.strptime(  # noqa: DTZ007 - a day has no zone
                " ".join(change.group("day", "month", "year")), "%d %b %Y"
            )
        except ValueError:
            return
        self.day, self.days_passed, self.clock = moment.date(), 0, -1.0

    def _timed(self, post: Post, found: dict[str, str | None]) -> Post:
        seconds = _seconds(found.get("clock") or found.get("later"))
        if seconds is None:
            return post
        if self.form == "zoom":  # since the meeting began
            return replace(post, clock=seconds)
        if found.get("day"):
            clock = found.get("clock")
            text = f"{found['day']} {clock}{found.get('offset') or ''}".replace("/", "-")
            known = parse_time_and_zone(_iso(text), self.rules.zone)
            return post if known is None else replace(post, at=known[0], zone=known[1])
        if self.form == "whatsapp":
            return self._dated(post, found, seconds)
        return self._by_clock(post, seconds)

    def _by_clock(self, post: Post, seconds: float) -> Post:
        # Past midnight the clock begins anew; one that is a little behind has been set.
        if self.clock - seconds > _HALF_DAY_S:
            self.days_passed += 1
        self.clock = seconds
        if self.day is None:
            return replace(post, clock=self.days_passed * 86_400 + seconds)
        return self._at(post, self.day + timedelta(days=self.days_passed), seconds)

    def _dated(self, post: Post, found: dict[str, str | None], seconds: float) -> Post:
        a, b, c = (int(found[name] or 0) for name in "abc")
        order = "ymd" if a > 31 else self.order or "dmy"
        day, month, year = {"dmy": (a, b, c), "mdy": (b, a, c), "ymd": (c, b, a)}[order]
        try:
            then = date(year + 2000 if year < 100 else year, month, day)
        except ValueError:
            return post
        timed = self._at(post, then, seconds)
        if self.order is None and a <= 31:  # day and month cannot be told apart
            clock = None if timed.at is None else timed.at.timestamp()
            return replace(post, clock=clock)
        return timed

    def _at(self, post: Post, day: date, seconds: float) -> Post:
        try:
            local = datetime(day.year, day.month, day.day, tzinfo=self.rules.zone) + timedelta(
                seconds=seconds
            )
            return replace(post, at=local.astimezone(UTC), zone=written_offset(local))
        except OverflowError:
            return post


def _iso(text: str) -> str:
    """`2025-01-02 9:05` as ISO 8601 has it, an offset without space before it."""
    parts = text.split(" ")
    if len(parts) > 1 and parts[1][1:2] == ":":
        parts[1] = f"0{parts[1]}"
    return " ".join(parts[:2]) + "".join(parts[2:])


def _seconds(clock: str | None) -> float | None:
    """Seconds since midnight, or since the start of a meeting; null for no time."""
    if clock is None:
        return None
    half = clock.replace("\u202f", "").replace(".", "").strip()[-2:].casefold()
    numbers = clock.rstrip("AaPpMm.\u202f ").replace(",", ".").split(":")
    hours, minutes, seconds = (*map(float, numbers), 0.0)[:3]
    if minutes >= 60 or seconds >= 61:
        return None
    if half in {"am", "pm"}:
        hours = hours % 12 + (12 if half == "pm" else 0)
    return hours * 3600 + minutes * 60 + seconds


def day_in(name: str) -> date | None:
    """The day in a file's name, such as `2004-12-05.txt` or `log_20041205.txt`."""
    match = _NAMED_DAY.search(Path(name).name)
    if match is None:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None


def _order(path: Path, encoding: Encoding, max_bytes: int) -> DateOrder | None:
    """Which number of a date is the day, where one of them above 12 tells."""
    for line in read_lines(path, encoding, max_bytes=max_bytes):
        match = None if line.text is None else _WHATSAPP.match(line.text)
        if match is None:
            continue
        if int(match["a"]) > 12:
            return "dmy"
        if int(match["b"]) > 12:
            return "mdy"
    return None
