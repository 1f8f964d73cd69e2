"""Rewriting text columns: the same function over the texts of a row and its metadata values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tunesmith.record import METADATA_COLUMNS, TEXT_COLUMNS

#: Takes texts and, for each, the number of the row of the batch that it belongs to. The series may
#: be changed in place (`Series.scatter` does).
Rewrite = Callable[[pl.Series, NDArray[np.int64]], pl.Series]


def rewrite_texts(
    batch: pl.DataFrame, rewrite: Rewrite, names: tuple[str, ...] = TEXT_COLUMNS
) -> pl.DataFrame:
    """Rewrite question, answer and text, or those `names`; an empty column is passed over."""
    return batch.with_columns(_rewritten(batch, names, rewrite))


def rewrite_metadata(batch: pl.DataFrame, rewrite: Rewrite) -> pl.DataFrame:
    """Rewrite every metadata value that is text: plain columns, labels and extra columns."""
    columns = _rewritten(batch, METADATA_COLUMNS, rewrite)
    columns.append(_labels(batch.get_column("labels"), rewrite))
    columns.append(_extra(batch.get_column("extra"), rewrite))
    return batch.with_columns(columns)


def _rewritten(batch: pl.DataFrame, names: tuple[str, ...], rewrite: Rewrite) -> list[pl.Series]:
    rows = np.arange(batch.height)
    return [
        rewrite(batch.get_column(name), rows).alias(name)
        for name in names
        if batch.get_column(name).null_count() < batch.height
    ]


def _rows_of(lists: pl.Series) -> NDArray[np.int64]:
    lengths = lists.list.len().fill_null(0).to_numpy()
    return np.repeat(np.arange(len(lengths)), lengths)


def _labels(labels: pl.Series, rewrite: Rewrite) -> pl.Series:
    lists = labels.to_arrow()
    values = pl.Series(lists.flatten(), dtype=pl.String)
    if not values.len():
        return labels
    new = rewrite(values.clone(), _rows_of(labels))
    return labels if new.equals(values) else _lists(lists, new.to_arrow(), labels)


def _extra(extra: pl.Series, rewrite: Rewrite) -> pl.Series:
    lists = extra.to_arrow()
    pairs = lists.flatten()
    if not len(pairs):
        return extra
    texts = pl.Series(pairs.field("value"), dtype=pl.String)
    new = rewrite(texts.clone(), _rows_of(extra))
    if new.equals(texts):
        return extra
    renewed = pa.StructArray.from_arrays([pairs.field("key"), new.to_arrow()], ["key", "value"])
    return _lists(lists, renewed, extra)


def _lists(lists: pa.LargeListArray, values: pa.Array, like: pl.Series) -> pl.Series:
    # `flatten` leaves out null lists, so offsets are made anew from the lengths.
    lengths = like.list.len().fill_null(0)
    offsets = pl.concat([pl.Series([0], dtype=pl.Int64), lengths.cast(pl.Int64).cum_sum()])
    built = pa.LargeListArray.from_arrays(pa.array(offsets.to_numpy()), values)
    return pl.Series(like.name, built, dtype=like.dtype)


def reason(error: pl.exceptions.ComputeError) -> str:
    """What Rust's regex crate says is wrong with a pattern, without the pattern drawn."""
    lines = str(error).strip().splitlines()
    said = [line for line in lines if line.startswith("error: ")]
    return (said or lines)[0].removeprefix("regex ").removeprefix("error: ")


def on_hits(texts: pl.Series, hits: pl.Series, function: Callable[[str], str]) -> pl.Series:
    """Apply a Python function to the texts where `hits` is true, and leave the others."""
    where = hits.fill_null(value=False).arg_true()
    if not where.len():
        return texts
    done = [function(text) for text in texts.gather(where)]
    return texts.scatter(where, pl.Series(done, dtype=pl.String))
