"""The splits that the rows of a version were dealt to, by part: what the next version inherits.

A part that is still there has the same rows in the same order, so that theirs are copied. Rows
that have moved to another part are found by hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.equal import highest_of_equal
from tunesmith.io import atomic_write, read_json, write_json

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
Ranks = NDArray[np.uint8]

#: Raised when the files become others.
FORMAT = 1

_ABOUT, _RANKS, _QUESTIONS, _IDS = "parts.json", "ranks.npy", "questions.npy", "ids.npy"


@dataclass(frozen=True)
class Rows:
    """Rows of parts, and how they are found again; those of the parts follow one another."""

    parts: Sequence[str]
    """Names of the parts; equal names are equal rows."""
    sizes: Sequence[int]
    """The rows of each."""
    questions: U64
    """Hashes of the rows' questions, shape (2, rows); 0, 0 is none."""
    ids: U64
    """Hashes of the rows' identifiers, shape (2, rows)."""


@dataclass(frozen=True)
class Dealt:
    """Rows, and the ranks of the splits they were dealt to; 0 for a row that nobody keeps."""

    rows: Rows
    ranks: Ranks

    def write(self, folder: Path) -> None:
        """Write it; a killed run leaves nothing that is read."""
        files: dict[str, NDArray[Any]] = {
            _RANKS: self.ranks, _QUESTIONS: self.rows.questions, _IDS: self.rows.ids,
        }  # fmt: skip
        for name, values in files.items():
            with atomic_write(folder / name) as file:
                np.save(file, values)
        about = {"parts": list(self.rows.parts), "sizes": list(map(int, self.rows.sizes))}
        write_json(folder / _ABOUT, about)

    @classmethod
    def read(cls, folder: Path) -> Dealt | None:
        """What was written to a folder, if it was."""
        if not (folder / _ABOUT).exists():
            return None
        about = read_json(folder / _ABOUT)
        questions, ids = (np.load(folder / name) for name in (_QUESTIONS, _IDS))
        rows = Rows(about["parts"], about["sizes"], questions, ids)
        return cls(rows, np.load(folder / _RANKS))

    def inherited(self, now: Rows) -> tuple[Ranks, Ranks]:
        """What other rows take over.

        Returns:
            For each row the highest rank of the rows that had its question, and the rank that the
            row had itself; 0 where there is none.
        """
        own = np.zeros(now.questions.shape[1], dtype=np.uint8)
        moved = np.zeros(len(own), dtype=bool)
        gone = self.ranks.copy()
        before = dict(zip(self.rows.parts, _slices(self.rows.sizes), strict=True))
        for name, mine in zip(now.parts, _slices(now.sizes), strict=True):
            its = before.get(name)
            if its is None:
                moved[mine] = True
            else:
                own[mine] = self.ranks[its]
                gone[its] = 0
        asked = own.copy()
        worded = (now.questions[0] | now.questions[1]) != 0
        asked[~worded] = 0
        new = np.flatnonzero((own == 0) & worded)
        asked[new] = highest_of_equal(now.questions[:, new], self.rows.questions, self.ranks)
        if gone.any():
            own[moved] = highest_of_equal(now.ids[:, moved], self.rows.ids, gone)
        return asked, own


def _slices(sizes: Sequence[int]) -> list[slice]:
    ends = np.cumsum(sizes, dtype=np.int64).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
