"""Boilerplate: lines that recur across a source, such as disclaimers and legal footers.

Which lines those are is a property of a whole source, so they are found in a pass of their own
(`line_table` for each batch, then `recurring`), and `RemoveBoilerplate`, a step like any other,
carries what was found in its settings. Lines are told apart by 64 bits of hash; no line is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tunesmith import code_blocks as code
from tunesmith.clean.columns import rewrite_texts
from tunesmith.config import Config
from tunesmith.kernels import buffers, kernel
from tunesmith.record import TEXT_COLUMNS, lettered
from tunesmith.step import Transform

#: Tables of lines, once for each pass over them.
Tables = Callable[[], Iterable[pl.DataFrame]]

#: How much smaller than the smallest share that counts the error of the first count may be.
_SLACK = 10

#: Numbers of texts for each row of a batch: one for each column of texts, one for the row itself.
_TEXTS = len(TEXT_COLUMNS) + 1


class BoilerplateConfig(Config):
    """When a line that recurs is boilerplate.

    A line counts once for each text that it occurs in, whatever its case and spacing; digits count
    (`Your order 17 has left` is no boilerplate because orders leave every day). The lines of a
    canned reply recur too, but they are the whole answer: a line is boilerplate only if most of
    its texts have words beside the lines that recur.
    """

    min_rows: int = Field(default=50, ge=2)
    """The least texts (questions, answers, pages) of a source that a line occurs in."""
    min_share: float = Field(default=0.1, ge=0.0001, le=1)
    """The least number of those texts for each row of the source. Steps of a much-used answer recur
    too: the smaller this is, the more of those go."""
    min_words: int = Field(default=4, ge=1)
    """Lines of fewer words (`Hello,`, `Thanks!`) are left alone."""
    min_words_beside: int = Field(default=5, ge=1)
    """Words that a text must have beside the lines that recur to count against them; a text that
    would be left with fewer keeps all its lines."""


class RemoveBoilerplate(Transform):
    """Remove the lines that `recurring` has found in a source; no row is emptied. Code stays.

    Off by default: a legal notice may be what a text is about.
    """

    kind: ClassVar[str] = "boilerplate"
    reads: ClassVar[tuple[str, ...]] = (*TEXT_COLUMNS, "source")
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    lines: dict[str, tuple[str, ...]] = {}
    """By source, the hashes of its boilerplate lines, as 16 letters each."""
    min_words: int = 4
    """Lines of fewer words are left alone."""
    min_words_beside: int = 5
    """A text that would be left with fewer words keeps all its lines."""

    @cached_property
    def _hashes(self) -> dict[str, NDArray[np.uint64]]:
        return {name: np.sort(_numbers(found)) for name, found in self.lines.items() if found}

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite question, answer and text."""
        for source, hashes in self._hashes.items():
            mine = batch.get_column("source") == source
            if mine.any():
                batch = self._clean_source(batch, mine.arg_true(), hashes)
        return batch

    def _clean_source(
        self, batch: pl.DataFrame, rows: pl.Series, hashes: NDArray[np.uint64]
    ) -> pl.DataFrame:
        def rewrite(texts: pl.Series, _rows: object) -> pl.Series:
            return texts.scatter(rows, self._without(texts.gather(rows), hashes))

        return rewrite_texts(batch, rewrite)

    def _without(self, texts: pl.Series, hashes: NDArray[np.uint64]) -> pl.Series:
        table = _lines_of(texts, self.min_words)
        recurs = np.isin(table.hash, hashes)
        if not recurs.any():
            return texts
        words = np.bincount(table.text, np.where(recurs, 0, table.words), texts.len())
        hit = np.unique(table.text[recurs])
        hit = hit[words[hit] >= self.min_words_beside]
        gone: dict[int, list[tuple[int, int]]] = {int(text): [] for text in hit}
        for line in np.flatnonzero(recurs & np.isin(table.text, hit)):
            lines, start = gone[int(table.text[line])], int(table.start[line])
            if lines and lines[-1][1] == start:
                start = lines.pop()[0]
            lines.append((start, int(table.end[line])))
        if not gone:
            return texts
        done = [_cut(texts[place], lines) for place, lines in gone.items()]
        return texts.scatter(list(gone), pl.Series(done, dtype=pl.String))


def _cut(text: str, lines: list[tuple[int, int]]) -> str:
    """A text without its lines at `[start, end)`, in bytes of UTF-8."""
    data, place, kept = text.encode(), 0, []
    for start, end in lines:
        kept.append(data[place:start])
        place = end
    kept.append(data[place:])
    # A line between two blank ones leaves one of them.
    cut = kept[:1]
    for part in kept[1:]:
        tail = next((piece for piece in reversed(cut) if piece), b"\n\n")
        cut.append(part.lstrip(b"\n") if tail.endswith(b"\n\n") else part)
    return b"".join(cut).strip(b"\n").rstrip().decode()


# ── finding them ─────────────────────────────────────────────────────────────────────────────────


def line_table(batch: pl.DataFrame, config: BoilerplateConfig) -> pl.DataFrame:
    """The lines of a batch that are long enough to count, and the words of the others.

    Returns:
        Columns `source`, `text` (its number in the batch), `hash` and `words`: a row for each
        different line of each text, and one with hash 0 for the words of all its other lines.
        Each row of the batch has one more text without words, by which rows are counted.
    """
    rows = pl.int_range(pl.len(), dtype=pl.UInt32) * _TEXTS
    none = {"hash": pl.lit(0, pl.UInt64), "words": pl.lit(0, pl.UInt32)}
    parts = [batch.select("source", text=rows + len(TEXT_COLUMNS), **none)]
    for number, name in enumerate(TEXT_COLUMNS):
        texts = batch.get_column(name)
        if texts.null_count() == batch.height:
            continue
        table = _lines_of(texts, config.min_words)
        lines = pl.DataFrame(
            {"row": table.text, "hash": table.hash, "words": table.words},
            schema={"row": pl.UInt32, "hash": pl.UInt64, "words": pl.UInt32},
        )
        lines = lines.group_by("row", "hash").agg(pl.col("words").sum()).sort("row", "hash")
        parts.append(
            lines.select(
                batch.get_column("source").gather(lines.get_column("row")),
                (pl.col("row") * _TEXTS + number).alias("text"),
                "hash",
                "words",
            )
        )
    return pl.concat(parts)


def recurring(tables: Tables, config: BoilerplateConfig) -> dict[str, tuple[str, ...]]:
    """By source, the hashes of the lines that are boilerplate, as 16 letters each, sorted.

    Two passes. The first is lossy counting (Manku and Motwani, VLDB 2002): a line whose count is
    below a tenth of `min_share` of the rows seen is forgotten, so that at most about
    10 / min_share · ln(min_share · rows / 10) lines are held, whatever the size of the source. No
    line with a share of `min_share` can be forgotten. The second counts those left exactly, with
    the rows in which they stand beside other words.

    Args:
        tables: Gives the tables of `line_table`, the same each time.
        config: When a line is boilerplate.
    """
    rows, maybe = _first_count(tables(), config)
    if not any(maybe.values()):
        return {}
    kept = pl.concat(
        [
            pl.DataFrame(
                {"source": [name] * len(hashes), "hash": sorted(hashes)},
                schema={"source": pl.String, "hash": pl.UInt64},
            )
            for name, hashes in maybe.items()
        ]
    )
    counts = kept.with_columns(texts=pl.lit(0, pl.UInt64), beside=pl.lit(0, pl.UInt64))
    for table in tables():
        counts = _added(counts, _exact(table, kept, config))
    total = pl.col("source").replace_strict(rows, return_dtype=pl.Float64)
    found = counts.filter(
        pl.col("texts") >= config.min_rows,
        pl.col("texts") >= config.min_share * total,
        2 * pl.col("beside") >= pl.col("texts"),
    ).sort("source", "hash")
    return {
        name: tuple(_letters(value) for value in group.get_column("hash"))
        for (name,), group in found.partition_by(
            "source", as_dict=True, maintain_order=True
        ).items()
    }


def _first_count(
    tables: Iterable[pl.DataFrame], config: BoilerplateConfig
) -> tuple[dict[str, int], dict[str, set[int]]]:
    """Rows by source, and by source the lines that may be frequent enough."""
    rows: dict[str, int] = {}
    counts: dict[str, dict[int, int]] = {}
    slack = config.min_share / _SLACK
    for table in tables:
        for (name,), mine in table.partition_by("source", as_dict=True).items():
            before = rows.get(name, 0)
            rows[name] = before + int((mine.get_column("text") % _TEXTS == _TEXTS - 1).sum())
            held = counts.setdefault(name, {})
            lines = mine.filter(pl.col("hash") != 0).get_column("hash").value_counts()
            for value, count in lines.iter_rows():
                # A line not held may have been forgotten with a count of up to slack · before.
                held[value] = held.get(value, int(slack * before)) + count
            counts[name] = _above(held, slack * rows[name])
    least = {name: max(config.min_rows, config.min_share * total) for name, total in rows.items()}
    maybe = {
        name: {value for value, count in held.items() if count >= least[name]}
        for name, held in counts.items()
    }
    return rows, maybe


def _above(held: dict[int, int], floor: float) -> dict[int, int]:
    return {value: count for value, count in held.items() if count > floor}


def _exact(table: pl.DataFrame, kept: pl.DataFrame, config: BoilerplateConfig) -> pl.DataFrame:
    """Of one table, for each line that may be boilerplate its texts and those with other words."""
    recurs = table.join(kept, on=["source", "hash"], how="semi")
    others = table.join(kept, on=["source", "hash"], how="anti")
    words = others.group_by("text").agg(pl.col("words").sum())
    beside = recurs.join(words, on="text", how="left").with_columns(
        pl.col("words_right").fill_null(0)
    )
    return beside.group_by("source", "hash").agg(
        texts=pl.len().cast(pl.UInt64),
        beside=(pl.col("words_right") >= config.min_words_beside).sum().cast(pl.UInt64),
    )


def _added(counts: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([counts, more]).group_by("source", "hash").agg(pl.col("texts", "beside").sum())


def _letters(value: int) -> str:
    return lettered(f"{value:016x}")


_DIGITS = str.maketrans("abcdefghijklmnop", "0123456789abcdef")


def _numbers(letters: tuple[str, ...]) -> NDArray[np.uint64]:
    return np.array([int(text.translate(_DIGITS), 16) for text in letters], dtype=np.uint64)


# ── lines of texts ───────────────────────────────────────────────────────────────────────────────


class _Table:
    """The lines of texts: which text, from where to where in its bytes, hash and words.

    A line that is too short, or code, has hash 0. `end` lies behind the line's end of line.
    """

    def __init__(self, columns: tuple[Any, ...]) -> None:
        self.text, self.start, self.end, self.hash, self.words = columns


def _lines_of(texts: pl.Series, min_words: int) -> _Table:
    data, offsets = buffers(texts)
    table = _Table(_lines(data, offsets, min_words))
    coded = texts.str.contains(code.HINT).fill_null(value=False).arg_true()
    for place in coded.to_list():
        _leave_code(table, place, texts[place])
    return table


def _leave_code(table: _Table, place: int, text: str) -> None:
    first, last = np.searchsorted(table.text, [place, place + 1])
    starts, hashes = table.start[first:last], table.hash[first:last]
    letter = byte = 0
    for start, end in code.blocks(text):
        byte += len(text[letter:start].encode())
        opened = byte
        byte += len(text[start:end].encode())
        letter = end
        inside = slice(*np.searchsorted(starts, [opened, byte]))
        hashes[inside] = 0


@kernel
def _lines(data: Any, offsets: Any, min_words: int) -> tuple[Any, Any, Any, Any, Any]:
    texts = len(offsets) - 1
    count = 0
    for text in range(texts):
        if offsets[text] < offsets[text + 1]:
            count += 1
        for place in range(offsets[text], offsets[text + 1] - 1):
            count += data[place] == 10
    owner = np.empty(count, dtype=np.int64)
    starts = np.empty(count, dtype=np.int64)
    ends = np.empty(count, dtype=np.int64)
    hashes = np.empty(count, dtype=np.uint64)
    words = np.empty(count, dtype=np.int64)
    line = 0
    for text in range(texts):
        base, place = offsets[text], offsets[text]
        while place < offsets[text + 1]:
            start = place
            value, number, inside = np.uint64(0x9E3779B97F4A7C15), 0, False
            while place < offsets[text + 1] and data[place] != 10:
                byte = data[place]
                if byte <= 32:
                    inside = False
                else:
                    if not inside:
                        number += 1
                        value = (value ^ np.uint64(32)) * np.uint64(0xC2B2AE3D27D4EB4F)
                        value ^= value >> np.uint64(31)
                        inside = True
                    if 65 <= byte <= 90:
                        byte += 32
                    value = (value ^ np.uint64(byte)) * np.uint64(0x9E3779B97F4A7C15)
                    value ^= value >> np.uint64(29)
                place += 1
            if place < offsets[text + 1]:
                place += 1
            owner[line], starts[line], ends[line] = text, start - base, place - base
            hashes[line] = value if number >= min_words else np.uint64(0)
            words[line] = number
            line += 1
    return owner, starts, ends, hashes, words
