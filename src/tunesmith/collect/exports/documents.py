"""The documents in the files of an export: JSON, one object a line, XML, or a forum's HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.exports import markup
from tunesmith.collect.exports.parts import Where
from tunesmith.collect.lines import MIB, read_lines
from tunesmith.collect.rows import TORN
from tunesmith.collect.sandbox import Unreadable, shared
from tunesmith.collect.talk_source import Unread

_START_BYTES = 4_096


class Document(NamedTuple):
    """A document, and where it is."""

    where: Where
    value: Any


class Limits(NamedTuple):
    """How large what is read may be, in bytes."""

    document: int
    line: int


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """The documents of a file, in order; what cannot be read is said with its place.

    Args:
        path: The file.
        name: As records carry it.
        limits: Larger things are not read.
    """
    where = Where(name)
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    opening = _opening(start)
    if not opening.strip():
        yield where.unread("the file is empty")
    elif opening.startswith("<"):
        yield from _markup(path, where, opening, limits)
    elif opening[:1] not in {"{", "["}:
        yield where.unread("neither JSON nor XML: not an export that is known")
    elif lines(path, limits):
        yield from _lines(path, where, limits)
    else:
        yield from _document(path, where, limits)


def _opening(start: bytes) -> str:
    """The first letters of a file, whatever its encoding."""
    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if start.startswith(mark):
            return start.decode(name, "ignore").lstrip()
    return start.decode("utf-8-sig", "ignore").lstrip()


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


def lines(path: Path, limits: Limits) -> bool:
    """Whether a file has one JSON object a line, and more than one."""
    with path.open("rb") as file:
        top = file.readline(limits.line + 1).strip()
        while not top and file.tell() < path.stat().st_size:
            top = file.readline(limits.line + 1).strip()
        if len(top) < 2 or not top.startswith(b"{") or not top.endswith(b"}"):
            return False
        rest = file.read(_START_BYTES).strip()
    return rest.startswith(b"{") and _loads(top) is not None


def _loads(raw: bytes | str) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _lines(path: Path, where: Where, limits: Limits) -> Iterator[Document | Unread]:
    encoding = Encoding("utf-8", declared=False)
    for line in read_lines(path, encoding, max_bytes=limits.line):
        place = Where(where.file, line=line.number)
        if line.text is None:
            yield place.unread(line.problem or "not text")
            continue
        if not line.text.strip():
            continue
        try:
            value = orjson.loads(line.text)
        except orjson.JSONDecodeError as error:
            problem = f"not valid JSON at column {error.colno}"
            yield place.unread(problem if line.ended else f"{TORN} ({problem})")
        else:
            yield Document(place, value)


def _document(path: Path, where: Where, limits: Limits) -> Iterator[Document | Unread]:
    # The text of a document, its values and the talks made of them are all in memory at once.
    size = path.stat().st_size
    if size > limits.document:
        yield where.unread(
            f"one JSON document of {size / MIB:,.0f} MiB, more than max_document_mib: "
            "write one object a line, or raise it"
        )
        return
    raw = path.read_bytes()
    try:
        yield Document(where, _parsed(path, raw))
    except UnicodeDecodeError:
        yield where.unread("not text in any known encoding")
    except orjson.JSONDecodeError as error:
        torn = error.pos >= len(error.doc.rstrip()) or "end of data" in error.msg
        words = "the file ends in the middle of the JSON document" if torn else "not valid JSON"
        yield Where(where.file, f"line {error.lineno}").unread(
            f"{words} (line {error.lineno}, column {error.colno})"
        )


def _parsed(path: Path, raw: bytes) -> Any:
    """The value of a JSON document; JSON is UTF-8, and some systems write another encoding."""
    text: bytes | str = raw
    try:
        raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(detect(path).name)
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode(detect(path).name).removeprefix("\ufeff")
    return orjson.loads(text)


# ── XML and HTML ─────────────────────────────────────────────────────────────────────────────────


def _markup(path: Path, where: Where, opening: str, limits: Limits) -> Iterator[Document | Unread]:
    size = path.stat().st_size
    if size > limits.document:
        yield where.unread(f"a document of {size / MIB:,.0f} MiB, more than max_document_mib")
        return
    head = opening[:1_000].lower()
    page = "<html" in head or "<!doctype html" in head
    try:
        value = shared().call(markup.askbot_page if page else markup.xml_records, str(path))
    except Unreadable as problem:
        yield Where(where.file, problem.position or "").unread(problem.reason)
        return
    yield Document(where, value)
    if value.get("problem"):
        line = value["line"]
        yield Where(where.file, f"line {line}").unread(value["problem"])
