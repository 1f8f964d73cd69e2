"""Agreement with people against published and hand-made tables, and what files may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.judge.calibration import calibrated
from tunesmith.evaluate.judge.figures import agreement_rows, even_chance, kappa_figure
from tunesmith.evaluate.judge.human import HumanVerdict, read_verdicts
from tunesmith.evaluate.judge.prompt import Pair
from tunesmith.evaluate.judge.votes import Outcome

CONFIG = EvaluateConfig(resamples=2000)
ANSWERS = {
    name: {
        f"t{i}": {
            "question": f"question {i}", "prediction": None if i == 9 else f"{name} says {i}",
            "reference": f"reference {i}", "group": f"g{i // 2}",
        }
        for i in range(10)
    }
    for name in ("base", "lora")
}  # fmt: skip


def table(counts: Any) -> tuple[list[Any], list[Any]]:
    ours, theirs = [], []
    for row, one in enumerate(("a", "b", "tie")):
        for column, other in enumerate(("a", "b", "tie")):
            ours += [one] * counts[row][column]
            theirs += [other] * counts[row][column]
    return ours, theirs


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Two readers of 50 applications, 20 yes/yes and 15 no/no: kappa 0.4 (the usual example)
        ([[20, 5, 0], [10, 15, 0], [0, 0, 0]], 0.4),
        # Cohen 1960, table 1: two psychologists, three diagnoses, 200 patients: kappa 0.492
        ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 0.492),
        ([[25, 25, 0], [25, 25, 0], [0, 0, 0]], 0.0),
        ([[7, 0, 0], [0, 9, 0], [0, 0, 4]], 1.0),
        ([[9, 0, 0], [0, 0, 0], [0, 0, 0]], 0.0),
    ],
)
def test_kappa_of_published_tables(counts: Any, expected: float) -> None:
    rows = agreement_rows(*table(counts))
    assert float(kappa_figure(rows.sum(axis=0))) == pytest.approx(expected, abs=0.0006)


def judged(ours: list[Any], theirs: list[Any], *, flips: int = 0) -> dict[str, Any]:
    verdicts = [
        HumanVerdict(Pair(f"{i}", "q", "x", "y"), winner, raters=1)
        for i, winner in enumerate(theirs)
    ]
    outcomes = [Outcome(one, flipped=i < flips) for i, one in enumerate(ours)]
    return calibrated(verdicts, outcomes, file=Path("folder/people.jsonl"), config=CONFIG)


def test_a_judge_that_agrees() -> None:
    found = judged(*table([[20, 2, 1], [1, 20, 1], [1, 1, 8]]), flips=3)
    assert found["agreement"]["value"] == pytest.approx(48 / 55)
    assert found["agreement"]["low"] < 48 / 55 < found["agreement"]["high"]
    assert 0.5 < found["kappa"]["low"] < found["kappa"]["value"] < found["kappa"]["high"] < 1
    assert (found["trust"], found["order_flips"], found["file"]) == ("agrees", 3, "people.jsonl")
    assert found["sentence"].startswith("This judge agrees with people more than chance would: the")


def test_a_judge_that_guesses_is_told_apart() -> None:
    chance = np.random.default_rng(4)
    theirs = list(chance.choice(["a", "b"], 60))
    agreeing = 0
    for _ in range(40):
        found = judged(list(chance.choice(["a", "b", "tie"], 60)), theirs)
        agreeing += found["trust"] == "agrees"
    assert agreeing <= 4  # 2.5% expected
    assert "no better than chance, do not use it" in judged(["tie"] * 60, theirs)["sentence"]


def test_verdicts_that_cannot_be_read_are_failures_and_never_agreement() -> None:
    found = judged([None] * 8 + ["a"] * 20 + ["b"] * 12, ["tie"] * 8 + ["a"] * 20 + ["b"] * 12)
    assert (found["unparseable"], found["agreement"]["unscored"]) == (8, 8)
    assert (found["agreement"]["value"], found["agreement"]["n"]) == (1.0, 32)
    assert "8 of its 40 verdicts could not be read" in found["sentence"]
    mostly = judged([None] * 30 + ["a"] * 10 + ["b"] * 10, ["a"] * 40 + ["b"] * 10)
    assert mostly["trust"] == "chance"
    assert "of no use" in judged([None] * 20, ["a"] * 20)["sentence"]


def test_few_verdicts_say_nothing() -> None:
    found = judged(["a", "b"] * 3, ["a", "b"] * 3)
    assert found["trust"] == "too few"
    assert found["kappa"]["low"] is None


def test_even_chance_is_the_sign_test() -> None:
    """Of 10 rows without ties the swap test counts all 1,024: the exact sign test."""
    from scipy.stats import binomtest

    for wins in (5, 7, 9, 10):
        p = even_chance([1.0] * wins + [0.0] * (10 - wins), [None] * 10, CONFIG)
        assert p == pytest.approx(binomtest(wins, 10).pvalue)
    assert even_chance([float("nan")] * 4, [None] * 4, CONFIG) is None


def write(path: Path, *rows: Any) -> Path:
    path.write_bytes(
        b"\n".join(row if isinstance(row, bytes) else orjson.dumps(row) for row in rows)
    )
    return path


def test_both_kinds_of_line_are_read(tmp_path: Path) -> None:
    task = {
        "task": "x1",
        "kind": "pairwise",
        "question": "question 3",
        "rater": "r1",
        "comment": "",
    }
    file = write(
        tmp_path / "people.jsonl",
        {"id": "t1", "a": "lora", "b": "base", "winner": "a"},
        {"id": "t2", "a": "lora", "b": "base", "winner": "base"},
        {**task, "id": "t3", "left": "lora says 3", "right": "base says 3", "winner": "left"},
        {**task, "id": "t4", "left": "x", "right": "y", "winner": None},
        {**task, "id": "t4", "kind": "rating", "answer": "x", "rating": 4},
        b"",
        {**task, "id": "t5", "left": "x", "right": "y", "winner": "Tie"},
    )
    found = read_verdicts(file, ANSWERS)
    # the two texts stand in one order, whoever saw them how
    assert [(one.pair.id, one.pair.a, one.pair.b, one.winner) for one in found] == [
        ("t1", "base says 1", "lora says 1", "b"),
        ("t2", "base says 2", "lora says 2", "a"),
        ("t3", "base says 3", "lora says 3", "b"),
        ("t5", "x", "y", "tie"),
    ]
    assert [one.pair.reference for one in found] == [f"reference {i}" for i in (1, 2, 3, 5)]
    assert [one.pair.group for one in found] == ["g0", "g1", "g1", "g2"]


def test_the_majority_of_raters_counts_in_whatever_order_they_saw_them(tmp_path: Path) -> None:
    task = {"kind": "pairwise", "question": "q"}
    file = write(
        tmp_path / "people.jsonl",
        {**task, "id": "7", "left": "x", "right": "y", "winner": "left", "rater": "r1"},
        {**task, "id": "7", "left": "y", "right": "x", "winner": "right", "rater": "r2"},
        {**task, "id": "7", "left": "x", "right": "y", "winner": "tie", "rater": "r3"},
        {**task, "id": "8", "left": "x", "right": "y", "winner": "left", "rater": "r1"},
        {**task, "id": "8", "left": "x", "right": "y", "winner": "right", "rater": "r2"},
    )
    found = read_verdicts(file, {})
    assert [(one.winner, one.raters) for one in found] == [("a", 3), ("tie", 2)]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (b"{", "line 2: this is no JSON"),
        (b"[1]", "line 2: this is no object"),
        (
            {"id": "t1", "a": "lora", "b": "gone", "winner": "a"},
            "line 2: there is no method 'gone'",
        ),
        ({"id": "t99", "a": "lora", "b": "base", "winner": "a"}, "answered no test row 't99'"),
        ({"id": "t9", "a": "lora", "b": "base", "winner": "a"}, "no answer to row 't9'"),
        ({"id": "t1", "a": "lora", "b": "lora", "winner": "a"}, "compared with itself"),
        (
            {"id": "t1", "a": "lora", "b": "base", "winner": "left"},
            "the winner is one of a, b, tie",
        ),
        ({"id": "t1", "a": "lora", "b": "base", "winner": 1}, "the winner is one of"),
        ({"id": "t1", "left": "x", "winner": "left"}, "'question' is missing"),
        ({"a": "lora", "b": "base", "winner": "a"}, "'id' is missing"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, row: Any, what: str) -> None:
    good = {"id": "t1", "a": "lora", "b": "base", "winner": "a"}
    with pytest.raises(TunesmithError) as caught:
        read_verdicts(write(tmp_path / "people.jsonl", good, row), ANSWERS)
    assert what in caught.value.message
    assert "people.jsonl" in caught.value.message


def test_files_without_a_verdict_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TunesmithError, match="no such file"):
        read_verdicts(tmp_path / "gone.jsonl", ANSWERS)
    with pytest.raises(TunesmithError, match="holds no verdict"):
        read_verdicts(write(tmp_path / "open.jsonl", {"id": "t1", "winner": None}), ANSWERS)
