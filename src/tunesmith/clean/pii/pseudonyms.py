"""Pseudonyms for the columns that name a person or a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import polars as pl

from tunesmith.record import IDENTIFIER_COLUMNS
from tunesmith.step import Transform, set_aside
from tunesmith.store.secret import key_fingerprint, pseudonym, secret


class Pseudonyms(Transform):
    """Replace customer, author, thread and the sources' personal columns by keyed pseudonyms.

    The same value of a column becomes the same pseudonym everywhere (`customer-elcneacikbmh`), so
    that splits can keep a customer together, and without the secret nobody can tell whose it is.
    """

    kind: ClassVar[str] = "pseudonyms"
    reads: ClassVar[tuple[str, ...]] = (*IDENTIFIER_COLUMNS, "extra", "source")
    writes: ClassVar[tuple[str, ...]] = IDENTIFIER_COLUMNS

    columns: dict[str, list[str]] = {}
    """By source, extra columns that name a person."""
    vault: bool = False
    """Set the values aside for the vault."""

    def identity(self) -> dict[str, Any]:
        """What the step's output depends on: the secret too, by its fingerprint."""
        return super().identity() | {"key": key_fingerprint(secret())}

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite the identifier columns."""
        key = secret()
        before = batch
        changed = [
            _replaced(key, name, batch.get_column(name))
            for name in IDENTIFIER_COLUMNS
            if batch.get_column(name).null_count() < batch.height
        ]
        batch = batch.with_columns(changed)
        for source, names in self.columns.items():
            if names and (batch.get_column("source") == source).any():
                batch = batch.with_columns(_extra(key, batch, source, set(names)))
        if self.vault:
            batch = batch.with_columns(set_aside(batch.height, self._values(key, before)))
        return batch

    def _values(self, key: bytes, batch: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
        """What is replaced, as `(shown, kind, original)`."""
        for name in IDENTIFIER_COLUMNS:
            for value in batch.get_column(name).drop_nulls().unique().sort():
                yield pseudonym(key, name, value), name.upper(), value
        for origin, extra in batch.select("source", "extra").iter_rows():
            names = self.columns.get(origin, ())
            for item in extra or []:
                if item["key"] in names and item["value"]:
                    yield pseudonym(key, "person", item["value"]), "PERSON", item["value"]


def _replaced(key: bytes, prefix: str, values: pl.Series) -> pl.Series:
    distinct = values.drop_nulls().unique()
    new = [pseudonym(key, prefix, value) for value in distinct]
    return values.replace_strict(distinct, pl.Series(new, dtype=pl.String), default=None)


def _extra(key: bytes, batch: pl.DataFrame, source: str, names: set[str]) -> pl.Series:
    rows = []
    for origin, extra in batch.select("source", "extra").iter_rows():
        rows.append(
            [
                {
                    "key": item["key"],
                    "value": pseudonym(key, "person", item["value"])
                    if origin == source and item["key"] in names and item["value"]
                    else item["value"],
                }
                for item in extra or []
            ]
        )
    return pl.Series("extra", rows, dtype=batch.schema["extra"])
