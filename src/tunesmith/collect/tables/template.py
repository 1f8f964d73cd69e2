"""Templates: a text with the columns of a row in braces.

`{column}` is the value, `{column:format}` the value formatted: numbers by Python's format
specification (`{price:,.2f}`), dates and times by `strftime` (`{bought:%d %B %Y}`), texts by
`upper`, `lower`, `title` or `capital`. A part in `[[ ]]` is left out as a whole where a column in
it has no value. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

_TOKEN = re.compile(
    r"(?P<brace>\{\{|\}\})|(?P<open>\[\[)|(?P<close>\]\])"
    r"|\{(?P<column>[^{}:]+)(?::(?P<format>[^{}]*))?\}|(?P<text>[^{}\[\]]+|[\[\]])"
)
_CASES = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "capital": str.capitalize,
}


class _Cell(NamedTuple):
    column: str
    form: str | None


class MissingValueError(ValueError):
    """A column that a template needs has no value.

    Args:
        column: The column.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(f"column '{column}' has no value")


class FormatError(ValueError):
    """A value does not go with its format.

    Args:
        column: The column.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(f"column '{column}' does not go with its format")


class Template:
    """A template that was understood.

    Args:
        written: As the recipe has it.

    Raises:
        ValueError: It is not a template, and why.
    """

    def __init__(self, written: str) -> None:
        self._parts = _understood(written)
        if not self.columns:
            raise ValueError("a template needs a column in braces, such as {name}")

    @property
    def columns(self) -> list[str]:
        """The columns that it names."""
        parts = [p for part in self._parts for p in (part if isinstance(part, list) else [part])]
        return list(dict.fromkeys(part.column for part in parts if isinstance(part, _Cell)))

    @property
    def formats(self) -> list[tuple[str, str]]:
        """Columns and the formats that they are written with."""
        parts = [p for part in self._parts for p in (part if isinstance(part, list) else [part])]
        return [(p.column, p.form) for p in parts if isinstance(p, _Cell) and p.form is not None]

    def fill(self, row: Mapping[str, Any], *, empty: bool = False) -> str:
        """The text for one row.

        Args:
            row: Values by column.
            empty: Whether nothing is written where a value is missing.

        Raises:
            MissingValueError: A value is missing outside of an optional part.
            FormatError: A value does not go with its format.
        """
        found: list[str] = []
        for part in self._parts:
            if isinstance(part, list):
                if all(row[p.column] is not None for p in part if isinstance(p, _Cell)):
                    found += [_shown(p, row, empty=empty) for p in part]
            else:
                found.append(_shown(part, row, empty=empty))
        return "".join(found).strip()


def _shown(part: str | _Cell, row: Mapping[str, Any], *, empty: bool) -> str:
    if isinstance(part, str):
        return part
    value = row[part.column]
    if value is None:
        if empty:
            return ""
        raise MissingValueError(part.column)
    try:
        return shown(value, part.form)
    except (ValueError, TypeError):
        raise FormatError(part.column) from None


def shown(value: Any, form: str | None) -> str:
    """A value as text.

    Raises:
        ValueError: The format is not one for this kind of value.
    """
    if isinstance(value, str):
        if form is None:
            return value
        if form not in _CASES:
            raise ValueError("not a format of texts")
        return _CASES[form](value)
    if isinstance(value, bool):
        if form is not None:
            raise ValueError("truth values have no format")
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.strftime(form) if form else _moment(value)
    if form is not None:
        return format(value, form)
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _moment(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    return value.replace(tzinfo=None).isoformat(" ", "seconds" if value.second else "minutes")


def _understood(written: str) -> list[str | _Cell | list[str | _Cell]]:
    parts: list[str | _Cell | list[str | _Cell]] = []
    optional: list[str | _Cell] | None = None
    at = 0
    while at < len(written):
        match = _TOKEN.match(written, at)
        if match is None:
            raise ValueError(f"letter {at + 1} of the template: a brace without its other one")
        at = match.end()
        if match["open"]:
            if optional is not None:
                raise ValueError("an optional part [[ ]] lies within another one")
            optional = []
        elif match["close"]:
            if optional is None:
                raise ValueError("]] closes no optional part")
            if not any(isinstance(part, _Cell) for part in optional):
                raise ValueError("an optional part [[ ]] needs a column in braces")
            parts.append(optional)
            optional = None
        else:
            part = _part(match)
            (parts if optional is None else optional).append(part)
    if optional is not None:
        raise ValueError("an optional part [[ is not closed")
    return parts


def _part(match: re.Match[str]) -> str | _Cell:
    if match["column"]:
        return _Cell(match["column"].strip(), match["format"] or None)
    return match["brace"][0] if match["brace"] else match["text"]
