"""The rows that every case trains on: tickets, held-out ones among them."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.inputs import tickets

SYSTEM = "You are a helpful customer support assistant. Answer the question."
RATES = {"qv": 2e-3, "all": 2e-3, "full": 2e-4}


def chosen(rows: int, held: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Training rows and held-out rows, the same in every process."""
    every = [row for row in tickets()[1] if len(row["question"]) + len(row["answer"]) < 3_000]
    random.Random(0).shuffle(every)
    return every[held : held + rows], every[:held]


def base_model() -> Path:
    """The default model's folder."""
    from tunesmith.models import DEFAULT_MODEL, resolve

    return resolve(DEFAULT_MODEL).path
