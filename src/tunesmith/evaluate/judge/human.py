"""People's verdicts about pairs of answers, read from JSONL.

Two kinds of line are taken, in one file too: `{id, a, b, winner}` names two methods and says which
one gave the better answer to a test row (`a`, `b`, `tie`, or the method's name); a task of human
evaluation holds both texts itself: `{task, id, kind: "pairwise", question, left, right, rater,
winner}` with `left`, `right` or `tie`. Lines without a winner are open tasks and left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.judge.prompt import Pair
from tunesmith.evaluate.judge.votes import Winner

_MOST_MISTAKES = 10

Answers = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Rows of predictions.jsonl, by method and id."""


@dataclass(frozen=True, slots=True)
class HumanVerdict:
    """What people think of one pair."""

    pair: Pair
    winner: Winner
    raters: int


class _MistakeError(Exception):
    """What is wrong with a line."""


def read_verdicts(path: Path, answers: Answers) -> list[HumanVerdict]:
    """Read people's verdicts; where several judged one pair, the majority counts.

    Args:
        path: The file.
        answers: What the methods answered, and to which questions.

    Raises:
        TunesmithError: The file is not there, holds no verdict, or has wrong lines: each is named.
    """
    if not path.is_file():
        raise TunesmithError(
            "there is no such file of people's verdicts",
            where=str(path),
            todo="set evaluate.judge.calibration to a JSONL file, or leave it out",
        )
    found: dict[tuple[str, str, str], tuple[Pair, Counter[Winner]]] = {}
    mistakes = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            read = _line(line, answers)
        except _MistakeError as mistake:
            mistakes.append(f"line {number}: {mistake}")
            continue
        if read is not None:
            pair, winner = _in_order(*read)
            _, votes = found.setdefault((pair.id, pair.a, pair.b), (pair, Counter()))
            votes[winner] += 1
    if mistakes:
        more = len(mistakes) - _MOST_MISTAKES
        shown = mistakes[:_MOST_MISTAKES] + ([f"and {more} more"] if more > 0 else [])
        raise TunesmithError(
            "people's verdicts cannot be read: " + "; ".join(shown),
            where=str(path),
            todo="a line is {id, a, b, winner} or a filled-in task of human evaluation",
        )
    if not found:
        raise TunesmithError(
            "the file holds no verdict of people", where=str(path), todo="fill in the winners"
        )
    return [HumanVerdict(pair, _most(votes), votes.total()) for pair, votes in found.values()]


def _in_order(pair: Pair, winner: Winner) -> tuple[Pair, Winner]:
    """One order of the two, so that raters who saw them in different orders count together."""
    if pair.a <= pair.b:
        return pair, winner
    other: dict[Winner, Winner] = {"a": "b", "b": "a", "tie": "tie"}
    return replace(pair, a=pair.b, b=pair.a), other[winner]


def _most(votes: Counter[Winner]) -> Winner:
    (winner, most), *others = votes.most_common()
    return "tie" if others and others[0][1] == most else winner


def _line(line: bytes, answers: Answers) -> tuple[Pair, Winner] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _MistakeError("this is no JSON") from None
    if not isinstance(row, dict):
        raise _MistakeError("this is no object")
    if row.get("kind", "pairwise") != "pairwise" or row.get("winner") in {None, ""}:
        return None
    if "left" in row or "right" in row:
        return _shown(row, answers)
    return _named(row, answers)


def _shown(row: dict[str, Any], answers: Answers) -> tuple[Pair, Winner]:
    """A line that holds both texts."""
    key, question, left, right = (_text(row, name) for name in ("id", "question", "left", "right"))
    known = next((rows[key] for rows in answers.values() if key in rows), {})
    sides: dict[str, Winner] = {"left": "a", "right": "b", "tie": "tie"}
    reference = row.get("reference") or known.get("reference")
    pair = Pair(
        key,
        question,
        left,
        right,
        reference=reference if isinstance(reference, str) else None,
        group=known.get("group"),
    )
    return pair, _winner(row["winner"], sides)


def _named(row: dict[str, Any], answers: Answers) -> tuple[Pair, Winner]:
    """A line that names two methods."""
    key, a, b = (_text(row, name) for name in ("id", "a", "b"))
    rows = []
    for name in (a, b):
        if name not in answers:
            raise _MistakeError(f"there is no method '{name}'")
        if key not in answers[name]:
            raise _MistakeError(f"method '{name}' has answered no test row '{key}'")
        if answers[name][key]["prediction"] is None:
            raise _MistakeError(f"method '{name}' has no answer to row '{key}'")
        rows.append(answers[name][key])
    if a == b:
        raise _MistakeError(f"method '{a}' is compared with itself")
    sides: dict[str, Winner] = {"a": "a", "b": "b", "tie": "tie"}
    if "a" not in (a, b) and "b" not in (a, b):
        sides |= {a: "a", b: "b"}
    first, second = rows
    pair = Pair(
        key,
        first["question"],
        first["prediction"],
        second["prediction"],
        reference=first.get("reference"),
        group=first.get("group"),
    )
    return pair, _winner(row["winner"], sides)


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and name == "id":
        return str(value)
    if not isinstance(value, str) or (not value and name == "id"):
        raise _MistakeError(f"'{name}' is missing or no text")
    return value


def _winner(given: Any, sides: Mapping[str, Winner]) -> Winner:
    if not isinstance(given, str) or given.strip().lower() not in {*map(str.lower, sides)}:
        raise _MistakeError(f"the winner is one of {', '.join(sides)}")
    return next(side for name, side in sides.items() if name.lower() == given.strip().lower())
