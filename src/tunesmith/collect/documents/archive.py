"""Zip files that may be hostile: their own figures are held to limits before they are read."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tunesmith.collect.sandbox import Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

#: Entries of one file, and bytes that they may have together and one by one when inflated. A real
#: office file or book seldom has a thousand entries, and text hardly shrinks to a hundredth.
MAX_ENTRIES = 20_000
MAX_BYTES, MAX_ENTRY_BYTES = 1 << 30, 256 << 20
MAX_RATIO = 200
#: Entries smaller than this may shrink as much as they like.
_RATIO_FROM = 8 << 20


class Archive:
    """A zip file whose entries are read one at a time.

    Python's `zipfile` never inflates more of an entry than its declared size, so that limits on the
    declared sizes bound what is read.

    Args:
        path: The file.

    Raises:
        Unreadable: It is damaged, encrypted, or would inflate beyond the limits.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            self.file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise Unreadable("the zip structure is damaged") from None
        entries = self.file.infolist()
        if len(entries) > MAX_ENTRIES:
            raise Unreadable(f"a zip file of {len(entries):,} entries, more than the limit")
        total = sum(entry.file_size for entry in entries)
        if total > MAX_BYTES:
            raise Unreadable(f"it would inflate to {total:,} bytes, more than the limit")
        self.unsafe: list[int] = []
        for number, entry in enumerate(entries, 1):
            place = f"entry {number}"
            if entry.flag_bits & 1:
                raise Unreadable("it is encrypted", place)
            if entry.file_size > MAX_ENTRY_BYTES:
                raise Unreadable(f"it would inflate to {entry.file_size:,} bytes", place)
            if entry.file_size > max(_RATIO_FROM, MAX_RATIO * entry.compress_size):
                raise Unreadable(f"it would inflate to over {MAX_RATIO} times its size", place)
            if _leads_out(entry.filename):
                self.unsafe.append(number)
        self.entries = {
            entry.filename: entry
            for number, entry in enumerate(entries, 1)
            if number not in set(self.unsafe) and not entry.is_dir()
        }

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def read(self, name: str) -> bytes:
        """The bytes of an entry.

        Raises:
            Unreadable: It is not there or damaged.
        """
        import zlib

        if name not in self.entries:
            raise Unreadable("a part that the file names is not in it")
        try:
            return self.file.read(self.entries[name])
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError):
            raise Unreadable("a part of the zip file is damaged") from None

    def xml(self, name: str) -> _Element:
        """The root of an entry of XML; see `parse_xml`."""
        return parse_xml(self.read(name))


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or name[1:2] == ":"


def parse_xml(raw: bytes) -> _Element:
    """The root of an XML document, without entities, network or depth beyond libxml2's limits.

    Raises:
        Unreadable: It is damaged, or declares entities.
    """
    from lxml import etree

    if b"<!ENTITY" in raw[:1_000_000] or "<!ENTITY".encode("utf-16-le") in raw[:1_000_000]:
        raise Unreadable("its XML declares entities")
    try:
        return etree.fromstring(raw, xml_parser())
    except etree.XMLSyntaxError:
        raise Unreadable("its XML is damaged") from None


def xml_parser() -> Any:
    """A parser that resolves nothing and holds to libxml2's limits on depth and size."""
    from lxml import etree

    # Not `collect_ids=False`: with it lxml 6.1 loads the file that a DOCTYPE names.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def local(element: Any) -> str:
    """The name of an element without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str | None:
    """An attribute by its name without a namespace."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return None
