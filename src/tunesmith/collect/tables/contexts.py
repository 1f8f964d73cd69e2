"""What a block depends on besides its own rows, so that blocks can be read one by one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.collect.tables.blocks import Blocks
from tunesmith.collect.tables.findings import Findings, as_json, findings, from_json, spool
from tunesmith.collect.tables.process import Table
from tunesmith.collect.tables.reading import digests
from tunesmith.collect.tables.repeats import ROW, find, key_text
from tunesmith.collect.tables.status import DIGEST, FATE, FILE, KEY, LINE, POSITION
from tunesmith.record import lettered


@dataclass
class Context:
    """What a block depends on besides its own rows."""

    found: Findings
    """What the whole table says; rows are numbered from 0 in the block, of those that were read."""
    again: dict[int, int] = field(default_factory=dict)
    """Which of the rows with the same key a row is, where it is not the first; rows are numbered
    from 0 in the block, all of them."""

    def as_json(self) -> dict[str, Any]:
        """As JSON has it."""
        found = self.found
        return {
            "fills": {name: as_json(value) for name, value in found.fills.items()},
            "limits": found.limits,
            "duplicates": found.duplicates.rows(),
            "clashes": {name: rows.rows() for name, rows in found.clashes.items()},
            "carried": {name: as_json(value) for name, value in found.carried.items()},
            "again": sorted(self.again.items()),
        }

    @classmethod
    def from_json(cls, given: dict[str, Any], schema: pl.Schema) -> Context:
        """What `as_json` gave, for columns of these types."""
        places = {ROW: pl.Int64, "where": pl.String}
        values = {
            part: {name: from_json(value, schema.get(name)) for name, value in given[part].items()}
            for part in ("fills", "carried")
        }
        found = Findings(
            fills=values["fills"],
            limits={name: (low, high) for name, (low, high) in given["limits"].items()},
            duplicates=pl.DataFrame(given["duplicates"], schema=places, orient="row"),
            clashes={
                name: pl.DataFrame(rows, schema=places, orient="row")
                for name, rows in given["clashes"].items()
            },
            carried=values["carried"],
        )
        return cls(found, {int(row): int(count) for row, count in given["again"]})


def raw_rows(block: pl.DataFrame, name: str, key: list[str], again: dict[int, int]) -> pl.DataFrame:
    """The rows of a block with where they come from.

    Args:
        block: Its rows, all cells as text.
        name: Its name.
        key: The columns that name a row; without them it is told by all of its cells.
        again: As of `Context`.
    """
    short = lettered(name[:8])
    own = digests(block)
    keys = block.select(key_text(key, whole=True)).to_series().to_list() if key else [*own]
    for row, count in again.items():
        keys[row] = f"{keys[row]} again {count}"
    return block.with_columns(
        pl.Series(DIGEST, own, pl.String),
        pl.Series(KEY, keys, pl.String),
        pl.Series(POSITION, [f"block {short} row {n + 1}" for n in range(block.height)], pl.String),
        pl.lit(None, pl.Int64).alias(LINE),
        pl.lit(0, pl.Int32).alias(FILE),
    )


def contexts(table: Table, blocks: Blocks, key: list[str]) -> Iterator[Context]:
    """The context of each block, in order."""
    again = _again(blocks, key)
    if not table.rules.whole:
        yield from (Context(Findings(), one) for one in again)
        return
    with tempfile.TemporaryDirectory() as folder, spool(Path(folder)) as kept:
        heights = []
        for name, frame in zip(blocks.names(), blocks.frames(), strict=True):
            alive = _alive(table, frame, name, key)
            kept.add(alive)
            heights.append(alive.height)
        found = findings(table.rules, kept)
    carried: dict[str, Any] = {}
    start = 0
    follows = any(rules.missing == "previous" for rules in table.declared.values())
    for name, height, one in zip(blocks.names(), heights, again, strict=True):
        mine = _slice(found, start, height, dict(carried))
        yield Context(mine, one)
        start += height
        if follows:
            frame = _alive(table, pl.read_parquet(blocks.path(name)), name, key)
            numbered = frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
            table.ruled(numbered, mine, carried)


def _alive(table: Table, frame: pl.DataFrame, name: str, key: list[str]) -> pl.DataFrame:
    return table.typed(raw_rows(frame, name, key, {})).filter(pl.col(FATE).is_null())


def _slice(found: Findings, start: int, height: int, carried: dict[str, Any]) -> Findings:
    def mine(rows: pl.DataFrame) -> pl.DataFrame:
        here = rows.filter(pl.col(ROW).is_between(start, start + height, closed="left"))
        return here.with_columns(pl.col(ROW) - start)

    return Findings(
        fills=found.fills,
        limits=found.limits,
        duplicates=mine(found.duplicates),
        clashes={name: mine(rows) for name, rows in found.clashes.items()},
        carried=carried,
    )


def _again(blocks: Blocks, key: list[str]) -> list[dict[int, int]]:
    """By block, rows whose key came before; which of the rows with that key each is."""
    starts, total = [], 0
    for frame in blocks.frames():
        starts.append(total)
        total += frame.height
    if not starts:
        return []

    def walk() -> Iterator[pl.DataFrame]:
        for start, frame in zip(starts, blocks.frames(), strict=True):
            yield frame.with_row_index(ROW, start).with_columns(pl.col(ROW).cast(pl.Int64))

    (columns,) = {tuple(frame.columns) for frame in blocks.frames()}
    repeats = find(walk, key_text(key or list(columns), whole=True), rows=total)
    found: list[dict[int, int]] = [{} for _ in starts]
    block = 0
    for row, count in zip(repeats.rows.tolist(), repeats.count.tolist(), strict=True):
        while block + 1 < len(starts) and starts[block + 1] <= row:
            block += 1
        found[block][row - starts[block]] = count + 1
    return found
