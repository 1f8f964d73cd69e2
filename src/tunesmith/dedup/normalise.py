"""The text that two rows are compared by: lower case, letters and digits, one space between."""

from __future__ import annotations

import polars as pl

_UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"


def comparable(columns: list[str]) -> pl.Expr:
    """The comparable text of the given columns together.

    Scripts without spaces between words are compared letter by letter.
    """
    words = pl.concat_str([pl.col(name) for name in columns], separator="\n", ignore_nulls=True)
    lower = words.str.to_lowercase()
    spaced = (
        pl.when(lower.str.len_bytes() != lower.str.len_chars())
        .then(lower.str.replace_all(_UNSPACED, " $1 "))
        .otherwise(lower)
    )
    return spaced.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()
