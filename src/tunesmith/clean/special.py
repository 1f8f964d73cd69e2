"""Special cases: the company's own find-and-replace rules."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator

from tunesmith import code_blocks as code
from tunesmith.clean.columns import reason, rewrite_texts
from tunesmith.config import Config
from tunesmith.record import METADATA_COLUMNS, TEXT_COLUMNS
from tunesmith.step import Transform

Column = Literal["question", "answer", "text", "category", "source_id", "domain"]

#: `$1`, `${1}`, `$name`, `${name}` and `$$` in a replacement, as Rust's regex crate reads them.
_REFERENCE = re.compile(r"\$(?:\$|\{([^}]*)\}|([0-9A-Za-z_]+))")


class Rule(Config):
    """One rule: what is found and what is written instead."""

    find: str = Field(min_length=1)
    """The text to find, or with `regex` a pattern in the syntax of Rust's `regex` crate: its time
    grows in proportion to the text, so no pattern can hang a run. It has no look-around and no
    back-references; `(?i)` at its start ignores case."""
    replace: str = ""
    """What is written instead; with `regex`, `$1` or `${name}` is what a group has found and `$$`
    is a dollar."""
    regex: bool = False
    """Read `find` as a pattern."""
    columns: tuple[Column, ...] = ("question", "answer", "text")
    """Where the rule works."""
    in_code: bool = False
    """Work inside Markdown code, too."""

    @model_validator(mode="after")
    def _pattern_works(self) -> Rule:
        if not self.regex:
            return self
        try:
            groups = pl.Series([""]).str.extract_groups(self.find)
        except pl.exceptions.ComputeError as error:
            said = reason(error)
            raise ValueError(f"the pattern {self.find!r} is not valid: {said}") from None
        if pl.Series([""]).str.contains(self.find).item():
            raise ValueError(f"the pattern {self.find!r} finds the empty text everywhere")
        names = {field.name for field in groups.dtype.fields}  # type: ignore[attr-defined]
        numbers = {str(number) for number in range(len(names) + 1)}
        for braced, bare in _REFERENCE.findall(self.replace):
            name = braced or bare
            if name and name not in names | numbers:
                raise ValueError(f"the pattern has no group '{name}' for '${name}' in 'replace'")
        return self


class SpecialCases(Transform):
    """Replace what the company's own rules find, one rule after the other.

    Runs after masking and terminology, and so sees no personal data. Without rules it is off.
    """

    kind: ClassVar[str] = "special_cases"
    reads: ClassVar[tuple[str, ...]] = (*TEXT_COLUMNS, *METADATA_COLUMNS)
    writes: ClassVar[tuple[str, ...]] = (*TEXT_COLUMNS, "category", "source_id", "domain")

    rules: tuple[Rule, ...] = ()
    """The rules, in order: a later one sees what an earlier one wrote."""

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite the columns that the rules name."""
        for rule in self.rules:
            batch = rewrite_texts(batch, _Work(rule).rewrite, rule.columns)
        return batch


class _Work:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    @cached_property
    def _written(self) -> str:
        return self.rule.replace if self.rule.regex else self.rule.replace.replace("$", "$$")

    @cached_property
    def _pattern(self) -> str:
        return self.rule.find if self.rule.regex else pl.escape_regex(self.rule.find)

    def rewrite(self, texts: pl.Series, _rows: object) -> pl.Series:
        where = texts.str.contains(self._pattern).fill_null(value=False).arg_true()
        if not where.len():
            return texts
        hit = texts.gather(where)
        done = self._replaced(hit) if self.rule.in_code else code.outside(hit, self._replaced)
        return texts.scatter(where, done)

    def _replaced(self, texts: pl.Series) -> pl.Series:
        return texts.str.replace_all(self._pattern, self._written)
