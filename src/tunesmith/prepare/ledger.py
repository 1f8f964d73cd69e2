"""The fate of every row that was collected, put together and counted.

The ledger's parts are those of the rows: what was collected into a part, what it lost on the way,
and what stays of it. One whose rows, splits and fates are as they were is not written again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from tunesmith import ledger
from tunesmith.equal import first_equal
from tunesmith.hashing import text_hashes
from tunesmith.io import file_sha256, fingerprint
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.prepare.rows import Checked
from tunesmith.prepare.split import DealtRows
from tunesmith.store.cache import Stage
from tunesmith.store.facts import Facts, halves
from tunesmith.store.sorted_parts import SortedPart, SortedParts

#: The file of the run folder.
LEDGER = "ledger.parquet"

#: Raised when the ledger's rows become others for the same fates.
_VERSION = 2


@dataclass(frozen=True)
class _Piece:
    """Some rows of the ledger: those that left at some stages, and those that stay of parts."""

    left: list[tuple[Stage, int]]
    """Stages of which it has the fates of a part."""
    unique: list[int]
    """Parts of which it has the rows that duplicates lost, and the rows that stay."""


def account_for(
    context: Context,
    checked: Checked,
    unique: Unique,
    dealt: DealtRows,
    facts: Facts,
    *,
    collected: int,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Write the ledger.

    Args:
        context: The run.
        checked: The stages of cleaning and checking.
        unique: The rows that duplicates have lost.
        dealt: The rows that stay.
        facts: What is known of these.
        collected: How many rows there were.

    Returns:
        The fates of the rows that do not stay, and the rows by fate.

    Raises:
        ConservationError: A row was lost (a bug).
    """
    pieces = _pieces(checked, unique)
    removed = [_removed(piece, unique) for piece in pieces]
    parts = [
        SortedPart(_key(piece, unique, dealt), partial(_rows, gone, piece, dealt))
        for piece, gone in zip(pieces, removed, strict=True)
    ]
    folder = context.cache.stage("ledger", str(_VERSION)).folder
    kept = SortedParts(folder, ledger.ORDER, ledger.counts)
    rows, counted = kept.write(context.out / LEDGER, parts)
    total: Counter[str] = Counter()
    for each in counted:
        total.update(each)
    found = {name: total[name] for name in ("collected", *ledger.FATES)} | {"collected": rows}
    fates = pl.concat(removed).sort(list(ledger.ORDER), nulls_last=True)
    ids = np.concatenate([facts.of_all(halves("id")), text_hashes(fates.get_column("id"))], axis=1)
    different = int(np.count_nonzero(first_equal(*ids) == np.arange(ids.shape[1])))
    return fates, ledger.balanced(found, collected=collected, ids=different)


def _pieces(checked: Checked, unique: Unique) -> list[_Piece]:
    """The pieces of the ledger: one a part, or one in all where a stage has other parts."""
    stages, count = checked.stages, len(unique.rows)
    if all(len(stage) == len(checked.inputs) == count for stage in stages):
        return [
            _Piece(
                [*_collected(checked, [number]), *((stage, number) for stage in stages)], [number]
            )
            for number in range(count)
        ]
    left = [(stage, number) for stage in stages for number in range(len(stage))]
    inputs = range(len(checked.inputs))
    return [_Piece([*_collected(checked, inputs), *left], list(range(count)))]


def _collected(checked: Checked, numbers: list[int] | range) -> list[tuple[Stage, int]]:
    """What some parts were made of."""
    return [
        (Stage(part.stage), part.number) for number in numbers for part in checked.inputs[number]
    ]


def _key(piece: _Piece, unique: Unique, dealt: DealtRows) -> str:
    """A fingerprint of all that the rows of a piece depend on."""
    return fingerprint(
        {
            "left": [stage.name(number) for stage, number in piece.left],
            "lost": [file_sha256(unique.stage.fates_file(number)) for number in piece.unique],
            "rows": [unique.rows.name(number) for number in piece.unique],
            "kept": [dealt.prints[number] for number in piece.unique],
        }
    )


def _removed(piece: _Piece, unique: Unique) -> pl.DataFrame:
    lost = [(unique.stage, number) for number in piece.unique]
    return pl.concat([stage.fates_of(number) for stage, number in (*piece.left, *lost)])


def _rows(removed: pl.DataFrame, piece: _Piece, dealt: DealtRows) -> pl.DataFrame:
    """All rows of a piece."""
    found = [removed]
    for number in piece.unique:
        frame = dealt.kept.frame(number, [*ledger.ORIGIN, "split"])
        split = frame.get_column("split")
        found.append(ledger.fates(frame, step="publish", fate="kept", split=split))
    return pl.concat(found)
