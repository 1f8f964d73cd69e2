"""Whether a file is of a kind: by its first bytes, by a few of its elements, or by its source."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from tunesmith.collect import (
    CallSource,
    Source,
    TicketExportSource,
    WebArchiveSource,
    WikipediaSource,
)
from tunesmith.collect.calls import spoken_json
from tunesmith.collect.calls.speech import Speech
from tunesmith.collect.calls.spoken_json import SpokenFields
from tunesmith.collect.chats import logs, records, slack
from tunesmith.collect.chats.roles import Roles
from tunesmith.collect.chats.transcripts import Fields, Reader
from tunesmith.collect.documents.archive import Archive
from tunesmith.collect.encoding import detect
from tunesmith.collect.lines import read_lines
from tunesmith.collect.mail.headers import Head, plain
from tunesmith.collect.sandbox import Unreadable

#: How much of a file is looked at to tell what it is.
HEAD_BYTES = 64 << 10

_ELEMENTS, _ELEMENT_BYTES = 50, 8 << 20
_MBOX = re.compile(rb"From [^\n]*\d{1,2}:\d\d[^\n]*\d{4}")
_SENT = re.compile(rb"^(?:date|received|message-id):", re.IGNORECASE | re.MULTILINE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_PROGRAM = re.compile(r"\b(?:DEBUG|INFO|WARN|WARNING|ERROR|TRACE|FATAL|CRITICAL)\b")
_READER = Reader(Fields(), Roles(agents=[], bots=[], roles={}), (0.0, 5.0), ZoneInfo("UTC"))


def head(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _accepts(source: Source, path: Path) -> bool:
    """Whether a source that names this file alone finds nothing wrong with it."""
    return path.stat().st_size > 0 and not source.problems(path.parent)


# ── Text and archives ────────────────────────────────────────────────────────────────────────────


def is_sqlite(path: Path) -> bool:
    """An SQLite database."""
    return head(path).startswith(b"SQLite format 3\0")


def is_mail(path: Path) -> bool:
    """A mail, or a mailbox, by its headers."""
    start = head(path).lstrip(b"\r\n")
    if _MBOX.match(start):
        return True
    top = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0] + b"\n\n"
    about = Head(plain(top))
    return about.of_a_mail and about.raw("from") is not None and _SENT.search(top) is not None


def is_outlook(path: Path) -> bool:
    """A mail as Outlook saves it, or a plain one of that name."""
    return head(path).startswith(b"\xd0\xcf\x11\xe0") or is_mail(path)


def is_subtitles(path: Path) -> bool:
    """WebVTT or SRT."""
    return _accepts(CallSource(name="look", path=str(path.resolve())), path)


def is_log(path: Path) -> bool:
    """A log of a chat; pages of questions and logs of programs are none."""
    if path.stat().st_size == 0:
        return False
    encoding = detect(path)
    form = logs.format_of(path, encoding, _ELEMENT_BYTES)
    if form != "log":
        return form is not None
    lines = itertools.islice(read_lines(path, encoding, max_bytes=_ELEMENT_BYTES), 200)
    texts = [line.text for line in lines if line.text is not None and line.text.strip()]
    timed = sum(_CLOCK.search(text[:80]) is not None for text in texts)
    programs = sum(_PROGRAM.search(text[:80]) is not None for text in texts)
    return 2 * timed >= len(texts) and 2 * programs < len(texts)


def is_web_archive(path: Path) -> bool:
    """WARC, WET or ARC; a WAT has no pages."""
    if ".wat" in path.suffixes:
        return False
    return _accepts(WebArchiveSource(name="look", path=str(path.resolve())), path)


def is_dump(path: Path) -> bool:
    """A dump of MediaWiki."""
    return _accepts(WikipediaSource(name="look", path=str(path.resolve())), path)


def _zip_names(path: Path) -> set[str]:
    """The names of a zip's files, without folders."""
    try:
        with Archive(path).file as file:
            return {name.rpartition("/")[2] for name in file.namelist()}
    except Unreadable:
        return set()


def is_slack_zip(path: Path) -> bool:
    """Slack's export."""
    names = _zip_names(path)
    return not names.isdisjoint(slack.ABOUT[:2]) and any(map(slack.DAY.fullmatch, names))


def is_confluence_zip(path: Path) -> bool:
    """An export of Confluence."""
    return not _zip_names(path).isdisjoint({"entities.xml", "index.html"})


def is_confluence_xml(path: Path) -> bool:
    """An export of Confluence, unpacked."""
    return b"<hibernate-generic" in head(path)


def is_article(path: Path) -> bool:
    """An article in JATS."""
    start = head(path)
    return b"<article" in start and re.search(rb"JATS|NLM//DTD|article-type=", start) is not None


def is_latex_archive(path: Path) -> bool:
    """A LaTeX source as arXiv gives it: one file or a tar, compressed."""
    try:
        start = zlib.decompressobj(wbits=31).decompress(head(path), 1 << 20)
    except zlib.error:
        return False
    return b"\\documentclass" in start or b"\\begin{document}" in start


# ── JSON and XML ─────────────────────────────────────────────────────────────────────────────────


def is_ticket_export(path: Path) -> bool:
    """What a ticket system writes, as its source recognises it."""
    start = head(path)
    page = path.suffix.lower() in {".html", ".htm"}
    if page and b"askbot" not in start.lower():
        return False
    if not page and start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1] not in {b"{", b"[", b"<"}:
        return False
    return _accepts(TicketExportSource(name="look", path=str(path.resolve())), path)


def is_confluence_json(path: Path) -> bool:
    """Pages as Confluence's API gives them."""
    start = head(path)
    return b'"storage"' in start and b'"representation"' in start and b'"body"' in start


def is_s2orc(path: Path) -> bool:
    """A paper in S2ORC's form."""
    start = head(path)
    if b'"paper_id"' not in start or path.stat().st_size > _ELEMENT_BYTES:
        return False
    try:
        given = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return False
    parsed = {"body_text", "latex_parse", "pdf_parse", "grobid_parse"}
    return isinstance(given, dict) and not parsed.isdisjoint(given)


def is_spoken_json(path: Path) -> bool:
    """A transcript of a call: words with when they began and when they ended."""
    if not head(path).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    found = spoken_json.read(path, detect(path), SpokenFields(), max_bytes=_ELEMENT_BYTES)
    first = list(itertools.islice(found, _ELEMENTS))
    timed = [
        one for one in first
        if isinstance(one, Speech) and one.start is not None and one.end is not None
    ]  # fmt: skip
    return len(timed) >= 2 and 2 * len(timed) >= len(first)


def is_chat_json(path: Path) -> bool:
    """Messages of a chat service, or transcripts."""
    if path.stat().st_size == 0 or not records.is_json(path, encoding := detect(path)):
        return False
    found = records.found_in(path, encoding, _READER, _ELEMENT_BYTES)
    first = list(itertools.islice(found, _ELEMENTS))
    talked = sum(isinstance(one, records.Found) and _is_said(one) for one in first)
    return talked > 0 and 2 * talked >= len(first)


def _is_said(one: records.Found) -> bool:
    if one.said is None:
        return True  # a service's message, or one with who wrote it
    return any(_is_turn(turn) for turn in one.said[:10])


def _is_turn(turn: Any) -> bool:
    if isinstance(turn, list):
        return len(turn) >= 2 and all(isinstance(word, str) for word in turn[:2])
    return isinstance(turn, dict) and _READER.post(turn, "") is not None


def annotated(path: Path) -> Iterator[Path]:
    """The logs that a file of annotations may belong to."""
    stem = path.name.removesuffix(".annotation.txt")
    if stem != path.name:
        yield from (path.with_name(stem + end) for end in (".raw.txt", ".ascii.txt", ".log"))
