"""PowerPoint presentations (.pptx): slide by slide, titles as headings, tables, charts, notes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from tunesmith.collect.documents.archive import Archive, attribute, local
from tunesmith.collect.documents.blocks import Blocks, Document, Problem
from tunesmith.collect.documents.properties import take_core
from tunesmith.collect.sandbox import Unreadable

_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#: Placeholders of what recurs on every slide.
_FURNITURE = {"dt", "ftr", "sldNum", "hdr"}


def read_slides(path: str) -> Document:
    """A presentation; its blocks have positions such as `slide 3`.

    Raises:
        Unreadable: It is damaged.
    """
    archive = Archive(path)
    if "ppt/presentation.xml" not in archive:
        raise Unreadable("it has no part with the slides of a presentation")
    document = Document()
    take_core(archive, document)
    links = _links(archive, "ppt/presentation.xml")
    names = [
        links.get(element.get(f"{{{_RELATIONS}}}id", ""), ("", ""))[0]
        for element in archive.xml("ppt/presentation.xml").iter()
        if local(element) == "sldId"
    ]
    for number, name in enumerate(names, 1):
        _Slide(archive, document, f"slide {number}").read(name)
    return document


def _links(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """The parts that a part names: by identifier, the name and the kind."""
    folder, name = posixpath.split(part)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in archive:
        return {}
    found = {}
    for element in archive.xml(relations):
        target = element.get("Target", "")
        if element.get("TargetMode") != "External" and target:
            place = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
            if target.startswith("/"):
                place = target.lstrip("/")
            kind = element.get("Type", "").rpartition("/")[2]
            found[element.get("Id", "")] = (place, kind)
    return found


class _Slide:
    def __init__(self, archive: Archive, document: Document, position: str) -> None:
        self.archive, self.document, self.position = archive, document, position
        self.blocks = Blocks(document)
        self.blocks.position = position
        self.pictures = 0

    def read(self, name: str) -> None:
        if name not in self.archive:
            self.document.problems.append(Problem("the slide is not in the file", self.position))
            return
        try:
            root = self.archive.xml(name)
            links = _links(self.archive, name)
        except Unreadable as problem:
            self.document.problems.append(Problem(problem.reason, self.position))
            return
        if root.get("show") == "0":
            reason = "a hidden slide"
            self.document.problems.append(Problem(reason, self.position, dropped=True))
            return
        before = len(self.document.blocks)
        shapes = [shape for tree in root.iter() if local(tree) == "spTree" for shape in tree]
        shapes.sort(key=lambda shape: _placeholder(shape) not in {"title", "ctrTitle"})
        for shape in shapes:
            self._shape(shape, links)
        if len(self.document.blocks) == before and self.pictures:
            reason = "the slide is an image without text (scanned)"
            self.document.problems.append(Problem(reason, self.position))
        self._notes(links)

    def _shape(self, shape: Any, links: dict[str, tuple[str, str]]) -> None:
        tag = local(shape)
        if tag in {"grpSp", "AlternateContent", "Choice"}:
            for child in shape:
                self._shape(child, links)
        elif tag == "pic":
            self.pictures += 1
        elif tag == "graphicFrame":
            self._frame(shape, links)
        elif tag in {"sp", "cxnSp"}:
            kind = _placeholder(shape)
            body = next((part for part in shape if local(part) == "txBody"), None)
            if body is not None and kind not in _FURNITURE:
                self._text(body, kind)

    def _text(self, body: Any, kind: str | None) -> None:
        lines = [(paragraph, "".join(_words(paragraph))) for paragraph in _paragraphs(body)]
        if kind in {"title", "ctrTitle"}:
            self.blocks.add("heading", " ".join(text for _, text in lines), 2)
            return
        several = sum(bool(text.strip()) for _, text in lines) > 1
        for paragraph, text in lines:
            listed = several and (kind in {"body", "obj", ""} or _level(paragraph) > 0)
            self.blocks.add("item" if listed else "paragraph", text, _level(paragraph))

    def _frame(self, frame: Any, links: dict[str, tuple[str, str]]) -> None:
        for element in frame.iter():
            tag = local(element)
            if tag == "tbl":
                rows = [row for row in element if local(row) == "tr"]
                self.blocks.table([[_cell(cell) for cell in row if local(cell) == "tc"]
                                   for row in rows])  # fmt: skip
            elif tag == "chart":
                self._chart(links.get(element.get(f"{{{_RELATIONS}}}id", ""), ("", ""))[0])
            elif tag == "relIds":
                self._diagram(links.get(element.get(f"{{{_RELATIONS}}}dm", ""), ("", ""))[0])

    def _chart(self, name: str) -> None:
        if name not in self.archive:
            return
        root = self.archive.xml(name)
        title = next((part for part in root.iter() if local(part) == "title"), None)
        if title is not None:
            self.blocks.add("paragraph", "".join(_words(title)))
        series = [part for part in root.iter() if local(part) == "ser"]
        columns = [["", *_points(series[0], "cat")]] if series else []
        columns += [[" ".join(_points(one, "tx")), *_points(one, "val")] for one in series]
        if columns:
            height = max(map(len, columns))
            padded = [column + [""] * (height - len(column)) for column in columns]
            self.blocks.table([list(row) for row in zip(*padded, strict=True)])

    def _diagram(self, name: str) -> None:
        if name in self.archive:
            for element in self.archive.xml(name).iter():
                if local(element) == "p":
                    self.blocks.add("item", "".join(_words(element)))

    def _notes(self, links: dict[str, tuple[str, str]]) -> None:
        name = next((name for name, kind in links.values() if kind == "notesSlide"), None)
        if name is None or name not in self.archive:
            return
        for shape in self.archive.xml(name).iter():
            if local(shape) == "sp" and _placeholder(shape) == "body":
                for paragraph in _paragraphs(shape):
                    self.blocks.add("paragraph", "".join(_words(paragraph)))


def _placeholder(shape: Any) -> str | None:
    """The kind of placeholder; empty for one that names none, null for another shape."""
    for part in shape:
        if local(part) in {"nvSpPr", "nvGraphicFramePr", "nvPicPr"}:
            for element in part.iter():
                if local(element) == "ph":
                    return attribute(element, "type") or ""
    return None


def _paragraphs(element: Any) -> list[Any]:
    return [part for part in element.iter() if local(part) == "p"]


def _level(paragraph: Any) -> int:
    for part in paragraph:
        if local(part) == "pPr":
            value = part.get("lvl", "0")
            return min(int(value), 8) if re.fullmatch(r"\d", value) else 0
    return 0


def _words(element: Any) -> Iterator[str]:
    for part in element.iter():
        tag = local(part)
        if tag == "t":
            yield part.text or ""
        elif tag == "br":
            yield "\n"
        elif tag == "tab":
            yield "\t"


def _cell(cell: Any) -> str:
    return " ".join("".join(_words(paragraph)) for paragraph in _paragraphs(cell))


def _points(series: Any, name: str) -> list[str]:
    """What the points of a chart's series are called, or worth."""
    for part in series:
        if local(part) == name:
            return [
                value.text or ""
                for point in part.iter()
                if local(point) == "pt"
                for value in point
                if local(value) == "v"
            ]
    return []
