"""Parquet files put together from others with the same columns: their row groups are copied.

Nothing is read as rows, decompressed or written anew: the bytes of each file are copied, and the
places that the footers name are moved.

Reference: https://github.com/apache/parquet-format (`parquet.thrift`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunesmith.io import atomic_write
from tunesmith.store.thrift import I64, LIST, Struct, read_struct, write_struct

_MAGIC = b"PAR1"

# Fields of `FileMetaData`, `RowGroup`, `ColumnChunk` and `ColumnMetaData`.
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _ABOUT = 2, 3
_PAGES = (9, 10, 11)  # data, index and dictionary
#: What else names places: indexes of pages, Bloom filters. Readers do without.
_CHUNK_INDEXES, _BLOOM = (4, 5, 6, 7), (14, 15)


def join(path: Path, files: Sequence[Path]) -> int:
    """Write the rows of some Parquet files as one, atomically; returns how many there are.

    The row groups stay as they are, in the order of the files.

    Args:
        path: The file.
        files: At least one, all written by the same writer with the same columns.

    Raises:
        ValueError: A file is no Parquet file, or has other columns than the first.
    """
    groups: list[Struct] = []
    footer: Struct | None = None
    rows = 0
    with atomic_write(path) as target:
        target.write(_MAGIC)
        place = len(_MAGIC)
        for source in files:
            data = source.read_bytes()
            about, end = _footer(data, source)
            footer = footer or about
            if about[_SCHEMA] != footer[_SCHEMA]:
                raise ValueError(f"{source.name} has other columns than {files[0].name}")
            target.write(memoryview(data)[len(_MAGIC) : end])
            for group in about[_GROUPS][1][1]:
                groups.append(_moved(group, place - len(_MAGIC), len(groups)))
            place += end - len(_MAGIC)
            rows += about[_ROWS][1]
        if footer is None:
            raise ValueError("there is no file to join")
        footer = footer | {_ROWS: (I64, rows), _GROUPS: (LIST, (footer[_GROUPS][1][0], groups))}
        target.write(_written(footer))
    return rows


def _footer(data: bytes, source: Path) -> tuple[Struct, int]:
    """The footer of a file, and where it begins."""
    if len(data) < 12 or data[:4] != _MAGIC or data[-4:] != _MAGIC:
        raise ValueError(f"{source.name} is no Parquet file")
    begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return read_struct(data, begin)[0], begin


def _written(footer: Struct) -> bytes:
    out = bytearray()
    write_struct(footer, out)
    return bytes(out) + len(out).to_bytes(4, "little") + _MAGIC


def _moved(group: Struct, by: int, number: int) -> Struct:
    """A row group whose bytes lie further on."""
    kind, columns = group[_COLUMNS][1]
    moved = dict(group) | {_COLUMNS: (LIST, (kind, [_moved_column(one, by) for one in columns]))}
    _move(moved, _GROUP_OFFSET, by)
    if _ORDINAL in moved:
        moved[_ORDINAL] = (moved[_ORDINAL][0], number)
    return moved


def _moved_column(chunk: Struct, by: int) -> Struct:
    moved = {field: value for field, value in chunk.items() if field not in _CHUNK_INDEXES}
    kind, about = chunk[_ABOUT]
    about = {field: value for field, value in about.items() if field not in _BLOOM}
    for field in _PAGES:
        _move(about, field, by)
    moved[_ABOUT] = (kind, about)
    _move(moved, _CHUNK_OFFSET, by)
    return moved


def _move(fields: dict[int, Any], field: int, by: int) -> None:
    """Move a place; 0 is none."""
    if field in fields and fields[field][1]:
        kind, place = fields[field]
        fields[field] = (kind, place + by)
