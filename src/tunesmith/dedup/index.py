"""What is kept of each row while duplicates are looked for: hashes and sort keys, never texts.

A row takes 128 bytes and 8 for each band (296 with the default 21 bands), on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.dedup import minhash
from tunesmith.dedup.against import COMPARED, EvaluationSet
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.earlier import EarlierRows
from tunesmith.dedup.groups import preference
from tunesmith.dedup.near import searched, searched_names
from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.spill import I64, U64, Lists
from tunesmith.hashing import text_hashes
from tunesmith.store.columns import Columns

#: Raised when what is known of a row, the rows that stay, or their fates become others for the same
#: settings.
VERSION = 3

_HASHED = ("text", "question", "answer")

#: The columns of a record that de-duplication reads.
READS = ["id", "question", "answer", "text", "quality_score", "timestamp"]


class Parts(Protocol):
    """Records in numbered parts, such as a stage of the run cache."""

    def __len__(self) -> int: ...

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        """The rows of one part, or some of their columns."""
        ...


def names(config: DedupConfig) -> list[str]:
    """The columns of what is known of a row by itself, in order."""
    found = [f"{name}_{half}" for name in _HASHED for half in ("high", "low")]
    return [*found, "key0", "key1", *(searched_names(config.near) if config.near else [])]


#: The columns of what is known of a row when it is held against other rows, in order.
HELD = ["against", "against_value", "earlier"]


class Index:
    """What is known of each row: by itself, and held against other datasets and versions.

    The first depends on a part and the settings alone and may be kept beside the part.

    Args:
        config: How rows are compared.
        folder: Where the columns are spilled; without one they are held in memory.
        files: For each part, the file that keeps what is known of its rows by themselves.
    """

    def __init__(
        self, config: DedupConfig, folder: Path | None = None, files: Sequence[Path] | None = None
    ) -> None:
        self.own = Columns(names(config), folder, files)
        self.held = Columns(HELD, None if folder is None else folder / "held")

    def column(self, name: str, parts: int, where: NDArray[np.bool_] | None = None) -> U64:
        """One column of all rows, or of those where the mask is true."""
        return (self.held if name in HELD else self.own).column(name, parts, where)

    def has(self, number: int, *, held: bool) -> bool:
        """Whether a part is indexed.

        Args:
            number: The part.
            held: Whether its rows are held against others.
        """
        return self.own.has(number) and (not held or self.held.has(number))

    def build(
        self,
        parts: Parts,
        number: int,
        config: DedupConfig,
        sets: list[EvaluationSet],
        earlier: EarlierRows | None,
    ) -> int:
        """Index a part as far as it is not; returns its rows."""
        if not self.own.has(number):
            self.own.write(number, index_part(parts.frame(number, READS), config))
        values = self.own.part(number)
        if sets or earlier is not None:
            frame = parts.frame(number, READS)
            self.held.write(number, held_against(frame, values[:2], sets, earlier))
        return int(values.shape[1])


def folded(frame: pl.DataFrame, columns: list[str]) -> dict[str, pl.Series]:
    """The comparable form of each of some columns."""
    return {name: comparable(frame, [name]) for name in columns}


def together(texts: list[pl.Series]) -> pl.Series:
    """Comparable texts of several columns as one comparable text for each row."""
    if len(texts) == 1:
        return texts[0]
    frame = pl.DataFrame([text.alias(str(place)) for place, text in enumerate(texts)])
    # Joined with a space and stripped: a column without a word leaves no gap.
    return frame.select(
        pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)
        .str.replace_all("  ", " ", literal=True)
        .str.strip_chars(" ")
    ).to_series()


#: The value of the column `earlier` for a row that an earlier version has as it is.
KNOWN = np.uint64(2**64 - 1)


def index_part(frame: pl.DataFrame, config: DedupConfig) -> U64:
    """What is known of some records by themselves, shape (columns of `names`, rows)."""
    words = folded(frame, sorted({"question", "answer", *config.columns}))
    text = together([words[name] for name in dict.fromkeys(config.columns)])
    parts = [text_hashes(each) for each in (text, words["question"], words["answer"])]
    parts.append(preference(frame, config.keep))
    if config.near is not None:
        parts.append(searched(text, config.near))
    return np.concatenate(parts)


def held_against(
    frame: pl.DataFrame, hashes: U64, sets: list[EvaluationSet], earlier: EarlierRows | None
) -> U64:
    """What some records are to other datasets and versions, shape (columns of `HELD`, rows).

    Args:
        frame: The records.
        hashes: Those of their texts, shape (2, rows).
        sets: Other datasets.
        earlier: Rows of earlier versions.
    """
    compared = {name for one in sets for name in COMPARED[one.config.match]}
    words = folded(frame, sorted(compared))
    met = np.zeros(frame.height, dtype=np.uint64)
    if earlier is not None:
        met = (earlier.same(hashes) + 1).astype(np.uint64)
        met[(hashes[0] | hashes[1]) == 0] = 0
        met[earlier.known(frame.get_column("id"), hashes)] = KNOWN
    return np.concatenate([_contaminated(words, sets, frame.height), met[np.newaxis]])


def _contaminated(words: dict[str, pl.Series], sets: list[EvaluationSet], rows: int) -> U64:
    """Which set each row is found in, and what was measured, shape (2, rows).

    0: in none; 1 + 2n: near a text of set n, of which the similarity (the bits of a double) is
    given; 2 + 2n: the row shares runs of words with set n, of which the number is given.
    """
    found = np.zeros((2, rows), dtype=np.uint64)
    for number, one in enumerate(sets):
        verdicts = one.judge(together([words[name] for name in COMPARED[one.config.match]]))
        for code, measured in (
            (1 + 2 * number, verdicts.similarity),
            (2 + 2 * number, verdicts.shared.astype(np.float64)),
        ):
            new = (measured > 0) & (found[0] == 0)
            found[0][new] = code
            found[1][new] = measured[new].view(np.uint64)
    return found


def build(
    parts: Parts,
    config: DedupConfig,
    index: Index,
    sets: list[EvaluationSet],
    earlier: EarlierRows | None,
    advance: Callable[[], None],
) -> None:
    """Write the index of every part that has none yet; `advance` is called after each."""
    held = bool(sets) or earlier is not None
    for number in range(len(parts)):
        if not index.has(number, held=held):
            index.build(parts, number, config, sets, earlier)
        advance()


def shingles_of(parts: Parts, offsets: I64, rows: I64, config: DedupConfig, lists: Lists) -> Lists:
    """The shingles of some rows (numbers, rising), made again part by part."""
    if config.near is None:
        raise ValueError("near duplicates are turned off")
    for number, mine in rows_by_part(offsets, rows):
        frame = parts.frame(number, list(dict.fromkeys(config.columns)))[mine]
        texts = comparable(frame, list(config.columns))
        lists.append(*minhash.shingles(texts, config.near.shingle_words))
    return lists


def rows_by_part(offsets: I64, rows: I64) -> Iterator[tuple[int, I64]]:
    """Some rows (numbers, rising) part by part, counted from the part's first; no empty part."""
    bounds = np.searchsorted(rows, offsets)
    for number in range(len(offsets) - 1):
        mine = rows[bounds[number] : bounds[number + 1]] - offsets[number]
        if len(mine):
            yield number, mine
