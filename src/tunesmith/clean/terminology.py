"""Terminology: the company's own words instead of the variants that people type."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar

import polars as pl
from pydantic import field_validator

from tunesmith import code_blocks as code
from tunesmith.clean.columns import on_hits, rewrite_texts
from tunesmith.record import TEXT_COLUMNS
from tunesmith.step import Transform


class Terminology(Transform):
    """Replace whole words and phrases by the terms of a map, whatever their case.

    A term with a capital inside (`iPhone`, `NorthStar Pro`) is written as it stands. A lower-case
    term takes the case of what it replaces: `LOG IN` → `SIGN IN`, `Log in` → `Sign in`. Where two
    entries begin at one place the longer one wins, and a replacement is never replaced again.
    Code stays as it is.
    """

    kind: ClassVar[str] = "terminology"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = TEXT_COLUMNS
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    terms: dict[str, str] = {}
    """Variant → term."""

    @field_validator("terms")
    @classmethod
    def _no_empty_variant(cls, terms: dict[str, str]) -> dict[str, str]:
        if any(not variant.strip() for variant in terms):
            raise ValueError("a variant may not be empty")
        folded = [variant.casefold() for variant in terms]
        twice = sorted({variant for variant in folded if folded.count(variant) > 1})
        if twice:
            raise ValueError(f"these variants differ only in case: {', '.join(twice)}")
        return terms

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        variants = sorted(self.terms, key=len, reverse=True)
        words = "|".join(re.escape(variant).replace(r"\ ", r"\s+") for variant in variants)
        return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {_fold(variant): term for variant, term in self.terms.items()}

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite question, answer and text."""
        return rewrite_texts(batch, self._rewrite) if self.terms else batch

    def _rewrite(self, texts: pl.Series, _rows: object) -> pl.Series:
        firsts = sorted({variant.split()[0] for variant in self.terms})
        maybe = texts.str.contains_any(firsts, ascii_case_insensitive=True)
        if not all(first.isascii() for first in firsts):
            maybe = texts.is_not_null()
        where = maybe.fill_null(value=False).arg_true()
        if not where.len():
            return texts
        return texts.scatter(where, code.outside(texts.gather(where), self._outside_code))

    def _outside_code(self, texts: pl.Series) -> pl.Series:
        return on_hits(texts, texts.is_not_null(), self._replace)

    def _replace(self, text: str) -> str:
        return self._pattern.sub(self._term, text)

    def _term(self, match: re.Match[str]) -> str:
        found = match[0]
        term = self._folded.get(_fold(found))
        if term is None:
            return found  # `re` takes a dotless i for an i, which case folding keeps apart
        if not term.islower():
            return term
        if found.isupper() and len(found) > 1:
            return term.upper()
        return term[0].upper() + term[1:] if found[0].isupper() else term


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
