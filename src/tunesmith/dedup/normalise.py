"""The text that two rows are compared by: lower case, letters and digits, one space between."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from tunesmith.kernels import buffers, kernel

_UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"


def comparable(frame: pl.DataFrame, columns: list[str]) -> pl.Series:
    """The comparable text of each row: the given columns together, null ones passed over.

    Scripts without spaces between words are compared letter by letter.
    """
    words = frame.select(
        pl.concat_str([pl.col(name) for name in columns], separator="\n", ignore_nulls=True)
    ).to_series()
    data, offsets = buffers(words)
    folded, starts, plain = _folded(data, offsets)
    texts = pa.LargeStringArray.from_buffers(
        words.len(), pa.py_buffer(starts), pa.py_buffer(folded)
    )
    done = pl.Series(words.name, texts)
    rest = np.flatnonzero(~plain)
    return done if not len(rest) else done.scatter(rest, fold(words.gather(rest)))


def fold(words: pl.Series) -> pl.Series:
    """The comparable form of texts in any letters."""
    return (
        words.str.to_lowercase()
        .str.replace_all(_UNSPACED, " $1 ")
        .str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
        .str.strip_chars()
    )


@kernel
def _folded(data: Any, offsets: Any) -> tuple[Any, Any, Any]:
    """What `fold` makes of texts in ASCII and general punctuation (U+2010 to U+2027).

    Returns:
        The bytes of the folded texts, where each begins (n + 1), and which texts hold nothing
        else; of the others there is an empty text.
    """
    rows = len(offsets) - 1
    out = np.empty(offsets[rows] - offsets[0], dtype=np.uint8)
    starts = np.zeros(rows + 1, dtype=np.int64)
    plain = np.ones(rows, dtype=np.bool_)
    total = 0
    for row in range(rows):
        begin, gap = total, False
        place, end = offsets[row], offsets[row + 1]
        while place < end:
            byte = data[place]
            place += 1
            if 65 <= byte <= 90:
                byte += 32
            if 97 <= byte <= 122 or 48 <= byte <= 57:
                if gap and total > begin:
                    out[total] = 32
                    total += 1
                out[total] = byte
                total += 1
                gap = False
                continue
            gap = True
            if byte >= 128:
                mark = byte == 0xE2 and data[place] == 0x80 and 0x90 <= data[place + 1] <= 0xA7
                if not mark:
                    plain[row] = False
                    total = begin
                    break
                place += 2
        starts[row + 1] = total
    return out[:total].copy(), starts, plain
