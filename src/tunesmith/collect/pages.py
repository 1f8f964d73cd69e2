"""Pages: documents from folders of text files, office files, books and exports of wikis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Place
from tunesmith.collect.documents.html import FURNITURE, html_page
from tunesmith.collect.documents.kinds import HTML, MARKDOWN, PLAIN, PROMISED, promising
from tunesmith.collect.documents.markdown import markdown_page
from tunesmith.collect.documents.passages import Passages
from tunesmith.collect.documents.read import Questions, read_file
from tunesmith.collect.encoding import EncodingName
from tunesmith.collect.sandbox import Unreadable, shared
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.record import content_hash, record_id
from tunesmith.store.seen import Seen

__all__ = ["FURNITURE", "HTML", "MARKDOWN", "PLAIN", "PagesSource", "html_page", "markdown_page"]

#: CPU seconds that one file may take: a PDF takes about 30 ms a page.
CPU_S = 180.0

#: The package that a format needs, by the name that it is imported by, beside lxml.
_PACKAGES = {
    "pdf": ("pypdfium2", "pypdfium2"),
    "sheets": ("python_calamine", "python-calamine"),
    "rtf": ("striprtf", "striprtf"),
}


class PagesSource(FileSource):
    """Knowledge bases, manuals, reports, policies: each page, or passage of a long one, is a row.

    Markdown, HTML, plain text; PDF, Word, PowerPoint, spreadsheets, OpenDocument, EPUB, RTF;
    exports of Confluence. What a file is, its content says.
    """

    kind: Literal["pages"] = "pages"
    """The tag that names this kind of source."""
    encoding: EncodingName | None = None
    """Of text files, such as `utf-8`; detected when it is not given."""
    category: str | None = None
    """The category of every page."""
    max_file_mib: float = Field(default=64.0, gt=0)
    """A larger file is quarantined."""
    passages: Passages = Passages()
    """How long pages are cut along their headings; a page within the limit is one row."""
    questions: Questions = "also"
    """Questions with their answers on pages of questions (FAQ): `also` makes rows of them beside
    the page, `extract` makes rows of them and leaves them out of the page, `only` drops the pages,
    `keep` leaves them in the pages alone."""

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one file; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        try:
            pages = self._pages(place.path)
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=problem.position)
            pages = []
        digest = content_hash(place.path.read_bytes()) if pages else ""
        for page in pages:
            for values, notes in self._rows(page, place, digest):
                builder.add(values.pop("key"), values, notes)
                if builder.full:
                    yield builder.take()
            for left in page["problems"]:
                leave = builder.drop if left["dropped"] else builder.quarantine
                leave(left["reason"], position=left["position"])
        yield builder.take()

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, a folder without a page, or packages that are not installed."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        suffixes = {file.suffix.lower() for file in files}
        if not suffixes & (MARKDOWN | HTML | PLAIN | PROMISED.keys()):
            return [("path", "no Markdown, HTML, text file or office document is there")]
        return [
            ("path", f"'{suffix}' files: {MissingExtraError(package, 'documents').what}")
            for suffix in sorted(suffixes & PROMISED.keys())
            for module, package in [_PACKAGES.get(PROMISED[suffix], ("lxml", "lxml"))]
            if suffix != ".json" and find_spec(module) is None
        ]

    def _pages(self, path: Path) -> list[dict[str, Any]]:
        size = path.stat().st_size
        if not promising(path):
            suffix = path.suffix.lower() or "no suffix"
            raise Unreadable(f"a pages source does not read '{suffix}' files")
        if size == 0:
            raise Unreadable("the file is empty")
        if size > self.max_file_mib * (1 << 20):
            raise Unreadable(f"the file has {size:,} bytes, more than the limit")
        settings = self.passages.model_dump()
        found: list[dict[str, Any]] = shared(cpu_s=CPU_S).call(
            read_file, str(path), self.encoding, settings, self.questions
        )
        return found

    def _rows(
        self, page: dict[str, Any], place: Place, digest: str
    ) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """The columns of each row of a page, with its notes.

        Rows of one page share its name, so that no split parts them.
        """
        facts, rows = page["facts"], page["rows"]
        shared_by = record_id(self.name, place.name, page["key"]) if len(rows) > 1 else None
        moment = facts.pop("timestamp", None)
        for row in rows:
            values = {"category": self.category, "content_hash": digest} | facts
            values["timestamp"] = None if moment is None else datetime.fromisoformat(moment)
            key = f"{page['key']} {row.pop('key')}".strip()
            if headings := row.pop("headings", ""):
                values["extra"] = [*facts["extra"], {"key": "headings", "value": headings}]
            values["source_id"] = page["source_id"] or shared_by
            values["thread"] = shared_by
            yield values | row | {"key": key}, page["notes"]
