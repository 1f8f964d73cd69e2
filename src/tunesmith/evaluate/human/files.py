"""The folder `RUN/human`: what raters get, and the key that they do not.

```
human/key.json                        which method wrote which answer; never give this away
human/raters/rater-1.csv  .jsonl      one rater's tasks, twice: for a spreadsheet, for programs
human/raters/how-to.txt               what to fill in
human/answers.jsonl                   what was read back, methods named
human.json                            the figures
```

The texts are rows of the dataset, masked as they are there; they go into these files alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.human.sheet import write_sheet
from tunesmith.evaluate.human.tasks import Kind, Task, in_order_for
from tunesmith.io import read_json, write_json, write_jsonl, write_text

FOLDER, RATERS, KEY, ANSWERS, RESULT = "human", "raters", "key.json", "answers.jsonl", "human.json"

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "pairwise": ("winner", "comment", "question", "left", "right", "task", "id", "kind", "rater"),
    "rating": ("rating", "comment", "question", "answer", "task", "id", "kind", "rater"),
}
"""Of the CSV files; what is filled in comes first."""

_HOW_TO: dict[Kind, str] = {
    "pairwise": """\
Each row has a question and two answers to it. Which answer would help more the customer who
asked? Write one word into the column "winner":

    left     the left answer is better
    right    the right answer is better
    tie      both are equally good, or equally bad

""",
    "rating": """\
Each row has a question and an answer to it. How well does the answer help the customer who
asked? Write a number into the column "rating":

    1  useless or wrong    2  poor    3  partly helpful    4  good    5  as good as it can be

""",
}
_ALWAYS = """\
Judge each row by itself; leave the cell empty where you cannot judge. "comment" is for whatever you
want to say. Change nothing else. The order is random, and you are not told who or what has written
an answer. Please do not talk to other raters about rows before all have finished.

Save the sheet as CSV (UTF-8) and send it back.
"""


def write_folder(run: Path, tasks: Sequence[Task], *, seed: int) -> Path:
    """Write what raters get, and the key.

    Args:
        run: The run folder.
        tasks: All of one kind.
        seed: Of each rater's order.

    Returns:
        The folder that raters' files are in.

    Raises:
        TunesmithError: Files of an earlier time are there: answers may be in them.
    """
    folder = run / FOLDER
    if (folder / KEY).exists():
        raise TunesmithError(
            "there are tasks for raters already, maybe with answers in them",
            where=str(folder),
            todo="read them with: tunesmith human read RUN, then move the folder away",
        )
    kind = tasks[0].kind
    raters = sorted({rater for task in tasks for rater in task.raters}, key=_number)
    for rater in raters:
        records = [task.record(rater) for task in in_order_for(rater, tasks, seed=seed)]
        write_sheet(folder / RATERS / f"{rater}.csv", COLUMNS[kind], records)
        write_jsonl(folder / RATERS / f"{rater}.jsonl", records)
    write_text(folder / RATERS / "how-to.txt", _HOW_TO[kind] + _ALWAYS)
    write_json(folder / KEY, {"kind": kind, "tasks": [task.to_json() for task in tasks]})
    return folder / RATERS


def read_key(run: Path) -> list[Task]:
    """The tasks that were written.

    Raises:
        TunesmithError: There are none.
    """
    file = run / FOLDER / KEY
    if not file.exists():
        raise TunesmithError(
            "there are no tasks for raters in this run",
            where=str(run),
            todo="write them with: tunesmith human write RUN",
        )
    key: dict[str, Any] = read_json(file)
    return [Task.from_json(row) for row in key["tasks"]]


def _number(rater: str) -> int:
    return int(rater.rpartition("-")[2])
