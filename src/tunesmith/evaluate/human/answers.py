"""Reading raters' files back: every wrong cell is named, and open tasks are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.human.sheet import read_sheet
from tunesmith.evaluate.human.tasks import RATINGS, WINNERS, Kind, Task

_VALUE: dict[Kind, str] = {"pairwise": "winner", "rating": "rating"}


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's answer to one task."""

    task: Task
    rater: str
    value: str | int
    """`left`, `right` or `tie`; for a rating 1 to 5."""
    comment: str

    @property
    def winner(self) -> str | None:
        """The method that won; None for a tie."""
        sides = {"left": self.task.methods[0], "right": self.task.methods[-1]}
        return sides.get(str(self.value))

    def to_json(self) -> dict[str, Any]:
        """The rater's record with its answer, and the methods."""
        value = {_VALUE[self.task.kind]: self.value, "comment": self.comment}
        sides = ("left_method", "right_method") if self.task.kind == "pairwise" else ("method",)
        methods = dict(zip(sides, self.task.methods, strict=True))
        return {**self.task.record(self.rater), **value, "group": self.task.group, **methods}


class _RefusedError(Exception):
    """What is wrong with a cell."""


def read_votes(files: Sequence[Path], tasks: Sequence[Task]) -> list[Vote]:
    """Read what raters have filled in.

    Args:
        files: CSV as a spreadsheet saves it, or JSONL.
        tasks: The tasks that were written.

    Returns:
        The votes, in the files' order; tasks without an answer are left out.

    Raises:
        TunesmithError: A file cannot be read, or cells are wrong (all are named): an unknown
            task or rater, a winner or rating that is none, a task that a rater answered twice.
    """
    known = {task.task: task for task in tasks}
    votes: list[Vote] = []
    problems: list[str] = []
    places: dict[tuple[str, str], str] = {}
    again: list[tuple[str, str, Vote]] = []
    for file in files:
        for line, cells in _records(file, tasks[0].kind):
            place = f"{file.name}:{line}"
            try:
                vote = _vote(cells, known)
                if vote is None:
                    continue
                before = places.setdefault((vote.task.task, vote.rater), place)
                if before != place:
                    again.append((place, before, vote))
                    continue
                votes.append(vote)
            except _RefusedError as wrong:
                problems.append(f"{place}: {wrong}")
    problems += _twice(again)
    if problems:
        count = "1 cell is wrong" if len(problems) == 1 else f"{len(problems)} cells are wrong"
        raise TunesmithError(
            "\n".join([count, *(f"  {problem}" for problem in problems)]),
            todo="correct them in the files and read these again",
        )
    return votes


def _twice(again: Sequence[tuple[str, str, Vote]]) -> list[str]:
    """What is said of tasks that were answered twice: many of one rater in one line."""
    of: dict[str, list[tuple[str, str, Vote]]] = {}
    for entry in again:
        of.setdefault(entry[2].rater, []).append(entry)
    said = []
    for rater, entries in of.items():
        place, before, vote = entries[0]
        text = f"{place}: {rater} has answered task {vote.task.task} already at {before}"
        if len(entries) > 1:
            more = len(entries) - 1
            text += (
                f", and {more} more {'task' if more == 1 else 'tasks'} twice: was a file given "
                "twice, or as CSV and as JSONL?"
            )
        said.append(text)
    return said


def _vote(cells: Mapping[str, Any], known: Mapping[str, Task]) -> Vote | None:
    name = _cell(cells, "task")
    if name not in known:
        raise _RefusedError(f"there is no task {_quoted(name)}")
    task, rater = known[name], _cell(cells, "rater")
    if rater not in task.raters:
        raise _RefusedError(
            f"task {name} was not given to rater {_quoted(rater)}, but to {', '.join(task.raters)}"
        )
    given = _cell(cells, _VALUE[task.kind])
    if not given:
        return None
    value = _winner(given) if task.kind == "pairwise" else _rating(given)
    return Vote(task, rater, value, str(cells.get("comment") or ""))


def _winner(given: str) -> str:
    if given.lower() not in WINNERS:
        raise _RefusedError(f"winner is left, right or tie, not {_quoted(given)}")
    return given.lower()


def _rating(given: str) -> int:
    try:
        value = float(given.replace(",", "."))
    except ValueError:
        value = 0.0
    if value not in RATINGS:
        raise _RefusedError(f"rating is a whole number from 1 to 5, not {_quoted(given)}")
    return int(value)


def _cell(cells: Mapping[str, Any], name: str) -> str:
    given = cells.get(name)
    return "" if given is None else str(given).strip()


def _quoted(text: str) -> str:
    """A cell as it was given, cut: a text in the wrong column does not belong in a message."""
    return repr(text if len(text) <= 20 else f"{text[:10]}…")


def _records(file: Path, kind: Kind) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a file, each with the line it begins on."""
    if not file.is_file():
        raise TunesmithError("there is no such file", where=str(file))
    if file.suffix.lower() != ".jsonl":
        return list(read_sheet(file, ("task", "rater", _VALUE[kind])))
    out = []
    for line, text in enumerate(file.read_bytes().splitlines(), 1):
        if not text.strip():
            continue
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise TunesmithError("this line is not a JSON object", where=f"{file.name}:{line}")
        out.append((line, row))
    return out
