"""Dumps of MediaWiki (Wikipedia's `pages-articles`, `Special:Export`): each page is a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field

from tunesmith.collect import wikitext
from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Place
from tunesmith.collect.outside import streams
from tunesmith.collect.outside.dump import Cut, pages_in, utf8
from tunesmith.collect.outside.others import OutsideSource
from tunesmith.collect.outside.xml import Handler, parse
from tunesmith.collect.sandbox import Unreadable
from tunesmith.collect.times import parse_time
from tunesmith.errors import SourceError
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

#: The projects of the Wikimedia foundation whose texts may be used under CC BY-SA 4.0. Most of
#: Wikipedia's may be used under the GFDL as well, as long as nothing was brought in from elsewhere;
#: a dump does not say which, so that the licence that holds for all is named.
_SHARED_ALIKE = re.compile(
    r"(^|\.)(wikipedia|wiktionary|wikibooks|wikiquote|wikisource|wikiversity|wikivoyage|wikimedia|mediawiki)\.org$"
)
_LICENSES = ((re.compile(r"(^|\.)wikidata\.org$"), "CC0-1.0"),
             (re.compile(r"(^|\.)wikinews\.org$"), "CC-BY-2.5"),
             (_SHARED_ALIKE, "CC-BY-SA-4.0"))  # fmt: skip


class WikipediaSource(OutsideSource, FileSource):
    """Pages of a wiki, from a dump in MediaWiki's export format."""

    kind: Literal["wikipedia"] = "wikipedia"
    """The tag that names this kind of source."""
    namespaces: list[int] = [0]
    """The namespaces whose pages are taken: 0 are articles; others are dropped."""
    category: str | None = None
    """The category of every page."""
    max_page_mib: float = Field(default=8.0, gt=0, le=256)
    """A larger page (its XML) is quarantined."""

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one dump; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        site = _Site()
        limit = int(self.max_page_mib * (1 << 20))
        try:
            for number, cut in enumerate(pages_in(utf8(streams.blocks(place.path)), limit)):
                if number == 0:
                    site = _site(cut)
                elif cut.raw is None:
                    builder.quarantine(cut.problem, position=f"page {number}")
                else:
                    self._add(builder, site, cut.raw, f"page {number}")
                if builder.full:
                    yield builder.take()
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=problem.position)
        yield builder.take()

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or files of which none begins as a dump does."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if not any(map(_is_dump, files)):
            return [("path", "no MediaWiki dump is there (XML that begins with <mediawiki>)")]
        return []

    def _add(self, builder: ChunkBuilder, site: _Site, raw: bytes, position: str) -> None:
        page = _Page()
        try:
            parse(raw, page)
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=position, raw=raw)
            return
        if page.text is None:
            builder.quarantine("the page has no text", position=position, raw=raw)
            return
        reason = self._left_out(page)
        if reason is not None:
            builder.drop(reason, position=position, raw=raw)
            return
        read = wikitext.plain(page.text, files=site.files, categories=site.categories)
        if read.redirect:
            builder.drop("a redirect", position=position, raw=raw)
        elif not read.text:
            builder.drop("no words are left without templates", position=position, raw=raw)
        else:
            values = self._values(site, page, read)
            values |= {"position": position, "content_hash": content_hash(raw)}
            builder.add(page.id or position, values, [])

    def _left_out(self, page: _Page) -> str | None:
        if page.redirect:
            return "a redirect"
        if page.namespace not in self.namespaces:
            return f"namespace {page.namespace} is not collected"
        if page.model not in {"", "wikitext"}:
            return "its content is not wikitext"
        return None

    def _values(self, site: _Site, page: _Page, read: wikitext.WikiText) -> dict[str, Any]:
        extra = [("title", page.title), ("url", site.url(page.title)), ("revision", page.revision)]
        title = f"# {page.title}\n\n" if page.title else ""
        return {
            "kind": "document",
            "text": title + read.text,
            "category": self.category,
            "labels": read.categories,
            "source_id": page.id or None,
            "timestamp": parse_time(page.timestamp, UTC) if page.timestamp else None,
            "role": "editor",
            "license": self.license or site.license,
            "extra": [{"key": key, "value": value} for key, value in extra if value],
        }


@dataclass
class _Site(Handler):
    """What a dump says of its wiki."""

    base: str = ""
    files: set[str] = field(default_factory=lambda: {"file", "image"})
    categories: set[str] = field(default_factory=lambda: {"category"})
    _key: str = ""
    _name: str = ""

    @property
    def license(self) -> str | None:
        """The licence of the wiki's texts, where it is known."""
        host = self._host
        return next((name for pattern, name in _LICENSES if pattern.search(host)), None)

    @property
    def _host(self) -> str:
        try:
            return urlsplit(self.base).hostname or ""
        except ValueError:
            return ""

    def url(self, title: str) -> str | None:
        """A page's address."""
        if not self._host or not title:
            return None
        return f"https://{self._host}/wiki/{quote(title.replace(' ', '_'), safe='/:(),')}"

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        self._name, self._key = name, attributes.get("key", "")

    def ends(self, name: str) -> None:
        self._name = ""

    def says(self, words: str) -> None:
        if self._name == "base":
            self.base += words
        elif self._name == "namespace" and self._key in {"6", "14"}:
            (self.files if self._key == "6" else self.categories).add(words.strip().lower())


class _Page(Handler):
    """A page and its last revision."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.text: str | None = None
        self.redirect = False
        self._path: list[str] = []
        self._words: list[str] = []

    @property
    def title(self) -> str:
        return self.fields.get("page/title", "").strip()

    @property
    def id(self) -> str:
        return self.fields.get("page/id", "").strip()

    @property
    def revision(self) -> str:
        return self.fields.get("page/revision/id", "").strip()

    @property
    def timestamp(self) -> str:
        return self.fields.get("page/revision/timestamp", "").strip()

    @property
    def model(self) -> str:
        return self.fields.get("page/revision/model", "").strip()

    @property
    def namespace(self) -> int:
        words = self.fields.get("page/ns", "0").strip()
        return int(words) if re.fullmatch(r"-?[0-9]{1,6}", words) else 0

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._words = []
        path = "/".join(self._path)
        self.redirect = self.redirect or path == "page/redirect"
        if path == "page/revision":
            # Of a page with its history the last revision counts.
            self.text = None
            self.fields.pop("page/revision/model", None)

    def ends(self, name: str) -> None:
        path, words = "/".join(self._path), "".join(self._words)
        self._path.pop()
        self._words = []
        if path == "page/revision/text":
            self.text = words or None
        elif len(path) < 40:
            self.fields[path] = words

    def says(self, words: str) -> None:
        self._words.append(words)


def _site(cut: Cut) -> _Site:
    """What stands before the first page.

    Raises:
        Unreadable: It is not the beginning of a dump.
    """
    site = _Site()
    if cut.raw is None or b"<mediawiki" not in cut.raw[:4096]:
        raise Unreadable("it does not begin as a MediaWiki dump does")
    if b"</siteinfo>" in cut.raw:
        start = cut.raw.find(b"<siteinfo")
        end = cut.raw.find(b"</siteinfo>") + len(b"</siteinfo>")
        parse(cut.raw[start:end], site)
    return site


def _is_dump(path: Path) -> bool:
    try:
        first = next(pages_in(utf8(streams.blocks(path)), 1 << 20), None)
        return first is not None and first.raw is not None and b"<mediawiki" in first.raw[:4096]
    except Unreadable:
        return False
