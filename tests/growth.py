"""Runs over files that come and go, and what they end with."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from urllib.parse import urlparse

from deltalake import DeltaTable

from factory import recipe, tickets, write_csv
from tunesmith.prepare import Prepared, prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

FOOTER = "This message is confidential and meant for its addressee alone."

SETTINGS = {
    "clean": {"boilerplate": {"min_rows": 20, "min_share": 0.2}},
    "split": {"keep": False, "customers": False},
}


def files(count: int, *, rows: int = 24, seed: int = 3) -> list[list[dict[str, object]]]:
    """Files of tickets: threads and duplicates that cross files, names, footers, bad rows."""
    dice = random.Random(seed)
    every = tickets(count * rows)
    people = ("Zuri Abebe", "Ada Ek", "Kim Larsson")
    for number, row in enumerate(every):
        row["thread"] = f"t{dice.randrange(count * rows // 3)}"
        row["agent"] = people[number % 3] if number % 5 == 0 else ""
        row["answer"] += f" {dice.choice(people)} looks after it.\n\n{FOOTER}"
        if number % 4 == 3:  # nearly or just the same as a row of any file
            other = dice.choice(every[:number] or every)
            row["question"], row["answer"] = other["question"], other["answer"]
            if number % 8 == 3:
                row["answer"] = row["answer"].replace("within", "in", 1)
        if number % 17 == 0:
            row["answer"] = ""
    dice.shuffle(every)
    return [every[start : start + rows] for start in range(0, len(every), rows)]


def project(folder: Path, parts: dict[str, list[dict[str, object]]], **more) -> Path:
    (folder / "raw").mkdir(exist_ok=True)
    for name, rows in parts.items():
        write_csv(folder / "raw" / f"{name}.csv", rows)
    columns = {
        "question": "question", "answer": "answer", "category": "category", "id": "number",
        "customer": "customer", "timestamp": "created", "thread": "thread", "author": "agent",
    }  # fmt: skip
    return recipe(folder, {"path": "raw/*.csv", "columns": columns}, **(SETTINGS | more))


def prepared(path: Path, out: Path, *changes: str) -> Prepared:
    return prepare(load(path, list(changes)), out, SilentProgress())


def contents(out: Path) -> dict[str, str]:
    """The bytes that a run ends with: exports, ledger, what repeats, and the dataset's table."""
    tables = [out / f"{name}.parquet" for name in ("ledger", "conflicts", "templates")]
    files = [*sorted((out / "export").rglob("*.jsonl")), *tables]
    made = {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
    # The table's own files: a kill in the middle of a write may leave one that it does not name.
    table = [Path(urlparse(uri).path) for uri in DeltaTable(str(out / "dataset")).file_uris()]
    made["dataset"] = " ".join(
        sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in table)
    )
    return made
