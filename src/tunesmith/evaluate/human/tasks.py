"""Tasks for raters: which answers are shown, on which side, and who gets which.

A pair is shown on sides that chance has drawn, half of the tasks each way, and no file for raters
names a method. All tasks of a question go to the same raters; a share of the questions goes to all
of them, so that agreement can be measured.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tunesmith.errors import TunesmithError

Kind = Literal["pairwise", "rating"]
Pair = tuple[str, str]
Predictions = Mapping[str, Sequence[Mapping[str, Any]]]
"""The rows of `predictions.jsonl` by method."""

WINNERS = ("left", "right", "tie")
RATINGS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to judge."""

    task: str
    """Its identifier, which tells nothing."""
    id: str
    """The row of the dataset."""
    kind: Kind
    group: str | None
    """The row's group: rows of one are not independent."""
    question: str
    texts: tuple[str, ...]
    """The answers as they are shown: left and right, or one."""
    methods: tuple[str, ...]
    """Whose they are; raters do not see it."""
    raters: tuple[str, ...]
    """Who is asked."""

    def record(self, rater: str) -> dict[str, Any]:
        """The task as a rater gets it: the answer is still open."""
        out: dict[str, Any] = {
            "task": self.task,
            "id": self.id,
            "kind": self.kind,
            "question": self.question,
        }
        if self.kind == "pairwise":
            left, right = self.texts
            out |= {"left": left, "right": right, "winner": None}
        else:
            out |= {"answer": self.texts[0], "rating": None}
        return {**out, "comment": "", "rater": rater}

    def to_json(self) -> dict[str, Any]:
        """For the key."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Task:
        """Read what `to_json` wrote."""
        lists = {name: tuple(row[name]) for name in ("texts", "methods", "raters")}
        return cls(**{**row, **lists})


def make_tasks(
    predictions: Predictions,
    pairs: Sequence[Pair],
    *,
    kind: Kind,
    rows: int,
    raters: int,
    overlap: float,
    seed: int,
) -> list[Task]:
    """Choose rows, and make the tasks of each.

    Args:
        predictions: Of each method in `pairs`.
        pairs: What is compared; for ratings, the methods in them are rated one by one.
        kind: Pairs, or one answer at a time.
        rows: Questions, at most; those that all the methods have answered are drawn from.
        raters: How many people judge.
        overlap: Share of the questions that all of them judge, 0 to 1.
        seed: Of what is drawn.

    Returns:
        Tasks by question, in the order of the draw.

    Raises:
        TunesmithError: No question was answered by all methods.
    """
    of = {name: {row["id"]: row for row in predictions[name]} for pair in pairs for name in pair}
    first = next(iter(of))
    shared = [
        name
        for name in of[first]
        if all(name in rows and rows[name].get("prediction") is not None for rows in of.values())
    ]
    if not shared:
        raise TunesmithError(
            f"no question was answered by all of {', '.join(of)}",
            todo="compare methods that answered the same test rows",
        )
    draw = random.Random(seed)  # noqa: S311
    chosen = draw.sample(sorted(shared), min(rows, len(shared)))
    shares = _shares(len(chosen), raters, overlap)
    shown: list[tuple[str, ...]] = list(pairs) if kind == "pairwise" else [(name,) for name in of]
    sides = _sides(len(chosen) * len(shown), draw)
    tasks = []
    for place, row in enumerate(chosen):
        for number, methods in enumerate(shown):
            turned = sides[place * len(shown) + number] and len(methods) == 2
            order = tuple(reversed(methods)) if turned else methods
            asked = of[first][row]
            tasks.append(
                Task(
                    task=_name(seed, row, methods),
                    id=row,
                    kind=kind,
                    group=asked.get("group"),
                    question=asked["question"],
                    texts=tuple(of[name][row]["prediction"] for name in order),
                    methods=order,
                    raters=shares[place],
                )
            )
    return tasks


def in_order_for(rater: str, tasks: Sequence[Task], *, seed: int) -> list[Task]:
    """A rater's tasks: questions in an order of the rater's own, and so the tasks of each."""
    own = [task for task in tasks if rater in task.raters]
    draw = random.Random(f"{seed} {rater}")  # noqa: S311
    place = {row: draw.random() for row in dict.fromkeys(task.id for task in own)}
    within = {task.task: draw.random() for task in own}
    return sorted(own, key=lambda task: (place[task.id], within[task.task]))


def _shares(questions: int, raters: int, overlap: float) -> list[tuple[str, ...]]:
    """Who judges each question: everybody the first ones, then one after the other."""
    names = tuple(f"rater-{number}" for number in range(1, raters + 1))
    common = round(overlap * questions)
    return [
        names if place < common else (names[(place - common) % raters],)
        for place in range(questions)
    ]


def _sides(tasks: int, draw: random.Random) -> list[bool]:
    """Half of the tasks turned round, in random order."""
    sides = [place % 2 == 1 for place in range(tasks)]
    draw.shuffle(sides)
    return sides


def _name(seed: int, row: str, methods: Sequence[str]) -> str:
    """Sixteen letters; a spreadsheet would round digits."""
    digest = hashlib.sha256(" ".join([str(seed), row, *methods]).encode()).digest()
    return "".join(chr(ord("a") + (byte >> 4)) + chr(ord("a") + (byte & 15)) for byte in digest[:8])
