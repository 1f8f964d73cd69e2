"""Chats: the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from tunesmith.collect.base import Piece, Place, Stretch
from tunesmith.collect.chats import links, logs, records, slack
from tunesmith.collect.chats.cut import Cutter
from tunesmith.collect.chats.post import Post
from tunesmith.collect.chats.records import Found
from tunesmith.collect.chats.roles import Roles
from tunesmith.collect.chats.services import Facts, post_of
from tunesmith.collect.chats.transcripts import Fields, Reader
from tunesmith.collect.encoding import Encoding, EncodingName, detect
from tunesmith.collect.sandbox import Unreadable
from tunesmith.collect.talk import Role, Talk
from tunesmith.collect.talk_source import TalkSource, Unread
from tunesmith.collect.times import ZoneName
from tunesmith.errors import SourceError
from tunesmith.io import fingerprint
from tunesmith.store.seen import Seen

Format = Literal["json", "slack-zip", "irc", "whatsapp", "zoom", "log"]

#: So many messages of a file are put in the order of their times; more come as the file has them.
_SORTED = 50_000
_LINKS = ".annotation.txt"
_LOG_ENDS = (".raw.txt", ".ascii.txt", ".txt", ".log")


class ChatSource(TalkSource):
    """What people wrote to each other: chat services, logs, transcripts of agents and customers."""

    kind: Literal["chats"] = "chats"
    """The tag that names this kind of source."""
    format: Format | None = None
    """`json` (exports of services, transcripts), `slack-zip`, `irc`, `whatsapp`, `zoom` (the chat
    of a meeting) or `log` (`12:01 Anna: hello`); found by each file's content when not given."""
    encoding: EncodingName | None = None
    """Such as `utf-8`; detected when it is not given."""
    timezone: ZoneName = "UTC"
    """The zone of times that name none, such as `Europe/Berlin`."""
    day: date | None = None
    """The day on which a log begins that has times only; that in the file's name when it is not
    given."""
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    """What `03/04/25` means in WhatsApp's exports; found where a number above 12 tells, else such
    messages have no time."""
    silence_minutes: float = Field(default=30.0, gt=0)
    """Where a channel has no threads, a conversation ends when nobody has written for so long."""
    addressing: bool | None = None
    """Whether conversations that go on at once are told apart by who is spoken to (`anna: …`); on
    for IRC when it is not given."""
    agents: list[str] = []
    """Names, identifiers, e-mail addresses or titles of those who answer; `*` stands for any
    letters. When some are given, everybody else is a customer; else who begins a conversation
    is."""
    bots: list[str] = []
    """Names or identifiers of programs that write."""
    roles: dict[str, Role] = {}
    """What the data call those who write, and what they are: `{expert: agent}`. Common words such
    as `user`, `visitor`, `assistant`, `operator`, `bot` need no entry."""
    fields: Fields = Fields()
    """What the fields of transcripts are called."""
    rating_scale: tuple[float, float] = (0.0, 5.0)
    """The worst and the best rating: two of five stars are 0.4."""
    drop_fields: list[str] = []
    """Fields of transcripts that are not kept."""
    max_message_mib: float = Field(default=8.0, gt=0)
    """A longer line, message or transcript is quarantined."""

    @field_validator("rating_scale")
    @classmethod
    def _scale_ascends(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if not scale[0] < scale[1]:
            raise ValueError(f"the worst rating must be below the best one, not {scale}")
        return scale

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """A channel of a Slack folder, a log with its annotations, any other file.

        See `Source.pieces`.
        """
        files = self.files(base)
        there = set(files)
        days = slack.channels(files)
        about = {path.parent.parent / name for days_of in days.values() for path in days_of
                 for name in slack.ABOUT}  # fmt: skip
        taken = {path for days_of in days.values() for path in days_of} | about
        groups = [[*of, *self._about(of[0].parent.parent)] for of in days.values()]
        groups += [
            [path, *self._beside(path, there)]
            for path in files
            if path not in taken and not self._beside_log(path, there)
        ]
        return [self._piece(group, base, seen) for group in sorted(groups)]

    def _piece(self, group: list[Path], base: Path, seen: Seen) -> Piece:
        stretches = tuple(Stretch(p.resolve(), self.display_name(p, base)) for p in group)
        digests = [seen.sha256(path) for path in group]
        return Piece(stretches, digests[0] if len(digests) == 1 else fingerprint(digests))

    @staticmethod
    def _about(root: Path) -> list[Path]:
        return [root / name for name in slack.ABOUT[:2] if (root / name).is_file()]

    @staticmethod
    def _beside_log(path: Path, there: set[Path]) -> bool:
        """Whether a file has the annotations of a log that is read."""
        stem = path.name.removesuffix(_LINKS)
        return stem != path.name and any(path.with_name(stem + end) in there for end in _LOG_ENDS)

    @staticmethod
    def _beside(path: Path, there: set[Path]) -> list[Path]:
        """What is read with a log: the annotations, and the log that it is a copy of."""
        end = next((end for end in _LOG_ENDS if path.name.endswith(end)), None)
        if end is None:
            return []
        stem = path.name.removesuffix(end)
        found = [one for one in (path.with_name(stem + _LINKS),) if one != path and one.is_file()]
        raw = path.with_name(f"{stem}.raw.txt")
        return [raw, *found] if end == ".ascii.txt" and raw in there else found

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or none that is a chat."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if any(self._is_chat(path, seen) for path in files):
            return []
        return [("path", "no chat of a known format is there")]

    def _is_chat(self, path: Path, seen: Seen | None) -> bool:
        def look() -> bool:
            return path.stat().st_size > 0 and self._format(path, self._encoding(path)) is not None

        what = f"chat {self.format} {self.encoding} {self.max_message_mib}"
        return look() if seen is None else seen.worked_out(path, what, look)

    def talks(self, place: Place) -> Iterator[Talk | Unread]:
        """The conversations of one piece; see `TalkSource.talks`."""
        path = place.path
        if path.stat().st_size == 0:
            yield Unread("the file is empty")
            return
        names = [stretch.name for stretch in place.stretches]
        if any(name.endswith(".raw.txt") for name in names[1:]):
            yield Unread("a copy of a log that is read, in ASCII", dropped=True)
        elif len(names) > 1 and slack.DAY.fullmatch(path.name):
            yield from self._slack_folder(place)
        else:
            yield from self._file(place)

    def _file(self, place: Place) -> Iterator[Talk | Unread]:
        path = place.path
        encoding = self._encoding(path)
        form = self._format(path, encoding)
        if form is None:
            yield Unread("not a chat of a known format")
        elif form == "slack-zip":
            yield from self._slack_zip(path)
        elif form == "json":
            found = records.found_in(path, encoding, self._reader, self._limit)
            empty = True
            for one in self._mixed(found, _Channels(self, ""), Facts(), place.name):
                empty = False
                yield one
            if empty:
                yield Unread("no message is in this file")
        else:
            yield from self._log(place, form, encoding)

    def _log(
        self, place: Place, form: logs.LogFormat, encoding: Encoding
    ) -> Iterator[Talk | Unread]:
        linked: dict[int, int] = {}
        for stretch in place.stretches[1:]:
            if stretch.name.endswith(_LINKS):
                linked = links.threads(stretch.path)
        rules = logs.LogRules(ZoneInfo(self.timezone), self.day, self.date_order, self._limit)
        addressing = form == "irc" if self.addressing is None else self.addressing
        channels = _Channels(self, place.name, addressing=addressing)
        waiting: list[Post] = []
        for post in logs.read(place.path, place.name, form, encoding, rules):
            if isinstance(post, Unread):
                yield post
                continue
            if form == "zoom":  # answers name what they answer: the first of a thread comes first
                waiting.append(post)
                continue
            first = linked.get(post.line or 0)
            thread = None if first is None else f"link {first}"
            yield from channels.add(replace(post, thread=thread))
        yield from _ordered(waiting, channels)
        yield from channels.end()

    def _slack_folder(self, place: Place) -> Iterator[Talk | Unread]:
        facts = Facts()
        days = [one for one in place.stretches if slack.DAY.fullmatch(one.path.name)]
        for stretch in place.stretches[len(days) :]:
            slack.learn(stretch.path, stretch.path.name, facts)
        channels = _Channels(self, place.path.parent.name)
        for day in days:
            found = records.found_in(day.path, self._encoding(day.path), self._reader, self._limit)
            yield from self._mixed(found, channels, facts, day.name, last=day is days[-1])

    def _slack_zip(self, path: Path) -> Iterator[Talk | Unread]:
        archive = slack.Archive(path)
        channels: _Channels | None = None
        try:
            for one in archive.days():
                if isinstance(one, Unread):
                    yield one
                    continue
                channel, day, element = one
                if channels is None or channels.name != channel:
                    yield from () if channels is None else channels.end()
                    channels = _Channels(self, channel)
                found = [
                    replace(item, position=f"{channel}/{day} {item.position}")
                    for item in records.of_element(element, self._reader)
                ]
                yield from self._mixed(found, channels, archive.facts, path.name, last=False)
        except Unreadable as problem:
            yield Unread(problem.reason)
        if channels is not None:
            yield from channels.end()

    def _mixed(
        self, found: Iterable[Found | Unread], channels: _Channels, facts: Facts, name: str,
        *, last: bool = True,
    ) -> Iterator[Talk | Unread]:  # fmt: skip
        """Conversations of messages and transcripts, as they come."""
        waiting: list[Post] = []
        for one in found:
            if isinstance(one, Unread):
                yield one if one.file is not None else replace(one, file=name or None)
                continue
            if one.said is not None:
                yield self._reader.talk(
                    one.record, one.said, one.position, name, one.line, channels.copies
                )
                continue
            post = self._post(one, facts, name)
            if isinstance(post, Unread):
                yield post
                continue
            waiting.append(post)
            if len(waiting) == _SORTED:
                yield from _ordered(waiting, channels)
                waiting = []
        yield from _ordered(waiting, channels)
        if last:
            yield from channels.end()

    def _post(self, one: Found, facts: Facts, name: str) -> Post | Unread:
        if one.service is not None:
            post = post_of(one.service, one.record, facts)
        else:
            alone = self._reader.post(one.record, one.position)
            post = alone or Unread("neither a message nor a list of messages")
        if isinstance(post, Unread):
            return replace(post, position=one.position, line=one.line, file=name)
        place: dict[str, Any] = {"position": one.position, "line": one.line, "file": name}
        more = one.more if post.thread is None else {}
        return replace(post, channel=post.channel or one.channel, **place, **more)

    def _encoding(self, path: Path) -> Encoding:
        if self.encoding is not None:
            return Encoding(self.encoding.lower(), declared=True)
        return detect(path)

    def _format(self, path: Path, encoding: Encoding) -> Format | None:
        if self.format is not None:
            return self.format
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                return "slack-zip"
        if records.is_json(path, encoding):
            return "json"
        return logs.format_of(path, encoding, self._limit)

    @property
    def _limit(self) -> int:
        return int(self.max_message_mib * (1 << 20))

    @cached_property
    def people(self) -> Roles:
        """Whom the settings take for an agent."""
        return Roles(agents=self.agents, bots=self.bots, roles=self.roles)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(
            self.fields, self.people, self.rating_scale, ZoneInfo(self.timezone),
            frozenset(self.drop_fields),
        )  # fmt: skip


@dataclass
class _Channels:
    """The conversations of each channel of a file."""

    source: ChatSource
    name: str
    addressing: bool = False
    cutters: dict[str, Cutter] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)

    def add(self, post: Post) -> Iterator[Talk]:
        cutter = self.cutters.get(post.channel)
        if cutter is None:
            cutter = self.cutters[post.channel] = Cutter(
                silence_s=self.source.silence_minutes * 60,
                addressing=self.addressing or self.source.addressing is True,
                name=" ".join(filter(None, (self.name, post.channel))),
            )
        yield from map(self.source.people.talk_of, cutter.add(post))

    def end(self) -> Iterator[Talk]:
        for cutter in self.cutters.values():
            yield from map(self.source.people.talk_of, cutter.end())


def _ordered(posts: list[Post], channels: _Channels) -> Iterator[Talk | Unread]:
    """The conversations of messages in the order of their times, the first of each thread in it.

    Services give the newest message first, and an edited one again.
    """
    latest = {(post.channel, post.id): post for post in posts if post.id is not None}
    staying = []
    for post in posts:
        if post.id is not None and latest[post.channel, post.id] is not post:
            reason = "an earlier version of a message"
            yield Unread(
                reason, position=post.position, line=post.line, file=post.file, dropped=True
            )
        else:
            staying.append(post)
    if all(post.at is not None for post in staying):
        staying.sort(key=lambda post: post.seconds or 0.0)
    threads: dict[tuple[str, str], str] = {}
    for post in staying:
        if post.thread is not None:
            # An answer to an answer belongs to the thread of the first.
            root = threads.get((post.channel, post.thread), post.thread)
            threads[post.channel, root] = root
            if post.id is not None:
                threads[post.channel, post.id] = root
    for post in staying:
        thread = threads.get((post.channel, post.id or "")) or post.thread
        yield from channels.add(post if thread == post.thread else replace(post, thread=thread))
