"""Quotation marks and dashes."""

from __future__ import annotations

from typing import ClassVar, Literal

import polars as pl

from tunesmith import code_blocks as code
from tunesmith.clean.text import TextTransform

Punctuation = Literal["keep", "straighten"]

#: The same letters as ftfy's `uncurl_quotes`.
_SINGLE = "[\u02bc\u2018-\u201b]"
_DOUBLE = "[\u201c-\u201f]"
_HYPHEN = "[\u2010-\u2013]"
_LONG_DASH = "[\u2014\u2015]"


class StraightPunctuation(TextTransform):
    """Write curly quotation marks and dashes as the ones on a keyboard.

    `“a”` → `"a"`, `it’s` → `it's`, `9–17` → `9-17`, `so—there` → `so - there`. Guillemets, primes
    and the minus sign stay: they are not variants of anything on a keyboard. Off by default: what
    people write is what a model should read, and an en dash can mean a range. Code stays as it is.
    """

    kind: ClassVar[str] = "punctuation"

    quotes: Punctuation = "keep"
    """Quotation marks and apostrophes."""
    dashes: Punctuation = "keep"
    """Hyphens, en and em dashes."""

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        wanted = [_SINGLE, _DOUBLE] if self.quotes == "straighten" else []
        wanted += [_HYPHEN, _LONG_DASH] if self.dashes == "straighten" else []
        if not wanted:
            return texts
        where = texts.str.contains("|".join(wanted)).fill_null(value=False).arg_true()
        if not where.len():
            return texts
        return texts.scatter(where, code.outside(texts.gather(where), self._straight))

    def _straight(self, texts: pl.Series) -> pl.Series:
        if self.quotes == "straighten":
            texts = texts.str.replace_all(_SINGLE, "'").str.replace_all(_DOUBLE, '"')
        if self.dashes == "straighten":
            texts = (
                texts.str.replace_all(_HYPHEN, "-")
                .str.replace_all(rf"(?m)^{_LONG_DASH}+ ?", "- ")
                .str.replace_all(rf"(?m) ?{_LONG_DASH}+$", " -")
                .str.replace_all(rf" ?{_LONG_DASH}+ ?", " - ")
            )
        return texts
