"""`write` and `read`: tasks of a run's methods for raters, and what they have said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.human.answers import read_votes
from tunesmith.evaluate.human.files import ANSWERS, FOLDER, RATERS, RESULT, read_key, write_folder
from tunesmith.evaluate.human.results import human
from tunesmith.evaluate.human.tasks import Kind, Pair, make_tasks
from tunesmith.io import read_json, read_jsonl, write_json, write_jsonl

CHOSEN = "chosen"
"""Stands for the method that the verdict chose."""


def write(
    run: Path,
    *,
    pairs: Sequence[str] = (),
    kind: Kind = "pairwise",
    rows: int = 50,
    raters: int = 2,
    overlap: float = 0.3,
    seed: int = 13,
) -> dict[str, Any]:
    """Write blind tasks for raters into `RUN/human`.

    Args:
        run: A run folder with evaluated methods.
        pairs: What is compared, as `A,B`; `chosen` is the method that the verdict chose. None: it,
            against the base model, or the best other method where it is the base model itself.
        kind: Pairs, or ratings of one answer at a time.
        rows: Questions, at most.
        raters: How many people judge.
        overlap: Share of the questions that all of them judge.
        seed: Of what is drawn by chance.

    Returns:
        `folder`, `pairs`, `tasks`, `questions`, and `given` by rater.

    Raises:
        TunesmithError: A method has no answers in this run, or tasks are there already.
    """
    there = _methods(run)
    compared = [_pair(run, text, there) for text in pairs] or [_default(run, there)]
    used = sorted({name for pair in compared for name in pair})
    predictions = {name: read_jsonl(run / "methods" / name / "predictions.jsonl") for name in used}
    tasks = make_tasks(
        predictions, compared, kind=kind, rows=rows, raters=raters, overlap=overlap, seed=seed
    )
    folder = write_folder(run, tasks, seed=seed)
    given = {name: 0 for task in tasks for name in task.raters}
    for task in tasks:
        for name in task.raters:
            given[name] += 1
    return {
        "folder": str(folder),
        "pairs": [list(pair) for pair in compared],
        "tasks": len(tasks),
        "questions": len({task.id for task in tasks}),
        "given": given,
    }


def read(
    run: Path, files: Sequence[Path] = (), *, config: EvaluateConfig | None = None
) -> dict[str, Any]:
    """Read raters' files into `RUN/human.json`, and `RUN/human/answers.jsonl` with methods named.

    Args:
        run: The run folder.
        files: CSV or JSONL that raters have sent back; none: the CSV files that were written.
        config: How sure intervals shall be.

    Returns:
        The content of `human.json`.

    Raises:
        TunesmithError: There are no tasks, or cells are wrong; each is named.
    """
    tasks = read_key(run)
    given = list(files) or sorted((run / FOLDER / RATERS).glob("rater-*.csv"))
    votes = read_votes(given, tasks)
    found = human(tasks, votes, config=config or EvaluateConfig(), order=_order(run))
    write_jsonl(run / FOLDER / ANSWERS, [vote.to_json() for vote in votes])
    write_json(run / RESULT, found)
    return found


def _methods(run: Path) -> list[str]:
    found = sorted(file.parent.name for file in run.glob("methods/*/predictions.jsonl"))
    if not found:
        raise TunesmithError(
            "no method of this run has answered test rows",
            where=str(run),
            todo="name a run folder; tunesmith evaluate RECIPE fills one",
        )
    return found


def _pair(run: Path, text: str, there: Sequence[str]) -> Pair:
    names = [name.strip() for name in text.split(",")]
    names = [_chosen(run) if name == CHOSEN and CHOSEN not in there else name for name in names]
    if len(names) != 2 or names[0] == names[1]:
        raise TunesmithError(
            f"'{text}' does not name two methods", where="--pairs", todo="write them as A,B"
        )
    for name in names:
        if name not in there:
            raise TunesmithError(
                f"there are no answers of a method '{name}'",
                where="--pairs",
                todo=f"the methods of this run are {', '.join(there)}",
            )
    return names[0], names[1]


def _chosen(run: Path) -> str:
    file = run / "decision.json"
    choice = read_json(file)["verdict"]["choice"] if file.exists() else None
    if choice is None:
        raise TunesmithError(
            "there is no verdict in this run that chose a method",
            where=str(run),
            todo="name the methods: --pairs A,B",
        )
    return str(choice)


def _order(run: Path) -> list[str]:
    """The methods from best to worst, as the verdict's table has them; empty without one."""
    file = run / "decision.json"
    if not file.exists():
        return []
    decision = read_json(file)
    names = [str(row["method"]) for row in decision["table"]]
    choice = decision["verdict"]["choice"]
    return [str(choice), *names] if choice in names else names


def _default(run: Path, there: Sequence[str]) -> Pair:
    chosen = _chosen(run)
    order = dict.fromkeys(["base", *_order(run)])
    rival = next((name for name in order if name != chosen and name in there), None)
    if chosen not in there or rival is None:
        raise TunesmithError(
            "the chosen method has nobody to be compared with", where=str(run),
            todo="name the methods: --pairs A,B",
        )  # fmt: skip
    return chosen, rival
