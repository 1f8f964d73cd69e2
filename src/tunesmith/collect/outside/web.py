"""Pages of the web: what a list or a sitemap names, fetched politely, as documents."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from tunesmith.collect.base import Chunk, ChunkBuilder, Piece, Place, Stretch
from tunesmith.collect.outside.html import decoded, markdown_of, page_of
from tunesmith.collect.outside.others import OutsideSource
from tunesmith.collect.outside.pages_store import PageStore, Stored
from tunesmith.collect.sandbox import Unreadable
from tunesmith.collect.times import parse_time
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

#: Settings that say how and which pages are fetched; what a page gives does not depend on them.
_FETCHING = {
    "pages", "sitemaps", "contact", "requests_per_second", "max_delay_s", "timeout_s",
    "max_page_mib", "max_pages", "ports", "allow_private",
}  # fmt: skip

_HTML = {"text/html", "application/xhtml+xml"}
_MARKDOWN = {"text/markdown", "text/x-markdown"}
_PLAIN = {"text/plain"}
_CONTENT_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}")


class WebSource(OutsideSource):
    """Pages fetched over HTTP: each is one document."""

    kind: Literal["web"] = "web"
    """The tag that names this kind of source."""
    pages: list[str] | str = []
    """Addresses of pages, or a file with one a line (relative to the recipe's folder)."""
    sitemaps: list[str] = []
    """Addresses of sitemap.xml files whose pages are fetched too."""
    contact: str | None = None
    """An address (a page or e-mail) in the User-Agent, for those who are asked for pages."""
    requests_per_second: float = Field(default=1.0, gt=0, le=100)
    """How often one host is asked; its `Crawl-delay` makes it less."""
    max_delay_s: float = Field(default=60.0, gt=0)
    """A host whose robots.txt asks for longer pauses is not asked at all."""
    timeout_s: float = Field(default=30.0, gt=0)
    """How long a page may take, from the connection to its last byte."""
    max_page_mib: float = Field(default=8.0, gt=0)
    """A larger page is quarantined; it counts as decompressed."""
    max_pages: int = Field(default=1_000, ge=1)
    """No more pages are fetched than this."""
    ports: list[int] = [80, 443]
    """The ports that are connected to."""
    allow_private: bool = False
    """DANGEROUS: connect to private addresses too (this machine, the company's network, a cloud's
    metadata), and to any port. Only for lists of pages that you wrote yourself, such as a wiki of
    your intranet."""
    category: str | None = None
    """The category of every page."""

    def settings(self) -> dict[str, Any]:
        """See `Source.settings`; how pages are fetched is not one of them."""
        return self.model_dump(mode="json", exclude=_FETCHING)

    def files(self, base: Path) -> list[Path]:
        """The file with the addresses, if that is how they are given."""
        return [base / self.pages] if isinstance(self.pages, str) else []

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """No address, addresses that are none, packages that are not there; nothing is fetched."""
        found: list[tuple[str, str]] = []
        missing = _missing()
        if missing is not None:
            found.append(("kind", f"{missing.what} ({missing.todo})"))
        try:
            urls = self._listed(base)
        except SourceError as error:
            return [*found, ("pages", error.what)]
        if not urls and not self.sitemaps:
            found.append(("pages", "there is no address; list pages or sitemaps"))
        for name, given in (("pages", urls), ("sitemaps", self.sitemaps)):
            wrong = [number for number, url in enumerate(given, 1) if not _is_address(url)]
            if wrong:
                found.append(
                    (name, f"entry {wrong[0]} is not an http or https address ({len(wrong)} such)")
                )
        return found

    def gather(self, base: Path, folder: Path) -> None:
        """Fetch what changed since the last run; see `Source.gather`.

        Raises:
            SourceError: A sitemap cannot be had, so that the pages are not known.
            MissingExtraError: The packages of the extra `web` are not there.
        """
        missing = _missing()
        if missing is not None:
            raise missing
        from tunesmith.collect.outside.fetch import Fetcher, Manners
        from tunesmith.collect.outside.sitemap import addresses_of

        fetcher = Fetcher(
            Manners(
                contact=self.contact,
                requests_per_second=self.requests_per_second,
                max_delay_s=self.max_delay_s,
                timeout_s=self.timeout_s,
                max_bytes=int(self.max_page_mib * (1 << 20)),
                ports=tuple(self.ports),
                allow_private=self.allow_private,
            )
        )
        store = PageStore(folder)
        try:
            urls = self._listed(base)
            for number, sitemap in enumerate(self.sitemaps, 1):
                try:
                    urls += addresses_of(sitemap, fetcher)
                except Unreadable as problem:
                    raise SourceError(
                        f"sitemap {number} cannot be read: {problem.reason}",
                        where=f"source '{self.name}'",
                    ) from None
            urls = list(dict.fromkeys(urls))
            for url in urls[: self.max_pages]:
                store.renew(url, fetcher)
        finally:
            fetcher.close()
        store.settle(urls[: self.max_pages], left_out=max(0, len(urls) - self.max_pages))

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each page that was fetched; see `Source.pieces`."""
        return [
            Piece((Stretch(path.resolve(), url),), seen.sha256(path))
            for url, path in PageStore(folder).listed()
        ]

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one page; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        stored = Stored.read(place.path)
        if stored.problem is not None:
            leave = builder.drop if stored.dropped else builder.quarantine
            leave(stored.problem)
        else:
            self._add(builder, stored)
        yield builder.take()

    def _add(self, builder: ChunkBuilder, stored: Stored) -> None:
        try:
            page, notes = _page(stored)
        except Unreadable as problem:
            builder.quarantine(problem.reason, raw=stored.body)
            return
        reserved = page.pop("reserved", None) or stored.reserved
        if reserved:
            builder.drop(reserved, raw=stored.body)
            return
        page["license"] = stored.license or page["license"]
        page["content_hash"] = content_hash(stored.body)
        if page["timestamp"] is None and stored.last_modified:
            page["timestamp"] = _http_time(stored.last_modified)
        if stored.url != self_url(builder):
            page["extra"] = [*page["extra"], {"key": "url", "value": stored.url}]
        builder.add("page", {"kind": "document", "category": self.category} | page, notes)

    def _listed(self, base: Path) -> list[str]:
        """The addresses that the recipe or its file names, in order.

        Raises:
            SourceError: The file cannot be read.
        """
        if not isinstance(self.pages, str):
            return list(self.pages)
        path = base / self.pages
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(
                f"there is no list of addresses '{self.pages}' that can be read",
                where=f"source '{self.name}'",
                todo=f"a relative path starts at {base}",
            ) from error
        stripped = (line.strip() for line in lines)
        return [line for line in stripped if line and not line.startswith("#")]


def self_url(builder: ChunkBuilder) -> str:
    """The address that a page was asked for under."""
    return builder.place.name


def _page(stored: Stored) -> tuple[dict[str, Any], list[str]]:
    """The columns that a page fills, and notes.

    Raises:
        Unreadable: There is no text in it.
    """
    kind = (stored.content_type or "").partition(";")[0].strip().lower()
    if not stored.body:
        raise Unreadable("the page is empty")
    looks_like_html = stored.body[:1024].lstrip()[:1] == b"<"
    if kind not in _HTML | _MARKDOWN | _PLAIN and not (not kind and looks_like_html):
        named = f"'{kind}'" if _CONTENT_TYPE.fullmatch(kind) else "such a content type"
        raise Unreadable(f"a web source does not read {named}")
    text, notes = decoded(stored.body, stored.content_type)
    if "\0" in text:
        raise Unreadable(f"NUL byte at letter {text.index(chr(0)) + 1}")
    if kind in _HTML or not kind:
        return page_of(text), notes
    if kind in _MARKDOWN:
        return markdown_of(text), notes
    plain: dict[str, Any] = {"text": text.strip(), "timestamp": None, "extra": [], "license": None}
    return plain, notes


def _http_time(words: str) -> Any:
    from datetime import UTC

    return parse_time(words, UTC)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _missing() -> MissingExtraError | None:
    for module, package in (("httpx", "httpx"), ("protego", "protego")):
        if importlib.util.find_spec(module) is None:
            return MissingExtraError(package, "web")
    return None
