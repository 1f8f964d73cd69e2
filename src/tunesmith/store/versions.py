"""Dataset versions: one Delta Lake table a run folder, one version for each different dataset."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from tunesmith.errors import TunesmithError
from tunesmith.record import SCHEMA

#: The columns of the table: the record, and the split each row belongs to.
COLUMNS = [*SCHEMA, "split"]

#: What says nothing about the content: the same rows read on another day are the same dataset.
_UNVERSIONED = ["collected_at"]


@dataclass(frozen=True)
class Version:
    """One version of a dataset."""

    number: int
    written_at: datetime
    rows: int
    fingerprint: str
    recipe: str
    lineage: dict[str, Any]


def dataset_fingerprint(frame: pl.DataFrame) -> str:
    """16 hex digits that two datasets share exactly when their rows are the same, in order.

    The time of collection is left out.
    """
    digest = hashlib.sha256()
    for part in frame.select(pl.exclude(_UNVERSIONED)).iter_slices(10_000):
        digest.update(part.write_ndjson().encode())
    return digest.hexdigest()[:16]


def write_version(
    table: Path, frame: pl.DataFrame, *, recipe: str, lineage: dict[str, Any]
) -> Version:
    """Add `frame` as a new version unless the newest one holds the same rows.

    Args:
        table: The folder of the Delta table; made when missing.
        frame: Rows with the columns of `COLUMNS`, in their final order.
        recipe: The recipe's text.
        lineage: Fingerprints, counts and scores that belong to the version.
    """
    from deltalake import CommitProperties, write_deltalake

    fingerprint = dataset_fingerprint(frame)
    known = versions(table)
    if known and known[-1].fingerprint == fingerprint:
        return known[-1]
    write_deltalake(
        str(table),
        frame.select(COLUMNS).to_arrow(),
        mode="overwrite",
        schema_mode="overwrite" if known else None,
        commit_properties=CommitProperties(
            custom_metadata={
                "tunesmith.fingerprint": fingerprint,
                "tunesmith.rows": str(frame.height),
                "tunesmith.recipe": recipe,
                "tunesmith.lineage": orjson.dumps(lineage, option=orjson.OPT_SORT_KEYS).decode(),
            }
        ),
    )
    return versions(table)[-1]


def versions(table: Path) -> list[Version]:
    """Every version of a table, oldest first; none when there is no table."""
    if not (table / "_delta_log").exists():
        return []
    from deltalake import DeltaTable

    found = []
    for commit in DeltaTable(str(table)).history():
        if "tunesmith.fingerprint" not in commit:
            continue
        found.append(
            Version(
                number=commit["version"],
                written_at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
                rows=int(commit["tunesmith.rows"]),
                fingerprint=commit["tunesmith.fingerprint"],
                recipe=commit["tunesmith.recipe"],
                lineage=orjson.loads(commit["tunesmith.lineage"]),
            )
        )
    return sorted(found, key=lambda version: version.number)


def read_version(table: Path, number: int | None = None) -> pl.DataFrame:
    """The rows of one version, the newest by default.

    Raises:
        TunesmithError: There is no such version.
    """
    known = {version.number for version in versions(table)}
    if not known:
        raise TunesmithError(
            "there is no dataset here",
            where=str(table),
            todo="make one with: tunesmith prepare RECIPE",
        )
    if number is not None and number not in known:
        raise TunesmithError(
            f"there is no version {number}",
            where=str(table),
            todo=f"the versions are {', '.join(map(str, sorted(known)))}",
        )
    from deltalake import DeltaTable

    arrow = DeltaTable(str(table), version=number).to_pyarrow_table()
    frame = pl.from_arrow(arrow)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a Delta table must read as a table")
    return frame.select(COLUMNS)


@dataclass(frozen=True)
class Difference:
    """What changed from one version to another; identifiers of rows."""

    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]
    moved: dict[str, tuple[str | None, str | None]]


def diff(before: pl.DataFrame, after: pl.DataFrame) -> Difference:
    """Compare two versions row by row.

    Returns:
        Identifiers added and removed; for rows in both, the columns that changed (the time of
        collection and the split left out) and the moves from one split to another.
    """
    old = {row["id"]: row for row in before.iter_rows(named=True)}
    new = {row["id"]: row for row in after.iter_rows(named=True)}
    watched = [name for name in COLUMNS if name not in {*_UNVERSIONED, "split", "id"}]
    changed: dict[str, list[str]] = {}
    moved: dict[str, tuple[str | None, str | None]] = {}
    for identifier in new.keys() & old.keys():
        columns = [name for name in watched if old[identifier][name] != new[identifier][name]]
        if columns:
            changed[identifier] = columns
        splits = old[identifier]["split"], new[identifier]["split"]
        if splits[0] != splits[1]:
            moved[identifier] = splits
    return Difference(
        added=sorted(new.keys() - old.keys()),
        removed=sorted(old.keys() - new.keys()),
        changed=dict(sorted(changed.items())),
        moved=dict(sorted(moved.items())),
    )
