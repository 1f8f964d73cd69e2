"""Rich text (.rtf): its words by striprtf (BSD-3-Clause), its information group by pattern."""

from __future__ import annotations

import re
from pathlib import Path

from tunesmith.collect.documents.blocks import Blocks, Document, one_line
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError

_FACT = re.compile(r"\{\\(title|author)\s+([^{}\\]{1,500})\}")
_REVISED = re.compile(r"\{\\revtim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")
_BULLET = re.compile(r"^\s*[•·▪◦‣-]\s+(?=\S)")


def read_rtf(path: str) -> Document:
    """A rich text; it names no headings.

    Raises:
        MissingExtraError: striprtf is not installed.
        Unreadable: It is damaged.
    """
    try:
        from striprtf.striprtf import rtf_to_text
    except ModuleNotFoundError:
        raise MissingExtraError("striprtf", "documents") from None
    # RTF is ASCII; what is beyond belongs to the code page, as striprtf reads it of the escapes.
    raw = Path(path).read_bytes().decode("latin-1")
    document = Document()
    head = raw[:20_000]
    for name, words in _FACT.findall(head):
        setattr(document, name, one_line(words) or None)
    if revised := _REVISED.search(head):
        document.modified = "-".join(part.zfill(2) for part in revised.groups())
    try:
        text = rtf_to_text(raw, errors="replace")
    except (ValueError, IndexError, LookupError, AttributeError, TypeError):
        raise Unreadable("the rich text is damaged") from None
    blocks = Blocks(document)
    for line in text.split("\n"):
        if " | " in line or line.rstrip().endswith("|"):
            blocks.add("table", line.strip().strip("|"))
        elif _BULLET.match(line):
            blocks.add("item", _BULLET.sub("", line))
        else:
            blocks.add("paragraph", line)
    return document
