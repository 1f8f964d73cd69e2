"""The declared schema: pandera's checks of columns, and which rows do not pass them."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import Any

import polars as pl

from tunesmith.collect.tables.rules import ColumnRules
from tunesmith.errors import MissingExtraError


class Checks:
    """The checks that a table's columns are declared to pass.

    Args:
        declared: What is declared of each column.
    """

    def __init__(self, declared: dict[str, ColumnRules]) -> None:
        self.declared = {name: rules for name, rules in declared.items() if rules.checked}

    @cached_property
    def schema(self) -> Any:
        """A `pandera.polars.DataFrameSchema` of the columns that have checks.

        That values come once only is not among them: it is looked for over the whole table.

        Raises:
            MissingExtraError: pandera is not installed.
        """
        if find_spec("pandera") is None:
            raise MissingExtraError("pandera", "tables")
        import pandera.polars as pa

        return pa.DataFrameSchema(
            {
                name: pa.Column(checks=_checks(rules), nullable=rules.nullable)
                for name, rules in self.declared.items()
            }
        )

    def failures(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that fail: their index in the frame (`index`) and the first `reason` of each."""
        none = pl.DataFrame(schema={"index": pl.UInt32, "reason": pl.String})
        if not self.declared or not frame.height:
            return none
        from pandera.errors import SchemaErrors

        try:
            self.schema.validate(frame, lazy=True)
        except SchemaErrors as failed:
            cases: pl.DataFrame = failed.failure_cases
        else:
            return none
        order = {name: place for place, name in enumerate(self.declared)}
        check = pl.col("check").str.replace(r"\(.*\)$", "").replace(_NAMES)
        return (
            cases.with_columns(
                pl.col("index").cast(pl.UInt32),
                place=pl.col("column").replace_strict(order, return_dtype=pl.Int32),
            )
            .sort("index", "place", "check_number", nulls_last=False)
            .unique("index", keep="first", maintain_order=True)
            .select("index", reason=pl.format("column '{}': the value fails '{}'", "column", check))
        )


#: What a recipe calls a check, by pandera's name.
_NAMES = {
    "not_nullable": "nullable: false",
    "greater_than_or_equal_to": "ge",
    "greater_than": "gt",
    "less_than_or_equal_to": "le",
    "less_than": "lt",
    "str_matches": "matches",
    "str_length": "min_length, max_length",
}


def _checks(rules: ColumnRules) -> list[Any]:
    import pandera.polars as pa

    made = {
        "ge": pa.Check.ge,
        "gt": pa.Check.gt,
        "le": pa.Check.le,
        "lt": pa.Check.lt,
        "isin": pa.Check.isin,
        "matches": pa.Check.str_matches,
    }
    wanted = rules.wanted_checks
    found = [check(wanted[name]) for name, check in made.items() if name in wanted]
    if rules.min_length is not None or rules.max_length is not None:
        found.append(pa.Check.str_length(min_value=rules.min_length, max_value=rules.max_length))
    return found
