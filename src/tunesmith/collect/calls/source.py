"""Calls: the source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from tunesmith.collect.base import Place
from tunesmith.collect.calls import spoken_json, subtitles
from tunesmith.collect.calls.speech import (
    FILLERS,
    Speech,
    filler_pattern,
    turns,
    without_fillers,
)
from tunesmith.collect.calls.spoken_json import SpokenFields
from tunesmith.collect.chats.logs import day_in
from tunesmith.collect.chats.roles import WORDS, pattern_of
from tunesmith.collect.encoding import Encoding, EncodingName, detect
from tunesmith.collect.talk import Message, Role, Talk
from tunesmith.collect.talk_source import TalkSource, Unread
from tunesmith.collect.times import ZoneName, parse_time, written_offset
from tunesmith.errors import SourceError
from tunesmith.store.seen import Seen

Format = Literal["vtt", "srt", "json"]

_HEAD_BYTES = 4096
_START = re.compile(
    r"(?<!\d)(GMT)?(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})[-_T ](\d{2})[-.:h]?(\d{2})[-.:m]?(\d{2})(?!\d)"
)


class CallSource(TalkSource):
    """What was said in calls: transcripts as WebVTT, SRT or JSON; each file is one call."""

    kind: Literal["calls"] = "calls"
    """The tag that names this kind of source."""
    format: Format | None = None
    """`vtt`, `srt` or `json`; found by each file's content when it is not given."""
    encoding: EncodingName | None = None
    """Such as `utf-8`; detected when it is not given."""
    timezone: ZoneName = "UTC"
    """The zone of the time at which recordings start, such as `Europe/Berlin`."""
    started: str | None = None
    """When the recording started, such as `2025-03-04 14:00`; what the name of the file or of its
    folder says when it is not given (`GMT20250304-140000_…`, `2025-03-04`: midnight), else rows
    have no time."""
    speakers: dict[str, Role] = {}
    """What speakers are: `{Anna: agent, "*": customer}`; `*` stands for any letters, the first
    entry that fits counts. Speakers for whom none fits, and whom the data call neither agent nor
    customer, are agents where they spoke first in the call, customers else."""
    names_in_text: bool = True
    """Whether words before a colon at the start of a cue are the speaker's name."""
    pause_s: float | None = Field(default=None, gt=0)
    """A pause after which the same speaker begins a new turn (s); null for none."""
    fillers: Literal["keep", "remove"] = "keep"
    """Whether "uh" and "um" stay."""
    filler_languages: list[str] = ["en"]
    """The languages whose fillers are removed."""
    fields: SpokenFields = SpokenFields()
    """What the fields of transcripts in JSON are called."""
    max_line_mib: float = Field(default=8.0, gt=0)
    """A longer line or segment is quarantined."""
    max_file_mib: float = Field(default=256.0, gt=0)
    """A larger file is quarantined: a call is held in memory."""

    @field_validator("started")
    @classmethod
    def _start_is_a_time(cls, text: str | None) -> str | None:
        if text is not None and parse_time(text, UTC) is None:
            raise ValueError(f"'{text}' is not a time; write one such as 2025-03-04 14:00")
        return text

    @field_validator("filler_languages")
    @classmethod
    def _languages_exist(cls, languages: list[str]) -> list[str]:
        for language in languages:
            if language not in FILLERS:
                raise ValueError(
                    f"no fillers of '{language}' are known; there are: {', '.join(FILLERS)}"
                )
        return languages

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or none that is a transcript."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if any(self._format_of(path, self._encoding(path)) for path in files):
            return []
        return [("path", "no transcript as WebVTT, SRT or JSON is there")]

    def talks(self, place: Place) -> Iterator[Talk | Unread]:
        """The call of one file; see `TalkSource.talks`."""
        path = place.path
        size = path.stat().st_size
        if size == 0:
            yield Unread("the file is empty")
            return
        if size > self.max_file_mib * (1 << 20):
            yield Unread(f"the file has {size:,} bytes, more than the limit")
            return
        encoding = self._encoding(path)
        form = self._format_of(path, encoding)
        if form is None:
            yield Unread("not a transcript of a known format")
            return
        said: list[Speech] = []
        whole = True
        limit = int(self.max_line_mib * (1 << 20))
        found = (
            spoken_json.read(path, encoding, self.fields, max_bytes=limit)
            if form == "json"
            else subtitles.read(path, encoding, max_bytes=limit, named=self.names_in_text)
        )
        for one in found:
            if isinstance(one, Unread):
                whole = False
                yield one
            else:
                said.append(one)
        if said:
            yield self._talk(place, said)
        elif whole:
            yield Unread("nothing was said in it", dropped=True)

    def _talk(self, place: Place, said: list[Speech]) -> Talk:
        began, zone = self._began(place)
        messages = []
        spoken = list(turns(said, pause_s=self.pause_s))
        open_ = (one.speaker for one in spoken if one.speaker is not None and one.text)
        first = next((speaker for speaker in open_ if self._certain(speaker) is None), None)
        for one in spoken:
            role = self._certain(one.speaker)
            if role is None:
                role = "agent" if one.speaker == first else "customer"
            at = None
            if began is not None and one.start is not None:
                at = began + timedelta(seconds=one.start)
            text = one.text
            if self._fillers is not None:
                text = without_fillers(text, self._fillers)
            messages.append(
                Message(
                    role, text, one.position, one.line, one.raw, one.speaker, at,
                    None if at is None else zone,
                )
            )  # fmt: skip
        extra = [("cues", str(len(said)))]
        lengths = [one.end for one in said if one.end is not None]
        if lengths:
            extra.append(("length_s", f"{max(lengths):.0f}"))
        return Talk(place.name, messages, extra=extra)

    def _certain(self, speaker: str | None) -> Role | None:
        """The role that the settings or the data give; null where neither does."""
        if speaker is None:
            return None
        for pattern, role in self._speakers:
            if pattern is not None and pattern.fullmatch(speaker):
                return role
        return WORDS.get(speaker.strip().casefold())

    def _began(self, place: Place) -> tuple[datetime | None, str | None]:
        zone = ZoneInfo(self.timezone)
        if self.started is not None:
            began = parse_time(self.started, zone)
        else:
            began = _named_start(place.path.name, zone) or _named_start(
                place.path.parent.name, zone
            )
        if began is None or not 1 < began.year < 9999:
            return None, None
        return began, written_offset(began.astimezone(zone))

    def _encoding(self, path: Path) -> Encoding:
        if self.encoding is not None:
            return Encoding(self.encoding.lower(), declared=True)
        return detect(path)

    def _format_of(self, path: Path, encoding: Encoding) -> Format | None:
        if self.format is not None:
            return self.format
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        text = head.decode(encoding.name, "ignore").lstrip("\ufeff \t\r\n")
        if subtitles.is_subtitles(text):
            return "vtt" if text.startswith("WEBVTT") else "srt"
        return "json" if text.startswith(("{", "[")) else None

    @cached_property
    def _speakers(self) -> list[tuple[re.Pattern[str] | None, Role]]:
        return [(pattern_of([name]), role) for name, role in self.speakers.items()]

    @cached_property
    def _fillers(self) -> re.Pattern[str] | None:
        return filler_pattern(self.filler_languages) if self.fillers == "remove" else None


def _named_start(name: str, zone: tzinfo) -> datetime | None:
    """When a recording of this name began: a time as Zoom writes it, else a day's midnight."""
    match = _START.search(name)
    if match is not None:
        text = "{}-{}-{}T{}:{}:{}".format(*match.groups()[1:])
        return parse_time(text, UTC if match[1] else zone)
    day = day_in(name)
    if day is None or not 1 < day.year < 9999:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
