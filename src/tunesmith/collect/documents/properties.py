"""What office files say of themselves: Dublin Core in OOXML, OpenDocument and EPUB."""

from __future__ import annotations

from typing import Any

from tunesmith.collect.documents.archive import Archive, local
from tunesmith.collect.documents.blocks import Document, one_line

#: The element of each fact; the last one named is what is taken of two.
_FACTS = {
    "title": "title",
    "creator": "author",
    "language": "language",
    "rights": "license",
    "modified": "modified",
    "date": "modified",
}


def take_dublin_core(root: Any, document: Document) -> None:
    """Put what a tree of metadata says into the document; the first of each fact counts."""
    for element in root.iter():
        name = _FACTS.get(local(element))
        words = one_line("".join(element.itertext())) if name else ""
        if name and words and getattr(document, name) is None:
            setattr(document, name, words[:1000])


def take_core(archive: Archive, document: Document) -> None:
    """The core properties of an OOXML file, where it has them."""
    if "docProps/core.xml" in archive:
        take_dublin_core(archive.xml("docProps/core.xml"), document)
