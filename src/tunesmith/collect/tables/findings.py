"""What only the whole table says: which rows repeat others, what fills gaps, what is an outlier."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.collect.tables.quantiles import quantiles
from tunesmith.collect.tables.repeats import ROW, Repeats, find, key_text, together, without
from tunesmith.collect.tables.rules import ColumnRules, Outliers, TableRules
from tunesmith.collect.tables.status import FATE, LINE, NOTES, ORIGIN, POSITION, REASON
from tunesmith.errors import SourceError

Walk = Callable[[list[str]], Iterable[pl.DataFrame]]

#: A column with more different values has no most frequent one worth the name.
MOST_VALUES = 1_000_000

#: 1 / 0.6745: the standard deviation of normal values by their median absolute deviation; and by
#: their mean one, which takes its place where more than half of the values are equal.
_BY_MAD, _BY_MEAN_DEVIATION = 1 / 0.6745, 1.253314

_WALKED = 65_536


@dataclass(frozen=True)
class Findings:
    """What the whole table says about some of its rows."""

    fills: dict[str, Any] = field(default_factory=dict)
    """By column, what stands where there is no value."""
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By column, the least and the greatest value that is no outlier."""
    duplicates: pl.DataFrame = field(default_factory=lambda: _places([], []))
    """Rows to drop (`ROW`), and where the row is that each repeats (`where`)."""
    clashes: dict[str, pl.DataFrame] = field(default_factory=dict)
    """By a column that is to be unique, the same for rows that repeat a value."""
    carried: dict[str, Any] = field(default_factory=dict)
    """By a column that is filled with the value before, the last one before these rows."""


def _places(rows: Any, where: Any) -> pl.DataFrame:
    return pl.DataFrame({ROW: rows, "where": where}, schema={ROW: pl.Int64, "where": pl.String})


class Spool:
    """Rows on disk, walked as often as needed.

    Args:
        path: The Parquet file to write.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
        self._writer: Any = None
        self.schema = pl.Schema()

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows; they are numbered."""
        import pyarrow.parquet as pq

        table = frame.with_row_index(ROW, self.rows).with_columns(pl.col(ROW).cast(pl.Int64))
        self.rows += frame.height
        arrow = table.to_arrow()
        if self._writer is None:
            self.schema = table.schema
            self._writer = pq.ParquetWriter(self.path, arrow.schema, compression="zstd")
        self._writer.write_table(arrow)

    def close(self) -> None:
        """No more rows come."""
        if self._writer is not None:
            self._writer.close()

    def walk(self, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows in order, in frames; all columns, or the number and those that are named."""
        import pyarrow.parquet as pq

        if not self.rows:
            return
        wanted = None if columns is None else [ROW, *columns]
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=_WALKED, columns=wanted):
                frame = pl.from_arrow(batch)
                if isinstance(frame, pl.DataFrame):
                    yield frame


@contextlib.contextmanager
def spool(folder: Path) -> Iterator[Spool]:
    """A spool in a folder."""
    made = Spool(folder / "rows.parquet")
    try:
        yield made
    finally:
        made.close()


def findings(rules: TableRules, rows: Spool) -> Findings:
    """What the whole table says.

    Args:
        rules: The recipe's.
        rows: All rows that could be read, by type.

    Raises:
        SourceError: A column has too many different values for the most frequent one.
    """
    rows.close()
    if not rows.rows:
        return Findings()
    duplicates = _duplicates(rules, rows)
    clashes = {
        name: find(
            without(lambda name=name: rows.walk([name]), duplicates.rows),  # type: ignore[misc]
            key_text([name], whole=False),
            rows=rows.rows,
        )
        for name, one in rules.declared.items()
        if one.unique and name in rows.schema
    }
    fills: dict[str, Any] = {}
    limits: dict[str, tuple[float, float]] = {}
    for name, one in rules.declared.items():
        if name not in rows.schema:
            continue
        column = _Column(rows, name, duplicates.rows)
        value = _fill(name, one, column)
        if value is not None:
            fills[name] = value
        if one.outliers is not None and one.outliers.method != "range" and not column.empty:
            limits[name] = outlier_limits(one.outliers, column.numbers)
    return Findings(
        fills=fills,
        limits=limits,
        duplicates=_where(rows, duplicates),
        clashes={name: _where(rows, one) for name, one in clashes.items()},
    )


def _duplicates(rules: TableRules, rows: Spool) -> Repeats:
    wanted = rules.duplicates
    if wanted is None:
        none = np.empty(0, np.int64)
        return Repeats(none, none, none)
    data = [name for name in rows.schema if name not in (ROW, *ORIGIN, FATE, REASON, NOTES)]
    keys = wanted.keys or [data]
    found = [
        find(
            lambda key=key: rows.walk(key),  # type: ignore[misc]
            key_text(key, ignore_case=wanted.ignore_case, whole=not wanted.keys),
            rows=rows.rows,
            keep=wanted.keep,
        )
        for key in keys
    ]
    return together(found, keep=wanted.keep)


def _where(rows: Spool, repeats: Repeats) -> pl.DataFrame:
    """Rows that repeat others, and in words where those are."""
    if not len(repeats):
        return _places([], [])
    firsts = np.unique(repeats.of)
    parts = []
    for frame in rows.walk([LINE, POSITION]):
        low, high = frame[ROW][0], frame[ROW][-1]
        mine = firsts[np.searchsorted(firsts, low) : np.searchsorted(firsts, high, "right")]
        if len(mine):
            parts.append(frame[mine - low].select(pl.col(ROW).alias("of"), where=where()))
    of = pl.DataFrame({ROW: repeats.rows, "of": repeats.of})
    return of.join(pl.concat(parts), on="of", how="left", maintain_order="left").select(
        ROW, "where"
    )


def where() -> pl.Expr:
    """Where a row is, in words; a row of a database has no place that a user could look up."""
    stored = pl.col(POSITION).str.starts_with("block ")
    position = pl.when(stored).then(pl.lit("another row")).otherwise(pl.col(POSITION))
    return pl.coalesce(position, pl.format("line {}", LINE))


class _Column:
    """The values of a column in the rows that stay."""

    def __init__(self, rows: Spool, name: str, gone: NDArray[np.int64]) -> None:
        self.name = name
        self._walk = without(lambda: rows.walk([name]), gone)

    def __iter__(self) -> Iterator[pl.Series]:
        for frame in self._walk():
            yield frame[self.name].drop_nulls()

    def numbers(self) -> Iterator[NDArray[np.float64]]:
        """The values as doubles."""
        for values in self:
            yield values.cast(pl.Float64).to_numpy()

    @property
    def empty(self) -> bool:
        """Whether there is no value."""
        return all(values.is_empty() for values in self)


def _fill(name: str, rules: ColumnRules, column: _Column) -> Any:
    if rules.missing not in {"mean", "median", "mode"} or column.empty:
        return None
    if rules.missing == "mode":
        return _mode(name, column)
    if rules.missing == "mean":
        value = _mean(column.numbers)
    else:
        (value,) = quantiles(column.numbers, [0.5])
    return round(value) if rules.type == "integer" else value


def _mode(name: str, column: _Column) -> Any:
    """The most frequent value; of several, the least."""
    counts: pl.DataFrame | None = None
    for values in column:
        here = values.value_counts(name="#count")
        if counts is not None:
            here = pl.concat([counts, here]).group_by(name).agg(pl.col("#count").sum())
        if here.height > MOST_VALUES:
            raise SourceError(
                f"column '{name}' has more than {MOST_VALUES:,} different values: the most "
                "frequent one says nothing",
                where=f"schema.{name}.missing",
                todo="fill the column in another way than with its mode",
            )
        counts = here
    if counts is None:
        return None
    return counts.sort("#count", name, descending=[True, False])[name][0]


def _mean(numbers: Callable[[], Iterator[NDArray[np.float64]]]) -> float:
    total, count = 0.0, 0
    for values in numbers():
        total += float(values.sum())
        count += values.size
    return total / count


def outlier_limits(
    rules: Outliers, numbers: Callable[[], Iterator[NDArray[np.float64]]]
) -> tuple[float, float]:
    """The least and the greatest value that is no outlier.

    Args:
        rules: By which method.
        numbers: The values; there is at least one.
    """
    if rules.method == "iqr":
        low, high = quantiles(numbers, [0.25, 0.75])
        reach = rules.distance * (high - low)
        return low - reach, high + reach
    if rules.method == "zscore":
        middle = _mean(numbers)
        spread = _mean(lambda: ((one - middle) ** 2 for one in numbers())) ** 0.5
    else:
        (middle,) = quantiles(numbers, [0.5])
        (deviation,) = quantiles(lambda: (abs(one - middle) for one in numbers()), [0.5])
        spread = deviation * _BY_MAD
        if spread == 0:
            spread = _BY_MEAN_DEVIATION * _mean(lambda: (abs(one - middle) for one in numbers()))
    return middle - rules.distance * spread, middle + rules.distance * spread


def as_json(value: Any) -> Any:
    """A value of a column as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def from_json(value: Any, dtype: pl.DataType | None) -> Any:
    """What `as_json` was given, for a column of this type."""
    if value is None or dtype is None or not dtype.is_temporal():
        return value
    return date.fromisoformat(value) if dtype == pl.Date else datetime.fromisoformat(value)
