"""The addresses of pages that a sitemap names (sitemaps.org)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from tunesmith.collect.outside.xml import Handler, parse
from tunesmith.collect.sandbox import Unreadable

if TYPE_CHECKING:
    from tunesmith.collect.outside.fetch import Fetcher

#: The protocol's own limits: 50,000 addresses and 50 MiB a sitemap; and ours for an index of them.
MAX_ADDRESSES, MAX_BYTES, MAX_SITEMAPS = 50_000, 50 << 20, 100


class _Locations(Handler):
    def __init__(self) -> None:
        self.index = False
        self.found: list[str] = []
        self._inside: list[str] = []
        self._words: list[str] = []

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        self.index = self.index or name == "sitemapindex"
        self._inside.append(name)
        self._words = []

    def ends(self, name: str) -> None:
        self._inside.pop()
        parent = self._inside[-1] if self._inside else ""
        if name == "loc" and parent in {"url", "sitemap"} and len(self.found) < MAX_ADDRESSES:
            self.found.append("".join(self._words).strip())
        self._words = []

    def says(self, words: str) -> None:
        if self._inside and self._inside[-1] == "loc":
            self._words.append(words)


def addresses_of(url: str, fetcher: Fetcher) -> list[str]:
    """All pages of a sitemap, and of those that it is an index of.

    Raises:
        Unreadable: It, or one of them, cannot be had or is not a sitemap.
    """
    waiting, pages, seen = [url], [], {url}
    while waiting:
        answer = fetcher.get(waiting.pop(0))
        if answer.status != 200:
            raise Unreadable(f"the server answered {answer.status}")
        locations = _Locations()
        parse(_plain(answer.body), locations)
        if not locations.index:
            pages += locations.found
            continue
        for address in locations.found:
            if address not in seen:
                seen.add(address)
                waiting.append(address)
        if len(seen) > MAX_SITEMAPS:
            raise Unreadable(f"it names more than {MAX_SITEMAPS} sitemaps")
    return pages


def _plain(raw: bytes) -> bytes:
    """A sitemap's bytes; many are kept as .gz."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        plain = zlib.decompressobj(47).decompress(raw, MAX_BYTES + 1)
    except zlib.error:
        raise Unreadable("it cannot be decompressed") from None
    if len(plain) > MAX_BYTES:
        raise Unreadable(f"it has more than {MAX_BYTES:,} bytes")
    return plain
