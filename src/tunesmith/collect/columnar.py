"""Records of many raw rows at once, by column: the same that `RowReader.record` gives row by row.

That method says what a record is. This one is here for speed; see `runs`.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from tunesmith.collect.base import ARROW
from tunesmith.collect.mapping import RowReader, as_text, field_text, joined, labels
from tunesmith.collect.runs import Run
from tunesmith.record import content_hashes

_EXTRA = ARROW.field("extra").type
_PLAIN = {str, type(None)}


def records(reader: RowReader, run: Run) -> tuple[list[str], dict[str, Any]]:
    """What `RowReader.record` gives for each row: keys, and columns of the record.

    Returns:
        The keys, and by column a list or an Arrow array of as many values.
    """
    digests = content_hashes(run.raws)
    source_ids = _texts(reader, run, "id")
    columns: dict[str, Any] = {
        "kind": ["qa"] * len(digests),
        "line": run.lines,
        "content_hash": digests,
        "source_id": source_ids,
        "extra": _extra(reader, run.values),
        "changes": [[]] * len(digests),
    }
    for name in ("question", "answer", *reader.texts):
        columns[name] = _texts(reader, run, name)
    if "labels" in reader.mapped:
        columns["labels"] = [labels(value) for value in _column(reader, run, "labels")]
    if "timestamp" in reader.mapped:
        read = [reader.moment(value) for value in _column(reader, run, "timestamp")]
        columns["timestamp"], columns["zone"], columns["changes"] = zip(*read, strict=True)
    return [of or own for of, own in zip(source_ids, digests, strict=True)], columns


def _column(reader: RowReader, run: Run, field: str) -> list[Any]:
    (name,) = reader.mapped[field]
    return [values.get(name) for values in run.values]


def _texts(reader: RowReader, run: Run, field: str) -> list[str | None]:
    names = reader.mapped.get(field, [])
    if not names:
        return [None] * len(run.values)
    if len(names) > 1:
        return [joined(map(values.get, names)) for values in run.values]
    column = _column(reader, run, field)
    if _PLAIN.issuperset(map(type, column)):
        return [text or None for text in column]
    return [field_text(value) for value in column]


def _extra(reader: RowReader, rows: list[dict[str, Any]]) -> Any:
    shapes = set(map(tuple, rows))
    if len(shapes) > 1:
        return [reader.others(values) for values in rows]
    names = [name for name in shapes.pop() if name not in reader.used]
    others = zip(*(_other(name, rows) for name in names), strict=True)
    texts = pa.array(list(chain.from_iterable(others)), _EXTRA.value_type["value"].type)
    there = texts.is_valid().to_numpy(zero_copy_only=False)
    counts = there.reshape(len(rows), len(names)).sum(axis=1)
    keys = pa.array(names * len(rows), _EXTRA.value_type["key"].type)
    pairs = pa.StructArray.from_arrays([keys, texts], fields=list(_EXTRA.value_type))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.LargeListArray.from_arrays(offsets, pairs.filter(pa.array(there)))


def _other(name: str, rows: list[dict[str, Any]]) -> list[str | None]:
    column = [values[name] for values in rows]
    if _PLAIN.issuperset(map(type, column)):
        return column
    return [None if value is None else as_text(value) for value in column]
