"""Documentation of open-source projects: a tree of files, as a folder or an archive."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

from pydantic import Field

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Piece, Place, Stretch
from tunesmith.collect.licenses import spdx_of, spdx_of_text
from tunesmith.collect.outside import archives, markup
from tunesmith.collect.outside.archives import Member
from tunesmith.collect.outside.html import decoded, markdown_of, page_of
from tunesmith.collect.outside.others import OutsideSource
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import SourceError
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

_MARKDOWN = {".md", ".markdown", ".mdx", ".mkd"}
_RST = {".rst", ".rest"}
_ASCIIDOC = {".adoc", ".asciidoc", ".asc"}
_HTML = {".html", ".htm", ".xhtml"}
_PAGES = _MARKDOWN | _RST | _ASCIIDOC | _HTML | {".ipynb"}
_LICENSE_FILE = re.compile(r"^(un)?(licen[sc]e|copying)([-_.][\w.-]{1,30})?$", re.IGNORECASE)
_BADGE = re.compile(
    r"img\.shields\.io/badge/licen[sc]e-([\w.+ %-]{2,40}?)-[\w]{2,20}(?:\.svg)?\b", re.IGNORECASE
)
_SAID = re.compile(
    r"^(?:#{0,6}\s{0,3})?licen[sc]e:?\s{1,5}([\w.+ -]{2,60}?)\s{0,3}$", re.IGNORECASE | re.MULTILINE
)
_HEADING = re.compile(r"^#{1,6} (.{1,300})$", re.MULTILINE)

T = TypeVar("T")

#: Folders of programs, not of people.
_HIDDEN = {"node_modules", "__pycache__", ".git", "site-packages"}


class DocsTreeSource(OutsideSource, FileSource):
    """Pages of documentation: each Markdown, reStructuredText, AsciiDoc, HTML file or notebook."""

    kind: Literal["docs_tree"] = "docs_tree"
    """The tag that names this kind of source."""
    category: str | None = None
    """The category of every page."""
    max_file_mib: float = Field(default=8.0, gt=0, le=256)
    """A larger file is quarantined."""

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each page with its licence, each archive, and all other files as one."""
        files = {path: self.display_name(path, base) for path in self.files(base)}
        found, others = [], []
        by_folder: dict[Path, list[Path]] = {}
        for path in files:
            if _LICENSE_FILE.match(path.name) or path.name.lower().startswith("readme."):
                by_folder.setdefault(path.parent, []).append(path)
        for path, name in files.items():
            if _is_page(path) or archives.is_archive(path):
                above = [one for one in _nearest(path, by_folder) if one != path]
                digest = " ".join(seen.sha256(one) for one in (path, *above))
                made = tuple(Stretch(one.resolve(), files[one]) for one in above)
                found.append(Piece((Stretch(path.resolve(), name), *made), digest))
            else:
                others.append(Stretch(path.resolve(), name))
        if others:
            names = "\n".join(stretch.name for stretch in others)
            found.append(Piece(tuple(others), hashlib.sha256(names.encode()).hexdigest()))
        return found

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or a tree without a page."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if not any(_is_page(path) or archives.is_archive(path) for path in files):
            return [("path", "no Markdown, reStructuredText, AsciiDoc, HTML or notebook is there")]
        return []

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one page, one archive, or count the other files; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        if archives.is_archive(place.path):
            yield from self._archive(builder, place)
        elif _is_page(place.path):
            about = (_member(one, self._limit) for one in place.stretches[1:])
            license_ = self.license or _license(about)
            page = _member(place.stretches[0], self._limit)
            self._add(builder, page, license_, key="page", position=None)
        else:
            _count(builder, (PurePosixPath(one.name) for one in place.stretches))
        yield builder.take()

    @property
    def _limit(self) -> int:
        return int(self.max_file_mib * (1 << 20))

    def _archive(self, builder: ChunkBuilder, place: Place) -> Iterator[Chunk]:
        pages: list[Member] = []
        about: list[Member] = []
        others: list[PurePosixPath] = []
        try:
            for number, member in enumerate(archives.members(place.path, self._limit), 1):
                path = PurePosixPath(member.name)
                if member.raw is None and path.suffix.lower() in _PAGES | {""}:
                    builder.quarantine(member.problem, position=f"file {number} of the archive")
                    continue
                if _LICENSE_FILE.match(path.name) or path.name.lower().startswith("readme."):
                    about.append(member)
                if _is_page(path) and not _HIDDEN & set(path.parts):
                    pages.append(member)
                else:
                    others.append(path)
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=problem.position)
        folders: dict[Path, list[Member]] = {}
        for member in about:
            folders.setdefault(Path(member.name).parent, []).append(member)
        for member in pages:
            license_ = self.license or _license(_nearest(Path(member.name), folders))
            self._add(builder, member, license_, key=member.name, position=member.name)
            if builder.full:
                yield builder.take()
        _count(builder, others)

    def _add(
        self,
        builder: ChunkBuilder,
        page: Member,
        license_: str | None,
        *,
        key: str,
        position: str | None,
    ) -> None:
        raw = page.raw or b""
        try:
            if page.raw is None:
                raise Unreadable(page.problem)
            values, notes = _page(page)
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=position, raw=raw)
            return
        values.pop("reserved", None)
        values["license"] = spdx_of(values.get("license")) or license_
        values |= {"position": position, "content_hash": content_hash(raw)}
        builder.add(key, {"kind": "document", "category": self.category} | values, notes)


def _is_page(path: Path | PurePosixPath) -> bool:
    """Whether a file is a page by its name; the licence of the tree is none."""
    return path.suffix.lower() in _PAGES and not _LICENSE_FILE.match(path.name)


def _page(page: Member) -> tuple[dict[str, Any], list[str]]:
    """The columns of a record that a page fills, and notes.

    Raises:
        Unreadable: It has no words, or cannot be read.
    """
    raw, suffix = page.raw or b"", PurePosixPath(page.name).suffix.lower()
    if not raw.strip():
        raise Unreadable("the file is empty")
    if suffix == ".ipynb":
        return _written(markup.notebook(raw)), []
    text, notes = decoded(raw, None)
    if "\0" in text:
        raise Unreadable(f"NUL byte at letter {text.index(chr(0)) + 1}")
    if suffix in _HTML:
        return page_of(text), notes
    if suffix in _MARKDOWN:
        values = markdown_of(text)
        if not values["text"]:
            raise Unreadable("the file has no words")
        return values, notes
    text = text.replace("\r\n", "\n")
    return _written(markup.rst(text) if suffix in _RST else markup.asciidoc(text)), notes


def _written(text: str) -> dict[str, Any]:
    if not text:
        raise Unreadable("the file has no words")
    heading = _HEADING.search(text)
    extra = [] if heading is None else [{"key": "title", "value": heading[1]}]
    return {"text": text, "extra": extra, "timestamp": None, "author": None}


def _member(stretch: Stretch, limit: int) -> Member:
    size = stretch.path.stat().st_size
    if size > limit:
        return Member(stretch.name, problem=f"the file has {size:,} bytes, more than the limit")
    return Member(stretch.name, stretch.path.read_bytes())


def _nearest(path: Path, folders: dict[Path, list[T]]) -> list[T]:
    """The licence files that hold for a page: of its folder, or of the nearest one above."""
    found: list[T] = []
    for folder in path.parents:
        found += folders.get(folder, [])
    return found


def _license(about: Iterable[Member]) -> str | None:
    """What the nearest licence file is, else what a README says."""
    said = None
    for member in about:
        text = (member.raw or b"")[: 1 << 20].decode("utf-8", "replace")
        if _LICENSE_FILE.match(PurePosixPath(member.name).name):
            found = spdx_of_text(text)
            if found is not None:
                return found
        elif said is None:
            badge = _BADGE.search(text)
            words = badge[1].replace("--", "-").replace("%20", " ") if badge is not None else None
            line = _SAID.search(text)
            said = spdx_of(words) or (spdx_of(line[1]) if line is not None else None)
    return said


def _count(builder: ChunkBuilder, paths: Iterable[PurePosixPath]) -> None:
    """Files that are no pages: one fate for each kind of them."""
    counted = Counter(path.suffix.lower() for path in paths)
    for suffix, count in sorted(counted.items()):
        named = f"'{suffix}'" if re.fullmatch(r"\.[a-z0-9+_]{1,12}", suffix) else "other"
        builder.drop(f"{count:,} {named} files are no pages", position=f"{named} files")
