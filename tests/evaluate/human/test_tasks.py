from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.human.tasks import Task, in_order_for, make_tasks


def predictions(rows: int, *names: str) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [
            {"id": f"r{i}", "group": None, "question": f"q{i}", "prediction": f"{name} says {i}"}
            for i in range(rows)
        ]
        for name in names
    }


def made(there: int = 20, **more: Any) -> list[Task]:
    given = {"kind": "pairwise", "rows": 50, "raters": 2, "overlap": 0.3, "seed": 1} | more
    return make_tasks(predictions(there, "a", "b", "c"), [("a", "b"), ("c", "b")], **given)


def test_sides_are_balanced_and_texts_stand_where_their_methods_do() -> None:
    tasks = made(20)
    assert len(tasks) == 40
    for task in tasks:
        assert [text.split()[0] for text in task.texts] == list(task.methods)
    left = Counter(task.methods[0] for task in tasks)
    assert left["b"] == 20


def test_what_a_rater_gets_names_no_method() -> None:
    tasks = made(30)
    record = tasks[0].record("rater-1")
    assert list(record) == [
        "task", "id", "kind", "question", "left", "right", "winner", "comment", "rater",
    ]  # fmt: skip
    assert record["winner"] is None
    told = " ".join(str(record[name]) for name in ("task", "id", "kind", "question", "rater"))
    assert not {"a", "b", "c"} & set(told.split())
    rated = made(3, kind="rating")
    assert {task.methods for task in rated} == {("a",), ("b",), ("c",)}
    assert list(rated[0].record("rater-1")) == [
        "task", "id", "kind", "question", "answer", "rating", "comment", "rater",
    ]  # fmt: skip


def test_the_seed_decides_and_the_order_is_each_raters_own() -> None:
    assert made() == made()
    assert made() != made(seed=2)
    tasks = made(40, overlap=1.0)
    one, two = (in_order_for(f"rater-{n}", tasks, seed=1) for n in (1, 2))
    assert {t.task for t in one} == {t.task for t in two}
    assert [t.task for t in one] != [t.task for t in two]
    assert one == in_order_for("rater-1", tasks, seed=1)
    # A question's tasks are read together.
    ids = [task.id for task in one]
    assert all(ids[i] == ids[i + 1] for i in range(0, len(ids), 2))


@given(
    rows=st.integers(1, 60),
    raters=st.integers(1, 5),
    overlap=st.floats(0, 1),
    most=st.integers(1, 60),
)
def test_everybody_gets_a_share_and_the_overlap(
    rows: int, raters: int, overlap: float, most: int
) -> None:
    tasks = made(rows, raters=raters, overlap=overlap, rows=most)
    questions = {task.id: task.raters for task in tasks}
    assert len(questions) == min(rows, most)
    assert len({task.task for task in tasks}) == len(tasks) == 2 * len(questions)
    shared = sum(len(of) == raters for of in questions.values())
    if raters > 1:
        assert shared == round(overlap * len(questions))
    load = Counter(rater for of in questions.values() for rater in of)
    assert max(load.values()) - min(load[f"rater-{n}"] for n in range(1, raters + 1)) <= 1
    for task in tasks:
        assert questions[task.id] == task.raters


def test_only_rows_that_all_have_answered_are_shown() -> None:
    given = predictions(4, "a", "b")
    given["a"][0]["prediction"] = None
    del given["b"][1]
    options: dict[str, Any] = {
        "kind": "pairwise", "rows": 9, "raters": 1, "overlap": 0.0, "seed": 1,
    }  # fmt: skip
    tasks = make_tasks(given, [("a", "b")], **options)
    assert {task.id for task in tasks} == {"r2", "r3"}
    given["b"].clear()
    with pytest.raises(TunesmithError, match="no question was answered by all of a, b"):
        make_tasks(given, [("a", "b")], **options)


def test_the_key_holds_a_task_whole() -> None:
    (task, *_) = made()
    assert Task.from_json(task.to_json()) == task
