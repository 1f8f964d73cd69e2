"""Dataset versions: one Delta Lake table a run folder, one version for each different dataset.

A part of the rows is a Parquet file of the table, named by its place, the version and its content.
A part that the newest version has as it is becomes a second name of that file (a hard link): a
version costs what is new in it, and the names keep the rows in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow.parquet as pq

from tunesmith.errors import TunesmithError
from tunesmith.io import atomic_write
from tunesmith.record import SCHEMA
from tunesmith.store.facts import UNVERSIONED, combined, digests

#: The columns of the table: the record, and the split each row belongs to.
COLUMNS = [*SCHEMA, "split"]


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
    return combined([(digests(frame), frame.get_column("split"))])


@dataclass(frozen=True)
class VersionPart:
    """Some of a version's rows."""

    fingerprint: str
    """That of `combined` for these rows."""
    frame: Callable[[], pl.DataFrame]
    """Gives them, with the columns of `COLUMNS`."""


def write_version(
    table: Path,
    parts: Sequence[VersionPart],
    *,
    rows: int,
    fingerprint: str,
    recipe: str,
    lineage: dict[str, Any],
) -> Version:
    """Add rows as a new version unless the newest one holds the same rows.

    Args:
        table: The folder of the Delta table; made when missing.
        parts: The rows in their final order; one part is in memory at a time.
        rows: How many they are.
        fingerprint: Their `dataset_fingerprint`.
        recipe: The recipe's text.
        lineage: Fingerprints, counts and scores that belong to the version.
    """
    from deltalake import CommitProperties, DeltaTable, Schema
    from deltalake.transaction import AddAction, create_table_with_add_actions

    known = versions(table)
    if known and known[-1].fingerprint == fingerprint:
        return known[-1]
    number = known[-1].number + 1 if known else 0
    there = {path.stem.rpartition("-")[2]: path for path in version_files(table)} if known else {}
    actions = []
    for place, part in enumerate(parts):
        path = table / f"part-{place:05d}-v{number:06d}-{part.fingerprint}.parquet"
        height = _write_part(path, part, there.get(part.fingerprint))
        if height:
            stats = orjson.dumps({"numRecords": height}).decode()
            moment = int(path.stat().st_mtime * 1000)
            actions.append(AddAction(path.name, path.stat().st_size, {}, moment, True, stats))
    schema = Schema.from_arrow(
        pl.DataFrame(schema=SCHEMA | {"split": pl.String()}).to_arrow().schema
    )
    properties = CommitProperties(
        custom_metadata={
            "tunesmith.fingerprint": fingerprint,
            "tunesmith.rows": str(rows),
            "tunesmith.recipe": recipe,
            "tunesmith.lineage": orjson.dumps(lineage, option=orjson.OPT_SORT_KEYS).decode(),
        }
    )
    if known:
        DeltaTable(str(table)).create_write_transaction(
            actions, "overwrite", schema, commit_properties=properties
        )
    else:
        table.mkdir(parents=True, exist_ok=True)
        create_table_with_add_actions(str(table), schema, actions, commit_properties=properties)
    return versions(table)[-1]


def _write_part(path: Path, part: VersionPart, same: Path | None) -> int:
    """Write a part, or give the file that has its rows another name; returns its rows."""
    if same is not None:
        try:
            path.unlink(missing_ok=True)
            path.hardlink_to(same)
        except OSError:  # a file system without links: the rows are written again
            path.unlink(missing_ok=True)
        else:
            return int(pq.read_metadata(path).num_rows)
    frame = part.frame().select(COLUMNS)
    if frame.height:
        with atomic_write(path) as file:
            frame.write_parquet(file, compression="zstd", compression_level=1)
    return frame.height


def version_files(table: Path, number: int | None = None) -> list[Path]:
    """The files of a version, in the order of the rows."""
    from deltalake import DeltaTable

    uris = DeltaTable(str(table), version=number).file_uris()
    return [table / name for name in sorted(uri.rpartition("/")[2] for uri in uris)]


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


def read_version(
    table: Path, number: int | None = None, columns: list[str] | None = None
) -> pl.DataFrame:
    """The rows of one version, the newest by default, or some of their columns.

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
    wanted = columns or COLUMNS
    frames = [pl.read_parquet(path, columns=wanted) for path in version_files(table, number)]
    if not frames:
        return pl.DataFrame(schema=SCHEMA | {"split": pl.String()}).select(wanted)
    return pl.concat(frames).select(wanted)


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
    watched = [name for name in COLUMNS if name not in {*UNVERSIONED, "split", "id"}]
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
