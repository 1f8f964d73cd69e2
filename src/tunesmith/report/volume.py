"""Volume: whether a category has enough rows to be learned, and how many are missing.

The ranges are those of source document B, "Data volume requirements": a minimum of 1,000 to 5,000
good examples a task, and 10,000 to 50,000 in production. A category is taken for a task: questions
of one do not teach the answers of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

#: Rows that a category needs to be learned at all, and those from which more add little to that.
MINIMUM = (1_000, 5_000)

#: Rows that robust answers in production take.
PRODUCTION = (10_000, 50_000)

Level = Literal["thin", "minimum", "between", "production", "beyond"]

#: Categories that are named.
_SHOWN = 5


def level(rows: int) -> Level:
    """Where a number of rows lies: below the minimum, in it, below production, in it, or above.

    >>> level(999), level(1_000), level(5_001), level(10_000), level(50_001)
    ('thin', 'minimum', 'between', 'production', 'beyond')
    """
    bounds: tuple[tuple[int, Level], ...] = (
        (MINIMUM[0] - 1, "thin"),
        (MINIMUM[1], "minimum"),
        (PRODUCTION[0] - 1, "between"),
        (PRODUCTION[1], "production"),
    )
    return next((name for most, name in bounds if rows <= most), "beyond")


def volumes(rows: Mapping[str | None, int]) -> list[dict[str, Any]]:
    """Each category with its rows, the most first, and what it lacks of both ranges.

    Args:
        rows: Kept question/answer pairs by category; None: those without one.
    """
    ordered = sorted(rows.items(), key=lambda item: (-item[1], item[0] or ""))
    return [
        {
            "category": name,
            "rows": count,
            "level": level(count),
            "short_of_minimum": max(0, MINIMUM[0] - count),
            "short_of_production": max(0, PRODUCTION[0] - count),
        }
        for name, count in ordered
    ]


def sentences(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which categories have too few rows to be learned, and which have enough for production."""
    if not found:
        return []
    thin = sorted((one for one in found if one["short_of_minimum"]), key=lambda one: one["rows"])
    told = []
    if thin:
        shown = [f"{_named(one)} {one['rows']:,}" for one in thin[:_SHOWN]]
        if more := len(thin) - len(shown):
            shown.append(f"{more:,} more")
        told.append(
            f"{_of(len(thin), len(found))} fewer than the {MINIMUM[0]:,} rows that a category "
            f"needs to be learned well: {', '.join(shown)}"
        )
    if len(thin) < len(found):
        ready = sum(not one["short_of_production"] for one in found)
        told.append(
            f"{_of(ready, len(found))} the {PRODUCTION[0]:,} rows or more that dependable answers "
            "in production need"
        )
    return told


def _of(some: int, whole: int) -> str:
    if whole == 1:
        return "the only category has" if some else "the only category has not"
    part = {0: "none of", whole: "all"}.get(some, f"{some:,} of")
    return f"{part} {whole:,} categories {'has' if some == 1 else 'have'}"


def _named(one: Mapping[str, Any]) -> str:
    return "no category" if one["category"] is None else f"'{one['category']}'"
