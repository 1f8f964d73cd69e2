"""Word documents (.docx, .docm, .dotx): paragraphs, headings by style, lists, tables, footnotes.

The parts are read with lxml as ECMA-376 describes them: no part but those with text is inflated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tunesmith.collect.documents.archive import Archive, attribute, local
from tunesmith.collect.documents.blocks import Blocks, Document
from tunesmith.collect.documents.properties import take_core
from tunesmith.collect.sandbox import Unreadable

_HEADING = re.compile(r"heading (\d)")
#: What is not text of the document: the other version of a drawing, deleted words, field codes.
_SKIPPED = {"Fallback", "del", "moveFrom", "instrText", "delText", "rPr", "pPr", "sectPr"}

#: What stands before a part of a formula or for a sign; its own words follow.
_JOINTS = {"noBreakHyphen": "-", "den": "/", "sup": "^", "sub": "_"}


def read_word(path: str) -> Document:
    """A Word document.

    Raises:
        Unreadable: It is damaged.
    """
    archive = Archive(path)
    name = next((n for n in archive.entries if re.fullmatch(r"word/document\d*\.xml", n)), None)
    if name is None:
        raise Unreadable("it has no part with the text of a Word document")
    document = Document()
    take_core(archive, document)
    reader = _Reader(document, _styles(archive))
    body = next((child for child in archive.xml(name) if local(child) == "body"), None)
    if body is not None:
        reader.read(body)
    reader.read_notes(archive)
    comments = "word/comments.xml" in archive and len(archive.xml("word/comments.xml"))
    if comments:
        document.notes.append(f"left out comments: {comments}")
    if reader.pictures:
        document.notes.append(f"left out pictures: {reader.pictures}")
    return document


def _styles(archive: Archive) -> dict[str, tuple[int, bool]]:
    """Of each style its heading level (0: none) and whether it is a list's."""
    if "word/styles.xml" not in archive:
        return {}
    own: dict[str, tuple[int, bool, str | None]] = {}
    for style in archive.xml("word/styles.xml"):
        identifier = attribute(style, "styleId")
        if local(style) != "style" or identifier is None:
            continue
        level, listed, parent = 0, False, None
        for element in style.iter():
            tag, value = local(element), attribute(element, "val")
            if tag == "name" and value is not None:
                found = _HEADING.match(value.lower())
                level = int(found[1]) if found else 1 if value.lower() == "title" else level
            elif tag == "outlineLvl" and value is not None and value.isdigit():
                level = level or (int(value) + 1 if int(value) < 9 else 0)
            elif tag == "basedOn":
                parent = value
            elif tag == "numPr":
                listed = True
        own[identifier] = (level, listed, parent)
    return {identifier: _inherited(identifier, own) for identifier in own}


def _inherited(identifier: str, own: dict[str, tuple[int, bool, str | None]]) -> tuple[int, bool]:
    level, listed = 0, False
    at: str | None = identifier
    for _ in range(12):  # styles that are based on each other end here
        if at is None or at not in own:
            break
        level, listed = level or own[at][0], listed or own[at][1]
        at = own[at][2]
    return level, listed


class _Reader:
    def __init__(self, document: Document, styles: dict[str, tuple[int, bool]]) -> None:
        self.blocks = Blocks(document)
        self.styles = styles
        self.pictures = 0

    def read(self, body: Any) -> None:
        """All paragraphs and tables below an element, content controls and changes opened."""
        for child in body:
            tag = local(child)
            if tag == "p":
                self._paragraph(child)
            elif tag == "tbl":
                self.blocks.table(list(self._rows(child)))
            elif tag in {"sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"}:
                self.read(child)

    def _paragraph(self, paragraph: Any) -> None:
        text = "".join(self._words(paragraph))
        level, listed, depth = self._form(paragraph)
        if level:
            self.blocks.add("heading", text, min(level, 6))
        elif listed:
            self.blocks.add("item", text, depth)
        else:
            self.blocks.add("paragraph", text)
        for box in self._boxes(paragraph):
            self.read(box)

    def _form(self, paragraph: Any) -> tuple[int, bool, int]:
        """The heading level, whether it is a list item, and how deep."""
        level, listed, depth = 0, False, 0
        properties = next((child for child in paragraph if local(child) == "pPr"), None)
        for element in () if properties is None else properties.iter():
            tag, value = local(element), attribute(element, "val") or ""
            if tag == "pStyle":
                level, listed = self.styles.get(value, (0, False))
            elif tag == "outlineLvl" and value.isdigit() and int(value) < 9:
                level = int(value) + 1
            elif tag == "numId":
                listed = value != "0"
            elif tag == "ilvl" and value.isdigit():
                depth = min(int(value), 8)
        return level, listed, depth

    def _words(self, element: Any) -> Iterator[str]:
        for child in element:
            tag = local(child)
            if tag == "t":
                yield child.text or ""
            elif tag == "tab":
                yield "\t"
            elif tag in {"br", "cr"}:
                yield "\n"
            elif tag in _JOINTS:
                yield _JOINTS[tag]
                yield from self._words(child)
            elif tag in {"blip", "imagedata"}:
                self.pictures += 1
            elif tag == "txbxContent":
                continue  # a text box comes after its paragraph
            elif tag not in _SKIPPED:
                yield from self._words(child)

    def _boxes(self, element: Any) -> Iterator[Any]:
        for child in element:
            if local(child) == "txbxContent":
                yield child
            elif local(child) not in _SKIPPED:
                yield from self._boxes(child)

    def _rows(self, table: Any) -> Iterator[list[str]]:
        for row in table:
            if local(row) in {"sdt", "sdtContent", "ins"}:
                yield from self._rows(row)
            elif local(row) == "tr":
                yield [self._cell(cell) for cell in _cells(row)]

    def _cell(self, cell: Any) -> str:
        merged = any(
            local(element) == "vMerge" and attribute(element, "val") != "restart"
            for part in cell
            if local(part) == "tcPr"
            for element in part
        )
        return "" if merged else " ".join(self._cell_words(cell))

    def _cell_words(self, element: Any) -> Iterator[str]:
        for child in element:
            if local(child) == "p":
                yield "".join(self._words(child))
            elif local(child) not in _SKIPPED:
                yield from self._cell_words(child)

    def read_notes(self, archive: Archive) -> None:
        """Footnotes and endnotes, at the end."""
        for name in ("word/footnotes.xml", "word/endnotes.xml"):
            if name in archive:
                for note in archive.xml(name):
                    if attribute(note, "type") in {None, "normal"}:
                        self.blocks.add("paragraph", " ".join(self._cell_words(note)))


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if local(child) == "tc":
            yield child
        elif local(child) in {"sdt", "sdtContent"}:
            yield from _cells(child)
