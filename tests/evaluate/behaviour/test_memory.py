from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunesmith.evaluate.behaviour import memory
from tunesmith.evaluate.behaviour.memory import Reader, Row, Rows, drawn, repeated_rows
from tunesmith.evaluate.behaviour.suite import Memorisation
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.likelihood import Begun, Subject
from tunesmith.models import BaseModel
from tunesmith.progress import SilentProgress
from tunesmith.prompting import PromptConfig

MODEL = BaseModel("x", Path("x"), "x", "folder")
TEST = Memorisation(name="t", title="t", rows=20, repeated_tokens=10)
ROWS = Rows(
    [Row(f"learned-{n}", "text", "question") for n in range(20)],
    [Row(f"held-{n}", "text", "question") for n in range(20)],
)


def found(monkeypatch: pytest.MonkeyPatch, tokens: dict[str, Any]) -> memory.Repeated:
    """What is found where so many tokens are repeated: by model and row."""

    def continuations(items: list[Begun], subject: Subject, **_: Any) -> dict[str, int]:
        written = {item.id: tokens[subject.name](item.id.split(" ")[1]) for item in items}
        return {name: count for name, count in written.items() if count is not None}

    monkeypatch.setattr(memory, "continuations", continuations)
    reader = Reader(
        Subject("lora", MODEL, None), Subject("base", MODEL, None), Path(), PromptConfig(), 8, SilentProgress()
    )  # fmt: skip
    return repeated_rows(TEST, ROWS, reader, seed=1, evaluation=EvaluateConfig(resamples=500))


def test_what_held_out_rows_repeat_too_is_no_memory(monkeypatch) -> None:
    template = found(monkeypatch, {"lora": lambda _: 10, "base": lambda _: 0})
    assert all(template.failed)
    assert template.over == 0
    learned = found(monkeypatch, {"lora": lambda row: 10 * row.startswith("learned"), "base": lambda _: 9})  # fmt: skip
    assert all(learned.failed)
    assert learned.over == 1
    assert learned.beside["held_out"]["value"] == 0


def test_what_the_base_model_repeats_is_no_memory(monkeypatch) -> None:
    known = found(monkeypatch, {"lora": lambda _: 12, "base": lambda _: 10})
    assert not any(known.failed)
    assert known.beside["base"]["value"] == 1


def test_the_excess_is_the_difference_of_the_shares(monkeypatch) -> None:
    def lora(row: str) -> int | None:
        kind, number = row.split("-")
        if number in {"0", "1"}:
            return None  # too short
        return 10 * (int(number) < {"learned": 14, "held": 5}[kind])

    got = found(monkeypatch, {"lora": lora, "base": lambda _: 0})
    assert len(got.ids) == 18
    excess = got.beside["excess"]
    assert excess["value"] == pytest.approx(12 / 18 - 3 / 18)
    assert excess["low"] < excess["value"] < excess["high"]
    assert got.over == excess["value"]


def test_rows_are_drawn_by_their_identifiers_alone() -> None:
    rows = [Row(f"r{n}", f"text {n}") for n in range(30)]
    chosen = {row.id for row in drawn(rows, 10, 3)}
    assert {row.id for row in drawn(rows[::-1], 10, 3)} == chosen
    assert chosen != {row.id for row in drawn(rows, 10, 4)}
