"""What columns a source's rows have, and of what kind: to tell when an export has changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from tunesmith import record

#: Columns that say where a row comes from: they are there whatever the export has.
_ALWAYS = {
    "id", "kind", "source", "file", "line", "position", "content_hash", "collected_at",
    "collection", "license", "domain", "language", "language_confidence", "words", "repetition",
    "quality_score", "extra", "changes",
}  # fmt: skip

#: Kinds of values, each wider than the one before; the widest that occurs is the column's.
_KINDS = ("whole number", "number", "text")
_PATTERNS = {"whole number": r"^\s*[+-]?\d{1,18}\s*$", "number": r"^\s*[+-]?\d+(?:[.,]\d+)?\s*$"}

#: More columns than this are counted, not listed: keys of a document can be without end.
MOST_COLUMNS = 500


class Schema:
    """The columns of some rows that have a value in any of them, by kind.

    Args:
        columns: Those that are known.
    """

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        self.columns: dict[str, str] = dict(columns or {})

    def look(self, frame: pl.DataFrame) -> None:
        """Add the columns of some records."""
        if not frame.height:
            return
        for name, kind in record.SCHEMA.items():
            if name not in _ALWAYS and frame.get_column(name).null_count() < frame.height:
                self.columns[name] = str(kind)
        pairs = frame.select(pl.col("extra").explode(empty_as_null=False).struct.unnest())
        value = pl.col("value")
        kinds = pairs.group_by("key").agg(
            *(value.str.contains(pattern).all().alias(kind) for kind, pattern in _PATTERNS.items())
        )
        for key, whole, number in kinds.sort("key").iter_rows():
            if key is not None:
                self._add(f"extra.{key}", _KINDS[0 if whole else 1 if number else 2])

    def merge(self, other: Mapping[str, str]) -> None:
        """Add what was seen elsewhere."""
        for name, kind in other.items():
            self._add(name, kind)

    def _add(self, name: str, kind: str) -> None:
        before = self.columns.get(name)
        if before in _KINDS and kind in _KINDS:
            kind = max(before, kind, key=_KINDS.index)
        if before is not None or len(self.columns) < MOST_COLUMNS:
            self.columns[name] = kind


def drift(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is different, in words that name columns alone."""
    names = [("gone", before.keys() - now.keys()), ("new", now.keys() - before.keys())]
    found = [
        f"{'column' if len(some) == 1 else 'columns'} {_listed(some)} "
        f"{'is' if len(some) == 1 else 'are'} {word}"
        for word, some in names
        if some
    ]
    return found + [
        f"column {_plain(name)} was {before[name]} and is {now[name]}"
        for name in sorted(before.keys() & now.keys())
        if before[name] != now[name]
    ]


def _listed(names: Any, most: int = 5) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(map(_plain, ordered[:most])) + more


def _plain(name: str) -> str:
    return f"'{name.removeprefix('extra.')[:60]}'"


def later(one: datetime | None, other: Any) -> datetime | None:
    """The later of two times, as far as there are any."""
    times = [time for time in (one, other) if isinstance(time, datetime)]
    return max(times, default=None)
