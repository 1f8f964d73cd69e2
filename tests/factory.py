"""Records, files and recipes that tests make."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from tunesmith import record

MOMENT = datetime(2025, 3, 1, 12, tzinfo=UTC)


def pairs(*rows: dict[str, Any]) -> pl.DataFrame:
    """A frame of question/answer records; fields that are not given have a plain value."""
    full = []
    for number, row in enumerate(rows):
        base: dict[str, Any] = {
            "id": f"row{number:05d}", "kind": "qa", "source": "s", "file": "f.csv", "line": number + 2,
            "question": f"What about matter number {number}?", "category": "general",
            "answer": "We look into it and write to you tomorrow.", "labels": [], "extra": [],
            "changes": [], "collected_at": MOMENT,
        }  # fmt: skip
        full.append(base | row)
    return record.frame(full)


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def tickets(count: int, *, customers: int = 0) -> list[dict[str, Any]]:
    """Tickets that differ from each other, in five categories."""
    things = ("kettle", "lamp", "rug", "chair", "mirror", "clock", "shelf")
    troubles = (
        "arrived cracked",
        "never came",
        "is the wrong colour",
        "makes a noise",
        "will not open",
    )
    return [
        {
            "number": f"T-{number}",
            "question": f"My {things[number % 7]} from order {number * 37} {troubles[number % 5]}, "
            f"and the box said {number * 11 % 97} pieces. What now?",
            "answer": f"Sorry about the {things[number % 7]}. Keep box {number * 13 % 89} and we "
            f"collect it within {number % 9 + 2} days, reference {number}.",
            "category": troubles[number % 5].split()[0],
            "customer": f"customer {number % customers}" if customers else f"customer {number}",
            "created": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d} 10:00",
        }
        for number in range(count)
    ]


def recipe(folder: Path, source: dict[str, Any], **settings: Any) -> Path:
    """Write a recipe with one source and return its path."""
    columns = {
        "question": "question", "answer": "answer", "category": "category",
        "customer": "customer", "timestamp": "created", "id": "number",
    }  # fmt: skip
    data = {
        "name": "test",
        "workers": 1,
        "sources": [{"name": "tickets", "kind": "tickets", "columns": columns} | source],
    } | settings
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def small(folder: Path, rows: int = 60, **settings) -> Path:
    """A recipe over one CSV file of tickets."""
    write_csv(folder / "t.csv", tickets(rows))
    return recipe(folder, {"path": "t.csv"}, **settings)
