"""Judges of known biases behind a real server, and a local model, from answers to judge.json."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from chat_server import Server
from tunesmith.errors import JobError, TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.judge.config import JudgeConfig
from tunesmith.evaluate.judge.judge import judge, usual_pairs
from tunesmith.evaluate.judge.verdicts import concluded, verdicts_on
from tunesmith.evaluate.judge.votes import Outcome
from tunesmith.io import read_json, write_json
from tunesmith.models import BaseModel
from tunesmith.progress import SilentProgress

CONFIG = EvaluateConfig(resamples=1000)


def rows_of(name: str, good: int, n: int) -> list[dict[str, Any]]:
    """Answers of which the first `good` hold the word good; every fourth question is odd."""
    return [
        {
            "id": f"t{i:02d}", "question": f"{'odd' if i % 4 == 0 else 'plain'} question {i}",
            "reference": f"reference {i}", "group": None,
            "prediction": f"{name} says {'good' if i < good else 'bad'} {'long ' * (i % 3)}things {i}",
        }
        for i in range(n)
    ]  # fmt: skip


PREDICTIONS = {"lora": rows_of("lora", 30, 40), "base": rows_of("base", 6, 40)}


def judged(
    server: Server, model: str, out: Path, *, predictions: Any = None, fault: str = "well",
    prices: dict[str, float] | None = None, **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    by = {
        "kind": "endpoint",
        "url": server.url(fault),
        "model": model,
        "retries": 0,
        **(prices or {}),
    }
    return judge(
        JudgeConfig(by=by, **{"votes": 1, "rows": 40, **settings}),
        PREDICTIONS if predictions is None else predictions,
        [("lora", "base")],
        out=out,
        base=out,
        evaluation=CONFIG,
        min_rows=30,
        progress=SilentProgress(),
    )


def test_a_judge_that_sees_what_is_good(server: Server, tmp_path: Path) -> None:
    found = judged(server, "good", tmp_path)
    (pair,) = found["pairs"]
    # good against bad in rows 6 to 29, alike in the others
    assert (pair["wins_a"], pair["wins_b"], pair["ties"]) == (24, 0, 16)
    assert (pair["unparseable"], pair["order_flips"], pair["n"]) == (0, 0, 40)
    assert pair["win_rate"]["value"] == pytest.approx((24 + 8) / 40)
    assert 0.7 < pair["win_rate"]["low"] < 0.8 < pair["win_rate"]["high"] < 0.9
    assert pair["clear"]
    assert pair["first_share"]["value"] == 0.5
    assert pair["sentence"] == (
        "The judge prefers lora to base: lora has a win rate of 80% "
        f"({pair['win_rate']['low']:.0%} to {pair['win_rate']['high']:.0%}; 24 wins, 0 losses, 16 "
        "ties in 40 rows). The judge is not calibrated: nobody has looked whether people agree "
        "with it."
    )
    assert (found["model"], found["trust"]) == (f"good at 127.0.0.1:{server.port}", "uncalibrated")
    assert (found["used"]["questions"], found["calibration"]) == (80, None)


def test_a_judge_that_always_takes_the_first_says_nothing(server: Server, tmp_path: Path) -> None:
    (pair,) = judged(server, "first", tmp_path)["pairs"]
    assert (pair["wins_a"], pair["wins_b"], pair["ties"]) == (0, 0, 40)
    assert (pair["order_flips"], pair["first_share"]["value"]) == (40, 1.0)
    assert pair["follows_order"]
    assert not pair["clear"]
    assert "changed sides with the order of the answers in 40 of 40" in pair["win_rate"]["note"]
    assert "cannot tell lora and base apart: it follows their order" in pair["sentence"]


def test_a_judge_that_mostly_follows_the_order_makes_nothing_clear() -> None:
    outcomes = [Outcome("tie", flipped=True)] * 32 + [Outcome("a")] * 28
    pair = verdicts_on("x", "y", outcomes, [None] * 60, unanswered=0, config=CONFIG)
    fewer = verdicts_on("x", "y", outcomes[8:], [None] * 52, unanswered=0, config=CONFIG)
    concluded([pair, fewer], trust="agrees", config=CONFIG, min_rows=30)
    assert pair["win_rate"]["low"] > 0.5
    assert [(one["follows_order"], one["clear"]) for one in (pair, fewer)] == [
        (True, False),
        (False, True),
    ]


def test_a_judge_that_takes_the_longer_one_has_no_favourite_place(
    server: Server, tmp_path: Path
) -> None:
    longer = [{**row, "prediction": row["prediction"] + " and more"} for row in PREDICTIONS["base"]]
    (pair,) = judged(
        server, "longer", tmp_path, predictions={"lora": PREDICTIONS["lora"], "base": longer}
    )["pairs"]
    assert (pair["wins_a"], pair["wins_b"]) == (0, 40)
    assert pair["win_rate"]["value"] == 0.0
    assert pair["win_rate"]["high"] > 0.0
    assert "The judge prefers base to lora: lora has" in pair["sentence"]


def test_several_votes_outvote_one(server: Server, tmp_path: Path) -> None:
    found = judged(server, "wavering", tmp_path, votes=3, rows=10)
    (pair,) = found["pairs"]
    seeds = {
        one["body"]["seed"] for one in server.seen("well") if one["body"]["model"] == "wavering"
    }
    assert seeds == {13, 14, 15}
    assert found["used"]["questions"] == 60
    assert pair["unread_votes"] == 0
    one = judged(server, "good", tmp_path / "one", rows=10)["pairs"][0]
    alike = {
        row["id"] for row in PREDICTIONS["lora"][:6]
    }  # both good: the wavering one takes a place
    assert pair["wins_a"] == one["wins_a"]
    assert pair["wins_b"] == 0
    assert pair["order_flips"] <= len(alike) + 10 - pair["wins_a"]


def test_verdicts_that_cannot_be_read_are_failures_and_no_ties(
    server: Server, tmp_path: Path
) -> None:
    (pair,) = judged(server, "half-mumbling", tmp_path)["pairs"]
    assert (pair["unparseable"], pair["win_rate"]["unscored"], pair["win_rate"]["n"]) == (
        10,
        10,
        30,
    )
    assert pair["wins_a"] + pair["wins_b"] + pair["ties"] == 30
    assert pair["unread_votes"] == 20
    assert "In 10 of 40 rows its verdict could not be read" in pair["sentence"]
    (mute,) = judged(server, "mumbling", tmp_path / "mute")["pairs"]
    assert (mute["unparseable"], mute["ties"], mute["win_rate"]["value"]) == (40, 0, None)
    assert mute["sentence"].startswith("The judge gave no verdict on lora and base. In 40 of 40")


def test_equal_answers_are_ties_and_cost_nothing(server: Server, tmp_path: Path) -> None:
    same = {
        "lora": PREDICTIONS["lora"],
        "base": PREDICTIONS["lora"][:39] + PREDICTIONS["base"][39:],
    }
    found = judged(server, "first", tmp_path, predictions=same)
    assert (found["pairs"][0]["identical"], found["used"]["questions"]) == (39, 2)
    assert found["pairs"][0]["ties"] == 40


def test_rows_without_an_answer_take_no_part(server: Server, tmp_path: Path) -> None:
    silent = [
        {**row, "prediction": None} if i < 5 else row for i, row in enumerate(PREDICTIONS["base"])
    ]
    (pair,) = judged(
        server, "good", tmp_path, predictions={"lora": PREDICTIONS["lora"], "base": silent}
    )["pairs"]
    assert (pair["n"], pair["unanswered"]) == (35, 5)


def people(path: Path, verdict: Any) -> str:
    lines = [
        {"id": row["id"], "a": "lora", "b": "base", "winner": verdict(i)}
        for i, row in enumerate(PREDICTIONS["lora"])
    ]
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    return path.name


def test_a_judge_is_held_to_what_people_say(server: Server, tmp_path: Path) -> None:
    right = people(tmp_path / "right.jsonl", lambda i: "a" if 6 <= i < 30 else "tie")
    found = judged(server, "good", tmp_path, calibration=right)
    assert found["calibration"]["agreement"]["value"] == 1.0
    assert found["calibration"]["kappa"]["value"] == 1.0
    assert found["trust"] == "agrees"
    assert "calibrated" not in found["pairs"][0]["sentence"]
    other = people(tmp_path / "other.jsonl", lambda i: "ab"[i % 2])
    found = judged(server, "first", tmp_path, calibration=other)
    assert found["trust"] == "chance"
    assert "no better than chance, do not use it" in found["sentences"][0]
    assert found["pairs"][0]["sentence"].endswith("no better than chance: do not use this.")


def test_nothing_is_asked_twice(server: Server, tmp_path: Path) -> None:
    first = judged(server, "good", tmp_path, fault="once")
    asked = len(server.seen("once"))
    prices = {"input_per_million": 1.0, "output_per_million": 10.0}
    again = judged(server, "good", tmp_path, fault="once", prices=prices)
    assert len(server.seen("once")) == asked == 80
    assert again["pairs"] == first["pairs"]
    used = again["used"]
    assert used["cost"] == pytest.approx((used["tokens_in"] + 10 * used["tokens_out"]) / 1e6)
    judged(server, "good", tmp_path, fault="once", rubric="Only kindness counts.")
    assert len(server.seen("once")) == 2 * asked


def test_a_judge_that_is_down_is_an_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="does not answer"):
        judged(server, "good", tmp_path, fault="down")


def test_settings_that_are_not_taken(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="allow_remote"):
        JudgeConfig(by={"kind": "endpoint", "url": "https://api.example.com/v1", "model": "m"})
    with pytest.raises(ValidationError, match="with itself"):
        JudgeConfig(by={"kind": "local"}, pairs=(("a", "a"),))
    with pytest.raises(ValidationError, match="twice"):
        JudgeConfig(by={"kind": "local"}, pairs=(("a", "b"), ("b", "a")))
    with pytest.raises(TunesmithError, match="compare gone, which was not measured"):
        judged(server, "good", tmp_path, pairs=(("lora", "gone"),))


def test_the_usual_pairs() -> None:
    def decision(choice: str | None, **values: float | None) -> dict[str, Any]:
        table = [
            {
                "method": name, "kind": "base" if name == "base" else "lora",
                "metrics": {"token_f1": {"value": value, "higher_is_better": True}},
            }
            for name, value in values.items()
        ]  # fmt: skip
        known = {name: value for name, value in values.items() if value is not None}
        comparisons = [
            {"a": a, "b": b, "metric": "token_f1", "difference": known[a] - known[b]}
            for a, b in combinations(known, 2)
        ]
        return {
            "verdict": {"choice": choice}, "metric": "token_f1", "table": table,
            "comparisons": comparisons,
        }  # fmt: skip

    assert usual_pairs(decision("lora", base=0.2, few=0.4, lora=0.5)) == [
        ("lora", "few"),
        ("lora", "base"),
    ]
    assert usual_pairs(decision("lora", base=0.2, lora=0.5)) == [("lora", "base")]
    assert usual_pairs(decision("base", base=0.5, few=0.4, lora=None)) == [("base", "few")]
    assert usual_pairs(decision("lora", lora=0.5)) == []
    assert usual_pairs(decision(None, base=0.2, lora=0.5)) == []


def roomy(tiny_model: BaseModel, folder: Path) -> str:
    """The tiny model with room for a judge's prompt: a token is a letter."""
    shutil.copytree(tiny_model.path, folder)
    config = read_json(folder / "config.json")
    write_json(folder / "config.json", {**config, "max_position_embeddings": 2048})
    return str(folder)


def locally(model: str, out: Path, **settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    short = {name: rows[:4] for name, rows in PREDICTIONS.items()}
    config = {"by": {"kind": "local", "model": model}, "max_new_tokens": 8, "rubric": "Good."}
    found = judge(
        JudgeConfig(**config, rows=4, **settings), short, [("lora", "base")], out=out, base=out,
        evaluation=CONFIG, min_rows=30, progress=SilentProgress(),
    )  # fmt: skip
    return found, read_json(out / "judge" / "lora--base" / "replies.json")["rows"]


@pytest.mark.slow
def test_a_local_model_judges(tiny_model: BaseModel, tmp_path: Path) -> None:
    """Random weights write nothing that can be read: all failures, and none of them a tie."""
    model = roomy(tiny_model, tmp_path / "model")
    found, rows = locally(model, tmp_path / "one", votes=2)
    assert (found["pairs"][0]["unparseable"], found["pairs"][0]["ties"]) == (4, 0)
    assert (found["used"]["questions"], found["used"]["failed"]) == (16, {})
    assert {name: row["text"] for name, row in rows.items() if name.endswith("-0")} != {
        name.replace("-1", "-0"): row["text"] for name, row in rows.items() if name.endswith("-1")
    }  # votes differ
    _, again = locally(model, tmp_path / "two", votes=2)
    assert again == rows  # and are drawn by their seeds
    _, sure = locally(model, tmp_path / "sure", votes=1)
    assert [row["tokens_in"] for row in sure.values()] == [
        rows[f"{name}"]["tokens_in"] for name in sure
    ]


@pytest.mark.slow
def test_a_pair_that_a_local_judge_has_no_room_for_is_a_failure(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    found, rows = locally(str(tiny_model.path), tmp_path, votes=1)
    reason = "the question and its answers are too long for the judge's context window"
    assert found["used"]["failed"] == {reason: 8}
    assert {row["text"] for row in rows.values()} == {None}
    assert found["pairs"][0]["unparseable"] == 4
