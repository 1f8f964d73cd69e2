from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.human.answers import read_votes
from tunesmith.evaluate.human.tasks import Kind, Task
from tunesmith.io import write_jsonl


def task(number: int, *raters: str, kind: Kind = "pairwise") -> Task:
    methods, texts = (
        (("lora", "base"), ("yes", "no")) if kind == "pairwise" else (("lora",), ("y",))
    )
    return Task(
        f"t{number}", f"r{number}", kind, None, "q?", texts, methods, raters or ("rater-1",)
    )


def save(path: Path, rows: list[list[str]], head: str = "task rater winner comment") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head.split(), *rows])
    return path


def test_answers_are_read_and_open_ones_left_out(tmp_path: Path) -> None:
    file = save(
        tmp_path / "a.csv",
        [
            ["t1", "rater-1", " Left ", "fine"],
            ["t2", "rater-1", "", "?"],
            ["t3", "rater-1", "TIE", ""],
        ],
    )
    votes = read_votes([file], [task(1), task(2), task(3)])
    assert [(vote.task.task, vote.value, vote.winner) for vote in votes] == [
        ("t1", "left", "lora"), ("t3", "tie", None),
    ]  # fmt: skip
    assert votes[0].to_json() == {
        "task": "t1", "id": "r1", "kind": "pairwise", "question": "q?", "left": "yes",
        "right": "no", "winner": "left", "comment": "fine", "rater": "rater-1", "group": None,
        "left_method": "lora", "right_method": "base",
    }  # fmt: skip


def test_jsonl_is_read_too(tmp_path: Path) -> None:
    rated = [task(n, kind="rating") for n in (1, 2, 3)]
    rows: list[dict[str, Any]] = [one.record("rater-1") for one in rated]
    rows[0]["rating"], rows[1]["rating"] = 4, "5,0"
    write_jsonl(tmp_path / "a.jsonl", rows)
    votes = read_votes([tmp_path / "a.jsonl"], rated)
    assert [(vote.task.task, vote.value) for vote in votes] == [("t1", 4), ("t2", 5)]
    assert votes[0].to_json()["method"] == "lora"


def test_every_wrong_cell_is_named(tmp_path: Path) -> None:
    first = save(
        tmp_path / "a.csv",
        [
            ["t1", "rater-1", "left", ""],
            ["t9", "rater-1", "left", ""],
            ["t2", "rater-1", "A customer wrote: my card is 4111", ""],
            ["t3", "rater-2", "tie", ""],
            ["", "rater-1", "left", ""],
        ],
    )
    second = save(tmp_path / "b.csv", [["t1", "rater-1", "right", ""]])
    with pytest.raises(TunesmithError) as caught:
        read_votes([first, second], [task(1), task(2), task(3)])
    assert caught.value.what.splitlines() == [
        "5 cells are wrong",
        "  a.csv:3: there is no task 't9'",
        "  a.csv:4: winner is left, right or tie, not 'A customer…'",
        "  a.csv:5: task t3 was not given to rater 'rater-2', but to rater-1",
        "  a.csv:6: there is no task ''",
        "  b.csv:2: rater-1 has answered task t1 already at a.csv:2",
    ]


@pytest.mark.parametrize("given", ["0", "6", "3.5", "good", "nan", "inf"])
def test_ratings_are_whole_numbers_from_one_to_five(tmp_path: Path, given: str) -> None:
    file = save(tmp_path / "a.csv", [["t1", "rater-1", given, ""]], "task rater rating comment")
    with pytest.raises(TunesmithError, match=f"whole number from 1 to 5, not '{given}'"):
        read_votes([file], [task(1, kind="rating")])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TunesmithError, match="there is no such file"):
        read_votes([tmp_path / "none.csv"], [task(1)])
    (tmp_path / "a.jsonl").write_text('{"task": "t1"\n')
    with pytest.raises(TunesmithError, match=r"a.jsonl:1: this line is not a JSON object"):
        read_votes([tmp_path / "a.jsonl"], [task(1)])


def test_a_file_that_is_given_twice_is_said_in_one_line(tmp_path: Path) -> None:
    rows = [[f"t{n}", "rater-1", "left", ""] for n in range(30)]
    first, second = save(tmp_path / "a.csv", rows), save(tmp_path / "b.csv", rows)
    with pytest.raises(TunesmithError) as refused:
        read_votes([first, second], [task(n) for n in range(30)])
    assert refused.value.message.splitlines()[:2] == [
        "1 cell is wrong",
        (
            "  b.csv:2: rater-1 has answered task t0 already at a.csv:2, and 29 more tasks twice: was "
            "a file given twice, or as CSV and as JSONL?"
        ),
    ]
