"""OpenDocument texts and presentations (.odt, .ott, .odp): headings, lists, tables, notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunesmith.collect.documents.archive import Archive, attribute, local
from tunesmith.collect.documents.blocks import Blocks, Document
from tunesmith.collect.documents.properties import take_dublin_core
from tunesmith.collect.sandbox import Unreadable

#: What is not text of the document: remarks, deleted words, indexes made of headings.
_SKIPPED = {
    "annotation", "annotation-end", "tracked-changes", "note-citation", "forms",
    "sequence-decls", "table-of-content", "alphabetical-index", "illustration-index",
}  # fmt: skip


def read_opendocument(path: str) -> Document:
    """An OpenDocument text or presentation.

    Raises:
        Unreadable: It is damaged or encrypted.
    """
    archive = Archive(path)
    if "META-INF/manifest.xml" in archive:
        manifest = archive.xml("META-INF/manifest.xml")
        if any(local(element) == "encryption-data" for element in manifest.iter()):
            raise Unreadable("it is encrypted")
    if "content.xml" not in archive:
        raise Unreadable("it has no part with the text of a document")
    document = Document()
    if "meta.xml" in archive:
        take_dublin_core(archive.xml("meta.xml"), document)
    reader = _Reader(document)
    for body in archive.xml("content.xml").iter():
        if local(body) == "body":
            reader.read(body, -1)
    for note in reader.notes:
        reader.read(note, -1)
    return document


class _Reader:
    def __init__(self, document: Document) -> None:
        self.blocks = Blocks(document)
        self.notes: list[Any] = []
        self.slides = 0

    def read(self, element: Any, depth: int) -> None:
        """All blocks below an element; `depth` counts the lists around it."""
        for child in element:
            tag = local(child)
            if tag == "h":
                level = attribute(child, "outline-level") or "1"
                text = "".join(self._words(child))
                self.blocks.add("heading", text, int(level) if level.isdigit() else 1)
            elif tag == "p":
                text = "".join(self._words(child))
                self.blocks.add("item" if depth >= 0 else "paragraph", text, max(depth, 0))
                self._boxes(child, depth)
            elif tag == "list":
                self.read(child, min(depth + 1, 8))
            elif tag == "table":
                self.blocks.table(list(self._rows(child)))
            elif tag == "page":
                self.slides += 1
                self.blocks.position = f"slide {self.slides}"
                self.read(child, depth)
            elif tag not in _SKIPPED and child.tag is not None:
                self.read(child, depth)

    def _boxes(self, paragraph: Any, depth: int) -> None:
        for element in paragraph.iter():
            if local(element) == "text-box":
                self.read(element, depth)

    def _words(self, element: Any) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            tag = local(child)
            if tag == "s":
                count = attribute(child, "c") or "1"
                yield " " * min(int(count) if count.isdigit() else 1, 80)
            elif tag == "tab":
                yield "\t"
            elif tag == "line-break":
                yield "\n"
            elif tag == "note":
                self.notes.extend(part for part in child if local(part) == "note-body")
            elif tag != "text-box" and tag not in _SKIPPED:
                yield from self._words(child)
            yield child.tail or ""

    def _rows(self, table: Any) -> Iterator[list[str]]:
        for child in table:
            tag = local(child)
            if tag == "table-row":
                yield [
                    " ".join("".join(self._words(part)) for part in cell if local(part) == "p")
                    for cell in child
                    if local(cell) in {"table-cell", "covered-table-cell"}
                ]
            elif tag in {"table-rows", "table-header-rows", "table-row-group"}:
                yield from self._rows(child)
