"""What a JSON file of chats holds: messages of services, transcripts, and what is neither."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunesmith.collect import json_stream
from tunesmith.collect.chats.services import service_of
from tunesmith.collect.chats.transcripts import Reader
from tunesmith.collect.encoding import Encoding
from tunesmith.collect.json_stream import Broken, Element
from tunesmith.collect.lines import read_lines
from tunesmith.collect.sandbox import Unreadable
from tunesmith.collect.talk_source import Unread

_JSON = re.compile(r"\s*(?:\{|\[\s*(?:[\[{\"\]]|\Z))")
_HEAD_BYTES = 64 << 10

#: Kinds of lines in Mattermost's bulk export that hold messages.
_BULK = {"post", "direct_post"}


@dataclass(frozen=True)
class Found:
    """A message, or a transcript with its messages."""

    record: Any
    position: str
    line: int | None = None
    service: str | None = None
    said: list[Any] | None = None
    """The messages of a transcript."""
    channel: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    """What the record does not say itself: the thread of a reply that lies within a post."""


def is_json(path: Path, encoding: Encoding) -> bool:
    """Whether a file begins as JSON does, and not as a log with times in brackets."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return _JSON.match(head.decode(encoding.name, "ignore").lstrip("\ufeff")) is not None


def found_in(
    path: Path, encoding: Encoding, reader: Reader, max_bytes: int
) -> Iterator[Found | Unread]:
    """The messages and transcripts of a file.

    Args:
        path: A JSON document, or a JSON document a line.
        encoding: How it stands for letters.
        reader: Knows the names of fields.
        max_bytes: A longer element or line is left out.
    """
    if _by_lines(path, encoding, max_bytes):
        for line in read_lines(path, encoding, max_bytes=max_bytes):
            if line.text is None or not line.text.strip():
                if line.problem is not None:
                    yield Unread(line.problem, line=line.number, raw=line.raw)
                continue
            try:
                value = json_stream.parse(line.text.strip().lstrip("\ufeff").encode())
            except Unreadable as problem:
                yield Unread(problem.reason, line=line.number, raw=line.raw)
                continue
            yield from unfolded(value, f"line {line.number}", reader, line.number)
        return
    for element in json_stream.elements(path, max_bytes=max_bytes):
        yield from of_element(element, reader)


def of_element(element: Element | Broken, reader: Reader) -> Iterator[Found | Unread]:
    """What an element of a document holds."""
    if isinstance(element, Broken):
        yield Unread(element.reason, position=element.position, raw=element.raw)
        return
    if element.key is None:
        yield from unfolded(element.value, element.position, reader)
        return
    head = element.head
    yield _one(element.value, element.position, reader, channel=_channel(head))


def _by_lines(path: Path, encoding: Encoding, max_bytes: int) -> bool:
    lines = (
        line.text.strip()
        for line in read_lines(path, encoding, max_bytes=max_bytes)
        if line.text is None or line.text.strip()
        if line.text is not None
    )
    first = [text.lstrip("\ufeff") for text in itertools.islice(lines, 2)]
    if not first or not first[0].startswith(("{", "[")):
        return False
    if path.suffix.lower() not in {".jsonl", ".ndjson"} and len(first) < 2:
        return False
    try:
        json_stream.parse(first[0].encode())
    except Unreadable:
        # A torn first line: the second one says whether each is a document.
        return len(first) == 2 and _is_object(first[1]) and first[0].startswith('{"')
    return len(first) == 1 or first[1].startswith(("{", "["))


def _is_object(text: str) -> bool:
    try:
        return isinstance(json_stream.parse(text.encode()), dict)
    except Unreadable:
        return False


def unfolded(
    document: Any, position: str, reader: Reader, line: int | None = None
) -> Iterator[Found | Unread]:
    """The messages and transcripts of a whole document."""
    if not isinstance(document, dict) or service_of(document) is not None:
        yield _one(document, position, reader, line)
        return
    kind = document.get("type")
    if isinstance(kind, str) and document.keys() == {"type", kind}:
        yield from _bulk(kind, document[kind], position, line)
        return
    posts = document.get("posts")
    if isinstance(posts, dict) and isinstance(document.get("order"), list):
        for number, one in enumerate(posts.values(), 1):
            yield _one(one, f"posts {number}", reader)
        return
    said = reader.messages(document)
    if said is not None and not _is_list_of_others(said, reader):
        if not said:
            yield Unread("no message is in it", position=position, line=line, dropped=True)
        else:
            yield Found(document, position, line, said=said)
        return
    yield from _outer_lists(document, position, reader, line)


def _outer_lists(
    document: dict[str, Any], position: str, reader: Reader, line: int | None
) -> Iterator[Found | Unread]:
    channel, empty, some = _channel(document), False, False
    for key, value in document.items():
        if not isinstance(value, list):
            continue
        empty = empty or not value
        if _is_list_of_others(value, reader):
            some = True
            for number, one in enumerate(value, 1):
                yield _one(one, f"{key} {number}", reader, line, channel)
    if not some:
        reason = "no message is in it"
        if reader.is_post(document):
            yield Found(document, position, line)
        else:
            yield Unread(reason, position=position, line=line, dropped=empty)


def _is_list_of_others(values: list[Any], reader: Reader) -> bool:
    """Whether a list is one of services' messages or of transcripts, not of words said."""
    first = next((one for one in values if isinstance(one, dict)), None)
    return first is not None and (service_of(first) is not None or bool(reader.messages(first)))


def _one(
    record: Any, position: str, reader: Reader, line: int | None = None, channel: str = ""
) -> Found | Unread:
    if isinstance(record, dict):
        service = service_of(record)
        if service is not None:
            return Found(record, position, line, service=service, channel=channel)
    elif not isinstance(record, list):
        return Unread("not a JSON object", position=position, line=line)
    said = reader.messages(record)
    if said is not None and all(isinstance(one, dict | list) for one in said):
        if not said:
            return Unread("no message is in it", position=position, line=line, dropped=True)
        return Found(record, position, line, said=said)
    if isinstance(record, dict) and reader.is_post(record):
        return Found(record, position, line, channel=channel)
    return Unread("neither a message nor a list of messages", position=position, line=line)


def _bulk(kind: str, post: Any, position: str, line: int | None) -> Iterator[Found | Unread]:
    if kind not in _BULK:
        return  # the version, teams, channels and users: no messages
    if not isinstance(post, dict):
        yield Unread("not a JSON object", position=position, line=line)
        return
    members = post.get("channel_members")
    if isinstance(members, list):
        post = post | {"channel": " ".join(sorted(map(str, members)))}
    replies = post.get("replies")
    root = f"{post.get('user')} {post.get('create_at')}"
    yield Found(
        post, position, line, service="mattermost", more={"thread": root} if replies else {}
    )
    for number, reply in enumerate(replies if isinstance(replies, list) else [], 1):
        where = f"{position}, reply {number}"
        if not isinstance(reply, dict):
            yield Unread("not a JSON object", position=where, line=line)
            continue
        place = {name: post.get(name) for name in ("team", "channel")}
        yield Found(place | reply, where, line, service="mattermost", more={"thread": root})


def _channel(head: dict[str, Any]) -> str:
    """The channel that a document says its messages are of."""
    about = head.get("channel")
    if isinstance(about, dict):
        return str(about.get("name") or about.get("id") or "")
    name = head.get("name") or about
    return name if isinstance(name, str) else ""
