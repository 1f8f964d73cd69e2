"""E-books (.epub): the chapters of the spine, each an HTML page."""

from __future__ import annotations

import posixpath
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
    if _CONTAINER not in archive:
        raise Unreadable("it does not say where the book begins")
    if "META-INF/encryption.xml" in archive and "META-INF/rights.xml" in archive:
        raise Unreadable("it is encrypted")
    roots = [e for e in archive.xml(_CONTAINER).iter() if local(e) == "rootfile"]
    if not roots:
        raise Unreadable("it does not say where the book begins")
    name = attribute(roots[0], "full-path") or ""
    package = archive.xml(name)
    document = Document()
    for child in package:
        if local(child) == "metadata":
            take_dublin_core(child, document)
            for meta in child:
                if meta.get("property") == "dcterms:modified" and meta.text:
                    document.modified = meta.text.strip()
    items = {}
    for item in package.iter():
        if local(item) == "item" and "nav" not in item.get("properties", "").split():
            place = posixpath.join(posixpath.dirname(name), unquote(item.get("href", "")))
            items[item.get("id", "")] = (posixpath.normpath(place), item.get("media-type", ""))
    spine = [e.get("idref", "") for e in package.iter() if local(e) == "itemref"]
    blocks = Blocks(document)
    for number, identifier in enumerate(spine, 1):
        place, kind = items.get(identifier, ("", ""))
        if "html" not in kind:
            continue  # the table of contents, or a picture
        blocks.position = f"chapter {number}"
        try:
            chapter, _ = html_document(archive.read(place).decode("utf-8", "replace"))
        except Unreadable as problem:
            document.problems.append(Problem(problem.reason, blocks.position))
            continue
        for block in chapter.blocks:
            blocks.add(block.kind, block.text, block.level)
    return document
