"""E-books (.epub): the chapters of the spine, each an HTML page."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from tunesmith.collect.documents.archive import Archive, attribute, local
from tunesmith.collect.documents.blocks import Blocks, Document, Problem
from tunesmith.collect.documents.html import html_document
from tunesmith.collect.documents.properties import take_dublin_core
from tunesmith.collect.sandbox import Unreadable

_CONTAINER = "META-INF/container.xml"


def read_epub(path: str) -> Document:
    """An e-book; its blocks have positions such as `chapter 4`.

    Raises:
        Unreadable: It is damaged or encrypted.
    """
    archive = Archive(path)
    if "META-INF/rights.xml" in archive and "META-INF/encryption.xml" in archive:
        raise Unreadable("it is encrypted")
    name = _package_name(archive)
    package = archive.xml(name)
    document = Document()
    _take_facts(package, document)
    blocks = Blocks(document)
    for number, place in enumerate(_chapters(package, posixpath.dirname(name)), 1):
        blocks.position = f"chapter {number}"
        try:
            chapter, _ = html_document(archive.read(place).decode("utf-8", "replace"))
        except Unreadable as problem:
            document.problems.append(Problem(problem.reason, blocks.position))
            continue
        for block in chapter.blocks:
            blocks.add(block.kind, block.text, block.level)
    return document


def _package_name(archive: Archive) -> str:
    """The entry that lists what is in the book."""
    roots = archive.xml(_CONTAINER).iter() if _CONTAINER in archive else ()
    for element in roots:
        if local(element) == "rootfile":
            return attribute(element, "full-path") or ""
    raise Unreadable("it does not say where the book begins")


def _take_facts(package: Any, document: Document) -> None:
    for child in package:
        if local(child) == "metadata":
            take_dublin_core(child, document)
            for meta in child:
                if meta.get("property") == "dcterms:modified" and meta.text:
                    document.modified = meta.text.strip()


def _chapters(package: Any, folder: str) -> Iterator[str]:
    """The entries of the chapters in order, without the table of contents."""
    items = {}
    for item in package.iter():
        chapter = "html" in item.get("media-type", "") and "nav" not in item.get("properties", "")
        if local(item) == "item" and chapter:
            place = posixpath.join(folder, unquote(item.get("href", "")))
            items[item.get("id", "")] = posixpath.normpath(place)
    for element in package.iter():
        if local(element) == "itemref" and element.get("idref", "") in items:
            yield items[element.get("idref", "")]
