"""Pages that were fetched, kept from one run to the next.

A page is one file: a line of JSON and its body. What it gives depends on this file alone. Beside it
lies what the server said to ask with next time (`ETag`, `Last-Modified`), which changes more often.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tunesmith.collect.licenses import spdx_of
from tunesmith.collect.sandbox import Unreadable
from tunesmith.io import read_json, write_bytes, write_json

if TYPE_CHECKING:
    from tunesmith.collect.outside.fetch import Answer, Fetcher

_LIST = "pages.json"

#: What is not a page but says that there are more of them than may be fetched.
_REST = "rest"

_LICENSE_LINK = re.compile(r"<([^>]{1,300})>\s*;[^,]{0,200}?rel=\"?license\b", re.IGNORECASE)


@dataclass(frozen=True)
class Stored:
    """A page as it lies in the folder."""

    url: str
    """Where it was in the end of its redirects."""
    content_type: str | None = None
    last_modified: str | None = None
    license: str | None = None
    """What the server's own headers say: an SPDX identifier."""
    reserved: str | None = None
    """Why it may not be mined, as the headers say."""
    problem: str | None = None
    """Why there is no page."""
    dropped: bool = False
    """Whether that is a rule's doing, or the page is gone: nothing that could be mended."""
    body: bytes = b""

    @classmethod
    def read(cls, path: Path) -> Stored:
        """A page from its file."""
        head, _, body = path.read_bytes().partition(b"\n")
        return cls(**orjson.loads(head), body=body)

    def write(self, path: Path) -> None:
        """Write it, if that changes anything."""
        head = {name: value for name, value in asdict(self).items() if name != "body"}
        raw = orjson.dumps(head, option=orjson.OPT_SORT_KEYS) + b"\n" + self.body
        if not path.exists() or path.read_bytes() != raw:
            write_bytes(path, raw)


class PageStore:
    """The pages of one source.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def listed(self) -> list[tuple[str, Path]]:
        """Addresses and files of all pages of the last run, in the order of the recipe's list."""
        path = self._folder / _LIST
        names: list[str] = read_json(path) if path.exists() else []
        return [(name, self._page(name)) for name in names]

    def renew(self, url: str, fetcher: Fetcher) -> None:
        """Fetch a page if it is not what lies here.

        Args:
            url: Its address.
            fetcher: Fetches it.
        """
        path, tags = self._page(url), self._tags(url)
        before = Stored.read(path) if path.exists() else None
        known: dict[str, str] = read_json(tags) if before and tags.exists() else {}
        try:
            answer = fetcher.get(url, known)
        except Unreadable as problem:
            kept = before or Stored(url)
            refused = "robots.txt does not allow" in problem.reason
            replace(kept, problem=problem.reason, dropped=refused).write(path)
            return
        if answer.status == 304 and before is not None:
            replace(before, problem=None, dropped=False).write(path)
            return
        page = _stored(answer)
        if page.problem is not None and before is not None and not page.dropped:
            page = replace(before, problem=page.problem, dropped=False)
        elif before is not None and before.body == page.body and not page.problem:
            # Servers that make a page anew for everybody date it anew each time.
            page = replace(page, last_modified=before.last_modified)
        page.write(path)
        if answer.status == 200:
            write_json(tags, _validators(answer))

    def settle(self, urls: list[str], *, left_out: int) -> None:
        """Keep these pages and no other.

        Args:
            urls: Their addresses, in order.
            left_out: How many more there are than may be fetched.
        """
        names = list(urls)
        if left_out:
            names.append(_REST)
            reason = f"{left_out:,} more pages than max_pages allows"
            Stored(_REST, problem=reason, dropped=True).write(self._page(_REST))
        write_json(self._folder / _LIST, names)
        kept = {self._folder / _LIST}
        kept |= {self._page(name) for name in names} | {self._tags(name) for name in names}
        for path in self._folder.iterdir():
            if path not in kept:
                path.unlink()

    def _page(self, url: str) -> Path:
        return self._folder / f"{_key(url)}.page"

    def _tags(self, url: str) -> Path:
        return self._folder / f"{_key(url)}.json"


def _key(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _stored(answer: Answer) -> Stored:
    """What an answer says, as it is kept."""
    if answer.status in {404, 410}:
        return Stored(answer.url, problem=f"the page is gone ({answer.status})", dropped=True)
    if answer.status != 200:
        return Stored(answer.url, problem=f"the server answered {answer.status}")
    headers = answer.headers
    link = _LICENSE_LINK.search(headers.get("link", "")[:4_000])
    return Stored(
        answer.url,
        content_type=headers.get("content-type"),
        last_modified=headers.get("last-modified"),
        license=spdx_of(link[1]) if link is not None else None,
        reserved=reserved_by(headers),
        body=answer.body,
    )


def reserved_by(headers: dict[str, str]) -> str | None:
    """Why a server's headers say that a page may not be mined, or null."""
    if headers.get("tdm-reservation", "").strip() == "1":
        return "the server reserves text and data mining"
    if "noai" in re.split(r"[\s,:]+", headers.get("x-robots-tag", "").lower()):
        return "the server says noai to robots"
    return None


def _validators(answer: Answer) -> dict[str, Any]:
    known = {
        "If-None-Match": answer.headers.get("etag"),
        "If-Modified-Since": answer.headers.get("last-modified"),
    }
    return {name: value for name, value in known.items() if value}
