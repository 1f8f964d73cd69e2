"""What collecting gave, in sentences: what is new since the last run, and what must be named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.report.wording import plural

#: Sources that are named where there is nothing new; of more their number is said.
_SHOWN = 5

_KINDS = ("new", "changed", "deleted", "moved")


def changes(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each source has that the last run has not read, and what it lacks; and what failed."""
    told = []
    same = []
    for source in sources:
        if since := source.get("since_last_run"):
            parts = [f"{since[kind]:,} {kind}" for kind in _KINDS if since[kind]]
            if parts:
                told.append(f"{source['source']}: {', '.join(parts)} since the last run")
            else:
                same.append(str(source["source"]))
        if failures := source.get("failures"):
            told.append(f"{source['source']} is in quarantine as a whole: {'; '.join(failures)}")
    if same:
        names = ", ".join(same) if len(same) <= _SHOWN else f"{len(same)} sources"
        told.append(f"{names}: nothing new since the last run")
    return told


def licences(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many rows ask for attribution, and under which licences."""
    credited = [one for one in found if one["credited"]]
    if not credited:
        return []
    names = ", ".join(sorted({str(one["license"]) for one in credited}))
    rows = sum(int(one["rows"]) for one in credited)
    asks = "asks" if rows == 1 else "ask"
    return [f"{plural(rows, 'row')} {asks} for attribution ({names}): export/ATTRIBUTION.md"]
