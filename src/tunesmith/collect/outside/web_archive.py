"""Web archives (WARC, WET, ARC; Common Crawl's and others): each captured page is a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Place
from tunesmith.collect.outside.html import decoded, page_of
from tunesmith.collect.outside.http_message import parse_answer
from tunesmith.collect.outside.others import OutsideSource
from tunesmith.collect.outside.pages_store import reserved_by
from tunesmith.collect.outside.warc import Record, Records, blocks_of
from tunesmith.collect.sandbox import Unreadable
from tunesmith.collect.times import parse_time
from tunesmith.errors import SourceError
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

_HTML = {"text/html", "application/xhtml+xml"}

#: Records that say something of a capture, and hold no page.
_ABOUT = {"warcinfo", "request", "metadata", "revisit"}


class WebArchiveSource(OutsideSource, FileSource):
    """Captured pages in web archives."""

    kind: Literal["web_archive"] = "web_archive"
    """The tag that names this kind of source."""
    category: str | None = None
    """The category of every page."""
    max_record_mib: float = Field(default=16.0, gt=0, le=512)
    """A larger record is quarantined; a page counts as decompressed."""

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one archive; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        about: Counter[str] = Counter()
        empty = True
        for number, record in enumerate(Records(place.path, self._limit), 1):
            empty = False
            position = f"record {number} at byte {record.at}"
            kind = record.headers.get("warc-type", "").lower()
            if kind in _ABOUT:
                about[kind] += 1
            elif record.problem is not None:
                builder.quarantine(record.problem, position=position)
            else:
                self._add(builder, record, kind, position)
            if builder.full:
                yield builder.take()
        for kind, count in sorted(about.items()):
            reason = f"{count:,} '{kind}' records hold no page"
            builder.drop(reason, position=f"'{kind}' records")
        if empty:
            builder.quarantine("there is no record in the file")
        yield builder.take()

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or files of which none begins as a web archive does."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if not any(map(_is_archive, files)):
            return [("path", "no web archive is there (WARC, WET or ARC, plain or .gz)")]
        return []

    @property
    def _limit(self) -> int:
        return int(self.max_record_mib * (1 << 20))

    def _add(self, builder: ChunkBuilder, record: Record, kind: str, position: str) -> None:
        try:
            found = self._page(record, kind)
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=position, raw=record.body)
            return
        if isinstance(found, str):
            builder.drop(found, position=position, raw=record.body)
            return
        page, notes = found
        address = record.headers.get("warc-target-uri", "").strip("<>") or None
        if record.headers.get("warc-truncated"):
            notes.append("the capture was cut short")
        values = {"kind": "document", "category": self.category} | page
        values |= {
            "position": position,
            "source_id": address,
            "timestamp": page["timestamp"] or _captured(record),
            "content_hash": content_hash(record.body),
        }
        key = record.headers.get("warc-record-id") or f"{address} {record.headers.get('warc-date')}"
        builder.add(key, values, notes)

    def _page(self, record: Record, kind: str) -> tuple[dict[str, Any], list[str]] | str:
        """The columns that a record fills and notes, or why it is left out.

        Raises:
            Unreadable: It cannot be read.
        """
        if record.headers.get("warc-target-uri", "").strip("<").startswith("metadata:"):
            return "written by the crawler about itself"
        content_type, body = record.headers.get("content-type", ""), record.body
        headers: dict[str, str] = {}
        if kind == "response" and content_type.lower().startswith("application/http"):
            answer = parse_answer(body, self._limit)
            if answer.status != 200:
                return f"the server answered {answer.status}"
            headers, body = answer.headers, answer.body
            content_type = headers.get("content-type", "")
        elif kind not in {"response", "resource", "conversion"}:
            return "a record of a kind that holds no page"
        reserved = reserved_by(headers)
        if reserved is not None:
            return reserved
        return _document(body, content_type, headers)


def _document(
    body: bytes, content_type: str, headers: dict[str, str]
) -> tuple[dict[str, Any], list[str]] | str:
    media = content_type.partition(";")[0].strip().lower()
    html = media in _HTML or (not media and body[:512].lstrip()[:1] == b"<")
    if not html and media != "text/plain":
        return "its content is neither HTML nor plain text"
    if not body.strip():
        return "the page is empty"
    text, notes = decoded(body, content_type)
    if "\0" in text:
        raise Unreadable(f"NUL byte at letter {text.index(chr(0)) + 1} of the page")
    if not html:
        return {"text": text.strip(), "timestamp": _modified(headers), "license": None}, notes
    page = page_of(text)
    reserved = page.pop("reserved")
    if reserved is not None:
        return str(reserved)
    page["timestamp"] = page["timestamp"] or _modified(headers)
    return page, notes


def _modified(headers: dict[str, str]) -> Any:
    words = headers.get("last-modified")
    return parse_time(words, UTC) if words else None


def _captured(record: Record) -> Any:
    """When the page was captured: it said so then at the latest."""
    words = record.headers.get("warc-date", "")
    return parse_time(words, UTC) or parse_time(words[:14], UTC, "%Y%m%d%H%M%S")


def _is_archive(path: Path) -> bool:
    first = next(iter(blocks_of(path)), None)
    return first is not None and first.raw.lstrip(b"\r\n").startswith((b"WARC/", b"filedesc:"))
