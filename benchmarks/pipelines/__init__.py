"""Whole pipelines: tunesmith beside datatrove and Data-Juicer, on the same rows.

Each reads JSONL, mends the encoding, masks personal data by patterns, tells the language, drops by
simple heuristics, removes near duplicates by MinHash, and writes what stays; one process at a time,
one thread. How they differ is said in `benchmarks/README.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.inputs import texts_of, tickets, write_tickets
from benchmarks.measure import Job, measure
from benchmarks.table import Section

CLOSEST = "tunesmith, e-mail and IP"
DEFAULT = "tunesmith, default (15 kinds)"
#: The kinds of personal data that both rivals mask.
KINDS = ("EMAIL", "IP_ADDRESS")


def jobs(data: Path, warm: Path) -> list[Job]:
    """Ours twice, and the rivals."""
    ours = {"data": str(data), "warm": str(warm), "language_id": True}
    theirs = {"data": str(texts_of(data)), "warm": str(texts_of(warm))}
    return [
        Job(CLOSEST, "benchmarks.prepare:stages", ours | {"kinds": KINDS}),
        Job(DEFAULT, "benchmarks.prepare:stages", ours),
        Job("datatrove", "benchmarks.pipelines.with_datatrove:work", theirs),
        Job("Data-Juicer", "benchmarks.pipelines.with_data_juicer:work", theirs),
    ]


def section(folder: Path, rows: int, rounds: int, say: Callable[[str], object]) -> Section:
    """Measure the pipelines."""
    data, warm = folder / "rivals.jsonl", folder / "rivals-warm.jsonl"
    write_tickets(data, rows)
    write_tickets(warm, 200)
    title = f"Pipelines on {rows:,} {tickets()[0]}, with language id"
    return Section(title, "rows", measure(jobs(data, warm), rounds, say), CLOSEST)
