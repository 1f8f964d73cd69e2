"""From a run folder to raters' files and back."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tunesmith.cli import cli
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.human import run as human
from tunesmith.io import read_json, read_jsonl, write_json, write_jsonl

ANSWERS = {"lora": '=1+1; "done"\n- you\tknow', "few_shot": "Okay, 🙂", "base": "@home"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for name, text in ANSWERS.items():
        rows = [
            {
                "id": f"r{n}",
                "group": f"g{n // 2}",
                "question": f"Où? {n}",
                "prediction": f"{text} {n}",
            }
            for n in range(24)
        ]
        write_jsonl(tmp_path / "methods" / name / "predictions.jsonl", rows)
    table = [{"method": name} for name in ("lora", "few_shot", "base")]
    write_json(tmp_path / "decision.json", {"table": table, "verdict": {"choice": "lora"}})
    return tmp_path


def fill(file: Path, prefer: str, key: dict[str, dict[str, Any]]) -> None:
    """Answer as somebody who always prefers one method, and save with semicolons and no mark."""
    text = file.read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row in rows:
        methods = key[row["task"]]["methods"]
        row["winner"] = ("left", "right")[methods.index(prefer)] if prefer in methods else "tie"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, sorted(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    file.write_bytes(out.getvalue().encode())


def test_there_and_back(run: Path) -> None:
    done = human.write(run, rows=20, raters=2, overlap=0.5, pairs=["chosen,base", "lora,few_shot"])
    assert (done["tasks"], done["questions"]) == (40, 20)
    assert done["given"] == {"rater-1": 30, "rater-2": 30}
    folder = run / "human" / "raters"
    assert {path.name for path in folder.iterdir()} == {
        "how-to.txt", "rater-1.csv", "rater-1.jsonl", "rater-2.csv", "rater-2.jsonl",
    }  # fmt: skip
    for path in folder.iterdir():
        words = path.read_text("utf-8-sig")
        assert not [name for name in ("lora", "few_shot", "base,", "methods") if name in words]
    plain = read_jsonl(folder / "rater-1.jsonl")
    text = (folder / "rater-1.csv").read_bytes().decode("utf-8-sig")
    for line in csv.reader(io.StringIO(text, newline="")):
        assert not [cell for cell in line if cell.startswith(("=", "@"))]
    assert any(row["left"].startswith("=1+1") for row in plain)
    key = {row["task"]: row for row in read_json(run / "human" / "key.json")["tasks"]}
    for name in ("rater-1", "rater-2"):
        fill(folder / f"{name}.csv", "lora", key)
    found = human.read(run)
    assert found["tasks"]["open"] == 0
    assert [(pair["a"], pair["b"]) for pair in found["pairs"]] == [
        ("lora", "base"), ("lora", "few_shot"),
    ] or [(pair["a"], pair["b"]) for pair in found["pairs"]] == [
        ("lora", "few_shot"), ("lora", "base"),
    ]  # fmt: skip
    for pair in found["pairs"]:
        assert (pair["wins_a"], pair["wins_b"], pair["n"], pair["votes"]) == (30, 0, 20, 30)
        assert pair["win_rate"]["value"] == 1
        assert pair["clear"]
    assert found["sides"]["left"] == pytest.approx(30, abs=12)
    assert found["agreement"]["value"] is None or found["agreement"]["value"] == 1
    assert read_json(run / "human.json") == found
    kept = read_jsonl(run / "human" / "answers.jsonl")
    assert len(kept) == 60
    for row in kept:
        method = row[f"{row['winner']}_method"]
        assert method == "lora"
        assert row[row["winner"]] == f"{ANSWERS['lora']} {row['id'][1:]}"


def test_the_default_pair_is_the_chosen_method_and_the_base(run: Path) -> None:
    assert human.write(run)["pairs"] == [["lora", "base"]]
    decision = read_json(run / "decision.json")
    write_json(run / "decision.json", {**decision, "verdict": {"choice": "base"}})
    (run / "human" / "key.json").unlink()
    assert human.write(run)["pairs"] == [["base", "lora"]]


def test_tasks_are_not_written_over(run: Path) -> None:
    human.write(run)
    with pytest.raises(TunesmithError, match="there are tasks for raters already"):
        human.write(run)


def test_wrong_names_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(TunesmithError, match="methods of this run are base, few_shot, lora"):
        human.write(run, pairs=["lora,bse"])
    with pytest.raises(TunesmithError, match="does not name two methods"):
        human.write(run, pairs=["lora"])
    with pytest.raises(TunesmithError, match="no tasks for raters"):
        human.read(run)
    with pytest.raises(TunesmithError, match="has answered test rows"):
        human.write(tmp_path / "nothing")


def test_the_commands(run: Path) -> None:
    said = CliRunner().invoke(
        cli, ["human", "write", str(run), "--kind", "rating", "--rows", "12", "--overlap", "1"]
    )
    assert said.exit_code == 0, said.output
    assert "24 tasks on 12 questions: lora against base" in said.output
    file = run / "human" / "raters" / "rater-2.jsonl"
    rows = read_jsonl(file)
    for number, row in enumerate(rows):
        row["rating"] = 1 + number % 5
    write_jsonl(file, rows)
    read = CliRunner().invoke(cli, ["human", "read", str(run), str(file)])
    assert read.exit_code == 0, read.output
    assert "24 of 48 answered" in read.output
    assert "lora is rated" in read.output
    assert [row["method"] for row in read_json(run / "human.json")["ratings"]] == ["lora", "base"]
