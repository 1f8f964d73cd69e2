"""What a file is, told by its first bytes; its name decides only between texts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tunesmith.collect.documents.archive import Archive
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError

Format = Literal[
    "markdown", "html", "plain", "pdf", "word", "slides", "sheets", "opendocument", "epub", "rtf",
    "confluence-xml", "confluence-zip", "confluence-html", "confluence-json",
]  # fmt: skip

MARKDOWN = {".md", ".markdown"}
HTML = {".html", ".htm", ".xhtml"}
PLAIN = {".txt"}

#: The formats that names promise.
PROMISED: dict[str, Format] = {
    ".pdf": "pdf", ".docx": "word", ".docm": "word", ".dotx": "word", ".pptx": "slides",
    ".pptm": "slides", ".ppsx": "slides", ".xlsx": "sheets", ".xlsm": "sheets", ".xlsb": "sheets",
    ".xls": "sheets", ".ods": "sheets", ".odt": "opendocument", ".ott": "opendocument",
    ".odp": "opendocument", ".epub": "epub", ".rtf": "rtf", ".zip": "confluence-xml",
    ".xml": "confluence-xml", ".json": "confluence-json",
}  # fmt: skip

#: The folder of an Office Open XML file that tells what it is.
_OFFICE: dict[str, Format] = {"word": "word", "ppt": "slides", "xl": "sheets"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD = {
    "WordDocument": "a Word 97-2003 file is not read: save it as .docx",
    "PowerPoint Document": "a PowerPoint 97-2003 file is not read: save it as .pptx",
    "__properties_version1.0": "an Outlook message: a mail source reads it",
    "EncryptedPackage": "it is encrypted",
}


def promising(path: Path) -> bool:
    """Whether a file's name or first bytes say that it may be a document."""
    if path.suffix.lower() in MARKDOWN | HTML | PLAIN | PROMISED.keys():
        return True
    with path.open("rb") as file:
        return file.read(8).startswith((b"%PDF-", b"{\\rtf", b"PK\x03\x04", _OLE))


def recognise(path: str) -> tuple[Format, str | None]:
    """The format of a file, and a note where its name promises another one.

    Raises:
        Unreadable: No document of a known format.
        MissingExtraError: olefile is not installed.
    """
    suffix = Path(path).suffix.lower()
    with Path(path).open("rb") as file:
        head = file.read(4096)
    promised: Format | None = PROMISED.get(suffix)
    found = _by_content(path, head, suffix)
    if found is not None:
        same = found == promised or found.partition("-")[0] == (promised or "").partition("-")[0]
        return found, None if same else f"read as what it is: {found}, not '{suffix}'"
    if suffix in MARKDOWN | HTML | PLAIN:
        return "markdown" if suffix in MARKDOWN else "html" if suffix in HTML else "plain", None
    if promised == "confluence-json":
        return "confluence-json", None
    if promised is not None and suffix not in {".zip", ".xml"}:
        return _saved_page(head, suffix)
    raise Unreadable(f"a pages source does not read '{suffix or 'no suffix'}' files")


def _saved_page(head: bytes, suffix: str) -> tuple[Format, str]:
    """A web page under the name of an office file: what many programs call their export."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if not start.startswith((b"<!doctype html", b"<html")):
        raise Unreadable(f"its name says '{suffix}', but its content is none")
    return "html", f"read as what it is: html, not '{suffix}'"


def _by_content(path: str, head: bytes, suffix: str) -> Format | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    if head.startswith(_OLE):
        return _compound(path)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    found: Format | None = None
    if start.startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head[:1024]):
        found = "pdf"
    elif start.startswith(b"{\\rtf"):
        found = "rtf"
    elif start.startswith(b"<?xml") and b"<hibernate-generic" in head:
        found = "confluence-xml"
    return found


def _zipped(path: str) -> Format:
    archive = Archive(path)
    names = archive.entries
    folders = {name.partition("/")[0] for name in names if "/" in name}
    for folder, office in _OFFICE.items():
        if folder in folders and "[Content_Types].xml" in names:
            return office
    kind = archive.read("mimetype")[:200] if "mimetype" in names else b""
    found: Format
    if b"epub" in kind or "META-INF/container.xml" in names:
        found = "epub"
    elif b"opendocument" in kind:
        found = "sheets" if b"spreadsheet" in kind else "opendocument"
    elif "entities.xml" in names:
        found = "confluence-zip"
    elif any(name.rpartition("/")[2] == "index.html" for name in names):
        found = "confluence-html"
    else:
        raise Unreadable("an archive that is no document and no export: unpack it")
    return found


def _compound(path: str) -> Format:
    """What an OLE compound file holds."""
    try:
        import olefile
    except ModuleNotFoundError:
        raise MissingExtraError("olefile", "documents") from None
    try:
        with olefile.OleFileIO(path) as container:
            names = {entry[0] for entry in container.listdir()[:1000]}
    except (OSError, ValueError, IndexError, TypeError):
        raise Unreadable("the compound file is damaged") from None
    if names & {"Workbook", "Book"}:
        return "sheets"
    for name, reason in _OLD.items():
        if name in names:
            raise Unreadable(reason)
    raise Unreadable("a compound file that is no document")
