"""What of a table's rules does not go with the columns that it has."""

from __future__ import annotations

import difflib
from importlib.util import find_spec

import polars as pl

from tunesmith.collect.tables import features
from tunesmith.collect.tables.process import Table
from tunesmith.collect.tables.rules import ColumnRules, TableRules


def missing_columns(rules: TableRules, there: list[str]) -> list[tuple[str, str]]:
    """Columns that the rules name and the table has not: `(field, what is wrong)`."""
    found = []
    for field, name in rules.wanted():
        if name not in there:
            near = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
            alone = len(there) < 2
            hint = f"did you mean '{near[0]}'?" if near and not alone else _there(there)
            found.append((field, f"there is no column '{name}' ({hint})"))
    return found


def _there(names: list[str]) -> str:
    if len(names) == 1 and (mark := next((m for m in ";,\t|" if m in names[0]), None)):
        shown = "a tab" if mark == "\t" else f"'{mark}'"
        return f"there is one column, whose name has {shown} in it: set the delimiter to it"
    shown_names = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"there are: {shown_names}" if names else "there is no column at all"


def rule_problems(
    rules: TableRules, there: list[str], native: dict[str, ColumnRules]
) -> list[tuple[str, str]]:
    """All that is wrong: `(field, what is wrong)`.

    Args:
        rules: The recipe's.
        there: The columns that the table has.
        native: What columns hold, where the file says so.
    """
    found = missing_columns(rules, there)
    reserved = [name for name in there if name.startswith("#") and name[1:2].islower()]
    found += [("path", f"a column is named '{name}': rename it") for name in reserved]
    if any(one.checked for one in rules.declared.values()) and find_spec("pandera") is None:
        words = "pandera is not installed; install it with: pip install 'tunesmith[tables]'"
        found.append(("schema", words))
    if found:
        return found
    for name, one in rules.declared.items():
        if one.fill is not None and not _fills(rules, name):
            found.append((f"schema.{name}.fill", f"'{one.fill}' is not of type {one.type}"))
    schema = _features(rules, there, native, found)
    if not found and schema is not None:
        table = Table(rules, there, native)
        found += [
            (field, words if " " in words else f"there is no column '{words}'")
            for field, words in table.maker.problems()
        ]
    return found


def _fills(rules: TableRules, name: str) -> bool:
    from tunesmith.collect.tables.cells import Cells

    one = rules.declared[name]
    text = pl.Series([one.fill], dtype=pl.String)
    return Cells(name, one, rules.timezone).read(text)[0][0] is not None


def _features(
    rules: TableRules,
    there: list[str],
    native: dict[str, ColumnRules],
    found: list[tuple[str, str]],
) -> pl.Schema | None:
    plain = rules.model_copy(update={"features": {}, "question": None, "answer": None, "pairs": []})
    schema = dict(Table(plain, there, native).schema)
    for name, written in rules.features.items():
        try:
            schema[name] = features.outcome(written, pl.Schema(schema))
        except ValueError as error:
            found.append((f"features.{name}", str(error)))
            return None
    return pl.Schema(schema)
