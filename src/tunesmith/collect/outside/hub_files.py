"""The rows of a data set's files: Arrow (as of `save_to_disk`), Parquet, JSONL, JSON, CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from tunesmith.collect import rows as raw_rows
from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import SourceError

TABLES = {".arrow", ".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv"}

#: A JSON document is read as a whole; a larger one is refused.
MAX_JSON_BYTES = 512 << 20

_LISTS = ("data", "rows", "train", "examples", "instances")


class DataRow(NamedTuple):
    """A row of a data set, or why there is none."""

    line: int
    values: dict[str, Any] | None
    raw: bytes = b""
    problem: str = ""


def read(path: Path, max_bytes: int) -> Iterator[DataRow]:
    """The rows of a file.

    Args:
        path: A file whose suffix is one of `TABLES`.
        max_bytes: The limit of a line.

    Raises:
        Unreadable: The file as a whole cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".arrow":
        yield from _arrow(path)
    elif suffix == ".json":
        yield from _json(path, max_bytes)
    else:
        yield from _tables(path, suffix, max_bytes)


def _tables(path: Path, suffix: str, max_bytes: int) -> Iterator[DataRow]:
    try:
        if suffix == ".parquet":
            found = raw_rows.read_parquet(path)
        elif suffix in {".csv", ".tsv"}:
            found = raw_rows.read_csv(path, detect(path), delimiter=None, max_bytes=max_bytes)
        else:
            found = raw_rows.read_jsonl(path, detect(path), max_bytes=max_bytes)
        for row in found:
            if isinstance(row, raw_rows.BadRow):
                yield DataRow(row.line, None, row.raw, row.reason)
            else:
                yield DataRow(row.line, row.values, row.raw)
    except SourceError as error:
        raise Unreadable(error.what) from None


def _arrow(path: Path) -> Iterator[DataRow]:
    """Rows of an Arrow stream or file; both are mapped, so that only a batch is in memory.

    Raises:
        Unreadable: It is neither, or torn.
    """
    import pyarrow as pa

    number = 0
    try:
        with pa.memory_map(str(path)) as source:
            for batch in _batches(source):
                batch.validate(full=True)  # offsets of a hostile file may lead anywhere
                for start in range(0, batch.num_rows, 1_000):
                    for values in batch.slice(start, 1_000).to_pylist():
                        number += 1
                        raw = orjson.dumps(values, default=str, option=orjson.OPT_NON_STR_KEYS)
                        yield DataRow(number, values, raw)
    except (pa.ArrowException, OSError, ValueError, orjson.JSONEncodeError):
        raise Unreadable("this is not a whole Arrow file", f"row {number + 1}") from None


def _batches(source: Any) -> Iterator[Any]:
    import pyarrow as pa

    if source.read(6) == b"ARROW1":
        file = pa.ipc.open_file(source)
        for index in range(file.num_record_batches):
            yield file.get_batch(index)
        return
    source.seek(0)
    yield from pa.ipc.open_stream(source)


def _json(path: Path, max_bytes: int) -> Iterator[DataRow]:
    """Rows of a JSON document: a list, or an object that holds one; SQuAD's paragraphs too.

    Raises:
        Unreadable: It is no such document.
    """
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise Unreadable(f"the file has {size:,} bytes, more than the limit of {MAX_JSON_BYTES:,}")
    try:
        given = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        try:
            yield from _tables(path, ".jsonl", max_bytes)
        except Unreadable:
            raise Unreadable(f"not valid JSON at line {error.lineno}") from None
        return
    rows = given
    if isinstance(given, dict):
        rows = next((given[name] for name in _LISTS if isinstance(given.get(name), list)), None)
    if not isinstance(rows, list):
        raise Unreadable("it holds no list of rows")
    for number, values in enumerate(_squad(rows), 1):
        if isinstance(values, dict):
            yield DataRow(number, values, orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS))
        else:
            yield DataRow(number, None, b"", "not an object with named fields")


def _squad(rows: list[Any]) -> Iterator[Any]:
    """Questions with their paragraphs, where rows are SQuAD's articles; else the rows."""
    for row in rows:
        paragraphs = row.get("paragraphs") if isinstance(row, dict) else None
        if not isinstance(paragraphs, list):
            yield row
            continue
        for paragraph in paragraphs:
            asked = paragraph.get("qas") if isinstance(paragraph, dict) else None
            if not isinstance(asked, list):
                yield None
                continue
            for one in asked:
                if isinstance(one, dict):
                    yield {"context": paragraph.get("context"), "title": row.get("title")} | one
                else:
                    yield None


def text_of(path: Path) -> str:
    """A small text file, such as a card.

    Raises:
        Unreadable: It is not text.
    """
    encoding: Encoding = detect(path)
    try:
        return path.read_bytes()[: 4 << 20].decode(encoding.name)
    except UnicodeDecodeError:
        raise Unreadable(f"it is not valid {encoding.name}") from None
