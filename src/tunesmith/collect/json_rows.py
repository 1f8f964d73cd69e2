"""Rows of a JSON document that is one array of objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tunesmith.collect.encoding import Encoding
from tunesmith.collect.lines import MIB
from tunesmith.collect.rows import BadRow, NestingError, Row, flatten
from tunesmith.collect.sandbox import Unreadable

_KINDS = {list: "an array", str: "a text", bool: "a truth value", type(None): "null"}


def is_document(path: Path) -> bool:
    """Whether a file of JSON begins as one array, and not as one object a line."""
    with path.open("rb") as file:
        start = file.read(4_096)
    text = start.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \t\r\n")
    return text.startswith(b"[")


def read_json(path: Path, encoding: Encoding, *, max_bytes: int) -> Iterator[Row | BadRow]:
    """The objects of an array; nested objects become dotted names. `line` is the object's number.

    Args:
        path: The file.
        encoding: How to decode it.
        max_bytes: A larger document is not read: all of it is in memory at once.

    Raises:
        Unreadable: It is too large, not JSON, or no array.
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise Unreadable(
            f"one JSON document of {size / MIB:,.0f} MiB, more than max_document_mib: raise it, "
            "or write one object a line (jq -c '.[]')"
        )
    try:
        document = orjson.loads(path.read_bytes().decode(encoding.name).removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise Unreadable(f"not text in {encoding.name}") from None
    except orjson.JSONDecodeError as error:
        reason = f"not valid JSON at line {error.lineno}, column {error.colno}"
        raise Unreadable(reason, f"line {error.lineno}") from None
    if not isinstance(document, list):
        raise Unreadable("a JSON document that is no array of objects")
    for number, item in enumerate(document, 1):
        yield _row(number, item)


def _row(number: int, item: Any) -> Row | BadRow:
    raw = orjson.dumps(item)
    if not isinstance(item, dict):
        kind = _KINDS.get(type(item), "a number")
        return BadRow(number, raw, f"{kind}, not an object with named fields")
    try:
        return Row(number, raw, flatten(item))
    except NestingError as error:
        return BadRow(number, raw, str(error))
