"""From raw rows of a table to rows of the dataset: what is done in which order.

1. Cells become values of the declared types. Rows with a cell that is not of its type are
   quarantined; rows without a value that they need are dropped.
2. Over the rows that are left: duplicates are found, and what fills gaps and what is an outlier
   (`findings`). Without such rules rows are not held, and this is left out.
3. Duplicates are dropped, outliers treated, gaps filled, features worked out, checks made.
4. Each row becomes its text and its pairs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.collect.base import Chunk, ChunkBuilder
from tunesmith.collect.tables import features
from tunesmith.collect.tables.cells import Cells
from tunesmith.collect.tables.checks import Checks
from tunesmith.collect.tables.findings import (
    Findings,
    findings,
    spool,
)
from tunesmith.collect.tables.made import Maker
from tunesmith.collect.tables.repeats import ROW
from tunesmith.collect.tables.rules import ColumnRules, TableRules
from tunesmith.collect.tables.status import FATE, NOTES, ORIGIN, REASON, BadRow, leave_out

_NO_NOTES = pl.lit([], pl.List(pl.String))


class Table:
    """What a table's rules do to its rows.

    Args:
        rules: The recipe's.
        names: The columns that the table has.
        native: By column, what it holds where the file says so and the recipe does not.
    """

    def __init__(
        self, rules: TableRules, names: list[str], native: dict[str, ColumnRules] | None = None
    ) -> None:
        self.rules, self.names = rules, names
        self.declared = {
            name: rules.declared.get(name) or (native or {}).get(name) or ColumnRules()
            for name in names
        }
        self.cells = [Cells(name, one, rules.timezone) for name, one in self.declared.items()]
        self.checks = Checks(rules.declared)
        self.maker = Maker(rules, self.schema)

    @property
    def schema(self) -> pl.Schema:
        """The columns with their types, features among them.

        Raises:
            ValueError: A feature does not go with its columns.
        """
        found: dict[str, pl.DataType] = {}
        for cells in self.cells:
            found[cells.name] = cells.dtype
            if cells.rules.type == "currency":
                found[f"{cells.name}_currency"] = pl.String()
        for name, written in self.rules.features.items():
            found[name] = features.outcome(written, pl.Schema(found))
        return pl.Schema(found)

    # ── 1. Values ────────────────────────────────────────────────────────────────────────────────

    def typed(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Values of the declared types, what becomes of each row, and what was done to it.

        Args:
            raw: Texts by column, with the columns of `ORIGIN`.
        """
        marks = ["", *self.rules.missing_values]
        trimmed = raw.select(
            pl.when(~pl.col(name).str.strip_chars().is_in(marks))
            .then(pl.col(name).str.strip_chars())
            .alias(name)
            for name in self.names
        )
        columns: list[pl.Series] = []
        frame = raw.select(ORIGIN)
        fate, reason, notes = pl.lit(None, pl.String), pl.lit(None, pl.String), []
        for cells in self.cells:
            texts = trimmed[cells.name]
            read = cells.read(texts)
            columns += read
            bad = (read[0].is_null() & texts.is_not_null()).alias(f"#bad {cells.name}")
            if bad.any():
                frame = frame.with_columns(bad)
                if cells.rules.unparsable == "null":
                    notes.append(_note(pl.col(bad.name), f"{cells.name} unreadable"))
                else:
                    fate, reason = _left(
                        fate, reason, pl.col(bad.name), "quarantined", cells.reason
                    )
        frame = frame.with_columns(columns)
        for name, rules in self.declared.items():
            if rules.missing == "drop":
                words = f"column '{name}' has no value"
                fate, reason = _left(fate, reason, pl.col(name).is_null(), "dropped", words)
        return frame.select(
            *ORIGIN,
            *(column.name for column in columns),
            fate.alias(FATE),
            reason.alias(REASON),
            _noted(notes).alias(NOTES),
        )

    # ── 3. Rules ─────────────────────────────────────────────────────────────────────────────────

    def ruled(self, frame: pl.DataFrame, found: Findings, carried: dict[str, Any]) -> pl.DataFrame:
        """Rows as the rules leave them.

        Args:
            frame: Rows of step 1 with their numbers (`ROW`) where there are findings.
            found: What the whole table says.
            carried: By column, the last value before these rows; brought up to date.
        """
        frame = self._repeats(frame, found)
        frame = self._outliers(frame, found)
        frame = self._filled(frame, found, carried)
        for name, written in self.rules.features.items():
            frame = frame.with_columns(features.parse(written).alias(name))
        return self._checked(frame)

    def _repeats(self, frame: pl.DataFrame, found: Findings) -> pl.DataFrame:
        sides = [("dropped", "duplicate: it repeats {}", found.duplicates)]
        sides += [
            ("quarantined", f"column '{name}': its value is not unique: it is that of {{}}", one)
            for name, one in found.clashes.items()
        ]
        for fate, words, rows in sides:
            if rows.height:
                frame = frame.join(rows, on=ROW, how="left", maintain_order="left")
                frame = _leave(
                    frame, pl.col("where").is_not_null(), fate, pl.format(words, "where")
                )
                frame = frame.drop("where")
        return frame

    def _outliers(self, frame: pl.DataFrame, found: Findings) -> pl.DataFrame:
        for name, rules in self.declared.items():
            wanted = rules.outliers
            if wanted is None:
                continue
            low, high = found.limits.get(name, (wanted.min, wanted.max))
            value = pl.col(name)
            out = pl.any_horizontal(
                pl.lit(value=False) if low is None else value < low,
                pl.lit(value=False) if high is None else value > high,
            ).fill_null(value=False)
            if wanted.action in {"drop", "quarantine"}:
                fate = "dropped" if wanted.action == "drop" else "quarantined"
                words = f"column '{name}': an outlier ({wanted.method})"
                frame = _leave(frame, out, fate, pl.lit(words))
                continue
            verb = "clipped" if wanted.action == "clip" else "an outlier"
            frame = frame.with_columns(_with(out, f"{name} {verb}"))
            if wanted.action == "clip":
                whole = self.declared[name].type == "integer"
                frame = frame.with_columns(value.clip(*_bounds(low, high, whole=whole)))
        return frame

    def _filled(
        self, frame: pl.DataFrame, found: Findings, carried: dict[str, Any]
    ) -> pl.DataFrame:
        for cells in self.cells:
            name, rules = cells.name, cells.rules
            value = pl.col(name)
            if rules.missing == "previous":
                frame = self._carried(frame, name, carried)
                continue
            given = found.fills.get(name) if rules.fill is None else _given(cells)
            if given is None:
                continue
            how = "a given value" if rules.fill is not None else f"the {rules.missing}"
            frame = frame.with_columns(
                _with(value.is_null(), f"{name} filled with {how}"),
                value.fill_null(pl.lit(given, cells.dtype)),
            )
        return frame

    def _carried(self, frame: pl.DataFrame, name: str, carried: dict[str, Any]) -> pl.DataFrame:
        """Fill with the value of the row before, of those that stay."""
        value = pl.when(pl.col(FATE).is_null()).then(pl.col(name))
        before = pl.lit(carried.get(name), frame.schema[name])
        frame = frame.with_columns(value.forward_fill().fill_null(before).alias("#before"))
        if frame.height:
            carried[name] = frame["#before"][-1]
        gap = pl.col(name).is_null() & pl.col("#before").is_not_null()
        return frame.with_columns(
            _with(gap, f"{name} filled with the previous one"),
            pl.coalesce(name, "#before").alias(name),
        ).drop("#before")

    def _checked(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not self.checks.declared:
            return frame
        frame = frame.with_row_index("index")
        alive = frame.filter(pl.col(FATE).is_null())
        failed = self.checks.failures(alive.select(list(self.checks.declared)))
        failed = failed.with_columns(index=alive["index"].gather(failed["index"]))
        frame = frame.join(
            failed.rename({"reason": "why"}), on="index", how="left", maintain_order="left"
        )
        frame = _leave(frame, pl.col("why").is_not_null(), "quarantined", pl.col("why"))
        return frame.drop("why", "index")

    # ── The whole ────────────────────────────────────────────────────────────────────────────────

    def rows(
        self, batches: Iterable[pl.DataFrame | BadRow], builder: ChunkBuilder, files: list[str]
    ) -> Iterator[Chunk]:
        """All chunks of a table.

        Args:
            batches: Raw rows, and what could not be read.
            builder: Gathers what they become.
            files: The names of the files that `FILE` numbers.
        """
        if not self.rules.whole:
            for batch in self._values(batches, builder, files):
                yield from self.maker.make(self.ruled(batch, Findings(), {}), builder, files)
                if builder.full:
                    yield builder.take()
            yield builder.take()
            return
        with tempfile.TemporaryDirectory() as folder, spool(Path(folder)) as kept:
            for batch in self._values(batches, builder, files):
                kept.add(batch)
                if builder.full:
                    yield builder.take()
            found = findings(self.rules, kept)
            carried: dict[str, Any] = {}
            for frame in kept.walk():
                yield from self.maker.make(self.ruled(frame, found, carried), builder, files)
        yield builder.take()

    def part(
        self, raw: pl.DataFrame, found: Findings, builder: ChunkBuilder, files: list[str]
    ) -> Iterator[Chunk]:
        """All chunks of a part of a table.

        Args:
            raw: Its rows.
            found: What the whole table says of them; rows are numbered from 0 in the part.
            builder: Gathers what they become.
            files: As of `rows`.
        """
        for frame in self._values([raw], builder, files):
            numbered = frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
            yield from self.maker.make(
                self.ruled(numbered, found, dict(found.carried)), builder, files
            )
        yield builder.take()

    def _values(
        self, batches: Iterable[pl.DataFrame | BadRow], builder: ChunkBuilder, files: list[str]
    ) -> Iterator[pl.DataFrame]:
        """Typed rows; those that are left out go to the builder."""
        for batch in batches:
            if isinstance(batch, BadRow):
                leave = builder.drop if batch.dropped else builder.quarantine
                leave(
                    batch.reason,
                    line=batch.line,
                    position=batch.position,
                    raw=batch.raw,
                    file=files[batch.file],
                )
                continue
            typed = self.typed(batch)
            leave_out(typed.filter(pl.col(FATE).is_not_null()), builder, files)
            yield typed.filter(pl.col(FATE).is_null())


def _left(
    fate: pl.Expr, reason: pl.Expr, which: pl.Expr, becomes: str, why: str
) -> tuple[pl.Expr, pl.Expr]:
    """Fates and reasons with those of more rows; what came before stands."""
    here = fate.is_null() & which
    return (
        pl.when(here).then(pl.lit(becomes)).otherwise(fate),
        pl.when(here).then(pl.lit(why)).otherwise(reason),
    )


def _leave(frame: pl.DataFrame, which: pl.Expr, fate: str, why: pl.Expr) -> pl.DataFrame:
    here = pl.col(FATE).is_null() & which
    return frame.with_columns(
        pl.when(here).then(pl.lit(fate)).otherwise(FATE).alias(FATE),
        pl.when(here).then(why).otherwise(REASON).alias(REASON),
    )


def _note(which: pl.Expr, words: str) -> pl.Expr:
    return pl.when(which).then(pl.lit([words], pl.List(pl.String))).otherwise(_NO_NOTES)


def _noted(notes: list[pl.Expr]) -> pl.Expr:
    return pl.concat_list(notes) if notes else _NO_NOTES


def _with(which: pl.Expr, words: str) -> pl.Expr:
    """The notes, with one more on some rows."""
    return pl.concat_list(pl.col(NOTES), _note(which, words)).alias(NOTES)


def _bounds(
    low: float | None, high: float | None, *, whole: bool
) -> tuple[float | None, float | None]:
    if not whole:
        return low, high
    import math

    return (
        None if low is None else math.ceil(low),
        None if high is None else math.floor(high),
    )


def _given(cells: Cells) -> Any:
    """The value that `fill` says; as a cell is read."""
    return cells.read(pl.Series([cells.rules.fill], dtype=pl.String))[0][0]
