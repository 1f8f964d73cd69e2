"""The rows that each format learns from, out of a dataset that was really prepared."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from factory import recipe, tickets, write_csv
from tunesmith.errors import QualityGateError, RecipeError, TunesmithError
from tunesmith.io import write_jsonl
from tunesmith.prepare import Prepared, prepare
from tunesmith.prepare.training import training_rows
from tunesmith.progress import SilentProgress
from tunesmith.recipe import LoadedRecipe, check, load
from tunesmith.tune.formats import (
    ChatFormat,
    CompletionFormat,
    InstructionFormat,
    PreferenceFormat,
    QaFormat,
)

PAGE = (
    "# Returning a {0}\n\nYou can send a {0} back within thirty days of buying it. Put it into the "
    "box that it came in, with the {0} wrapped in paper. Print the label that we send by mail, and "
    "bring the parcel to any post office near your home. When the {0} has arrived in our workshop, "
    "we look at it and pay the price back to the card that you have used. This takes about a week, "
    "and longer in December, for {0} and all.\n"
)


class Told(SilentProgress):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def prepared(
    folder: Path, rows: list[dict[str, Any]], *, pages: bool = False, **settings: Any
) -> tuple[Prepared, LoadedRecipe]:
    write_csv(folder / "t.csv", rows)
    columns = {
        "question": "question", "answer": "answer", "category": "category", "timestamp": "created",
        "id": "number",
    }  # fmt: skip
    columns |= {"thread": "thread"} if "thread" in rows[0] else {"customer": "customer"}
    path = recipe(folder, {"path": "t.csv", "columns": columns}, **settings)
    if pages:
        (folder / "kb").mkdir()
        for thing in ("lamp", "kettle", "rug", "mirror", "chair"):
            text = PAGE.format(thing) + (f"A {thing} is a thing of its own kind. " * len(thing))
            (folder / "kb" / f"{thing}.md").write_text(text)
        text = path.read_text().replace(
            "sources:", "sources:\n- {name: kb, kind: pages, path: kb}", 1
        )
        path.write_text(text)
    loaded = load(path)
    return prepare(loaded, folder / "out", SilentProgress()), loaded


def rows_for(data: Prepared, loaded: LoadedRecipe, format_: Any, told: Told | None = None) -> Any:
    return training_rows(data, format_, loaded=loaded, progress=told or Told())


def threaded(count: int, size: int) -> list[dict[str, Any]]:
    """Tickets of `size` turns a thread, in no order, with times that tell it."""
    rows = tickets(count)
    for number, row in enumerate(rows):
        row["thread"] = f"thread {number // size}"
        row["created"] = f"2025-03-01 {number % size + 10}:{number // size % 60:02d}"
    random.Random(5).shuffle(rows)
    return rows


def test_questions_and_instructions_are_the_splits(tmp_path: Path) -> None:
    data, loaded = prepared(tmp_path, tickets(60))
    for format_ in (QaFormat(), InstructionFormat()):
        rows = rows_for(data, loaded, format_)
        assert rows.train == data.examples("train")
        assert rows.validation == data.examples("validation")
    with pytest.raises(TunesmithError, match="no training row has: carpets"):
        rows_for(data, loaded, InstructionFormat(by_category={"carpets": "So:"}))


def test_the_rows_of_a_thread_are_one_conversation_in_the_order_of_their_times(
    tmp_path: Path,
) -> None:
    data, loaded = prepared(tmp_path, threaded(60, 3))
    rows = rows_for(data, loaded, ChatFormat())
    kept = data.frame.filter(data.frame["kind"] == "qa")
    for split, found in (("train", rows.train), ("validation", rows.validation)):
        mine = kept.filter(kept["split"] == split)
        wanted = {
            tuple(
                text
                for row in turns.sort("timestamp").select("question", "answer").iter_rows()
                for text in row
            )
            for _, turns in mine.group_by("thread")
        }
        assert {tuple(m["content"] for m in talk.messages) for talk in found} == wanted
        assert sum(len(talk.messages) for talk in found) == 2 * mine.height
    assert max(len(talk.messages) for talk in rows.train) == 6
    times = kept.select("id", "timestamp")
    assert not times["timestamp"].is_sorted()  # the order of the file is not that of the times


def test_without_all_times_the_order_is_the_files_and_rows_alone_stand_alone(
    tmp_path: Path,
) -> None:
    given = threaded(60, 3)
    given[7]["created"] = ""
    for row in given[30:33]:
        row["thread"] = ""
    data, loaded = prepared(tmp_path, given)
    rows = rows_for(data, loaded, ChatFormat())
    talks = [talk for part in (rows.train, rows.validation) for talk in part]
    order = {row["question"]: number for number, row in enumerate(given)}
    by_question = {row["question"]: row for row in given}
    checked = alone = 0
    for talk in talks:
        asked = [m["content"] for m in talk.messages if m["role"] == "user"]
        if given[7]["question"] in asked:
            places = [order[question] for question in asked]
            assert places == sorted(places)
            checked += 1
        alone += by_question[asked[0]]["thread"] == "" and len(asked) == 1
    in_test = {row.question for row in data.examples("test")}
    assert checked == (given[7]["question"] not in in_test)
    assert alone == sum(row["question"] not in in_test for row in given[30:33])


def test_a_thread_that_lost_a_turn_to_a_duplicate_is_told(tmp_path: Path) -> None:
    given = threaded(60, 3)
    copy = dict(next(row for row in given if row["thread"] == "thread 4"))
    copy["thread"], copy["number"] = "thread 9", "T-900"
    told = Told()
    data, loaded = prepared(tmp_path, [*given, copy])
    rows_for(data, loaded, ChatFormat(), told)
    assert told.said == [
        (
            "1 conversations lack a turn that was merged with a duplicate (the ledger names it); their "
            "other turns are learned in their order"
        )
    ]


def test_threads_in_two_splits_are_refused(tmp_path: Path) -> None:
    split = {"threads": False, "customers": False, "near_threshold": None}
    data, loaded = prepared(tmp_path, threaded(60, 3), split=split)
    with pytest.raises(TunesmithError, match="have rows in more than one split") as refused:
        rows_for(data, loaded, ChatFormat())
    assert "split.threads" in str(refused.value.todo)


def test_pages_are_learned_from_and_a_share_is_held_out(tmp_path: Path) -> None:
    data, loaded = prepared(tmp_path, tickets(60), pages=True)
    rows = rows_for(data, loaded, CompletionFormat(validation=0.2))
    texts = data.frame.filter(data.frame["kind"] == "document")["text"].to_list()
    assert sorted(page.text for page in [*rows.train, *rows.validation]) == sorted(texts)
    assert len(rows.validation) == round(0.2 * len(texts)) == 1


def test_a_dataset_without_pages_cannot_be_completed(tmp_path: Path) -> None:
    data, loaded = prepared(tmp_path, tickets(60))
    with pytest.raises(TunesmithError, match="there is no page to learn from"):
        rows_for(data, loaded, CompletionFormat())


def pair(question: str, **texts: str) -> dict[str, str]:
    answers = {"chosen": "We send you another one.", "rejected": "Buy another one, then."}
    return {"prompt": question, **answers, **texts}


def test_pairs_are_masked_and_none_asks_what_is_tested(tmp_path: Path) -> None:
    data, loaded = prepared(tmp_path, tickets(60))
    tested, watched = data.examples("test")[0], data.examples("validation")[0]
    given = [
        pair("My cup is broken. Please write to anna.keller@example.org about it!"),
        pair(tested.question),
        pair(tested.question.upper() + " Please!"),
        pair(watched.question),
        pair("May I send it back?", rejected="Ask anna@example.org", chosen="Ask bert@example.org"),
        *[pair(f"Is the cup number {n} for tea or for coffee?") for n in range(20)],
    ]
    write_jsonl(tmp_path / "pairs.jsonl", given)
    told = Told()
    format_ = PreferenceFormat(preferences="pairs.jsonl")
    rows = rows_for(data, loaded, format_, told)
    asked = {row.question for row in [*rows.train, *rows.validation]}
    assert len(rows.train) + len(rows.validation) == 22
    assert "anna" not in " ".join(asked)
    assert any(question.startswith("My cup is broken") for question in asked)
    assert tested.question not in asked
    assert watched.question in {row.question for row in rows.validation}
    assert told.said == [
        (
            "1 preference pairs are left out: their answers differed in nothing but what cleaning "
            "changes"
        ),
        (
            "2 preference pairs are left out: their questions are in the test split, or near one that "
            "is"
        ),
    ]


def test_personal_data_that_masking_leaves_in_pairs_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunesmith.prepare import training

    data, loaded = prepared(tmp_path, tickets(60))
    write_jsonl(tmp_path / "pairs.jsonl", [pair("Where is anna.keller@example.org?")])
    monkeypatch.setattr(training, "apply", lambda steps, frame: type("Done", (), {"frame": frame}))
    with pytest.raises(QualityGateError, match="left in the preference pairs") as refused:
        rows_for(data, loaded, PreferenceFormat(preferences="pairs.jsonl"))
    assert "anna" not in str(refused.value)


def test_the_recipe_names_what_is_missing(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", tickets(6))
    kinds = {
        "preference": "format: preference needs the file of its pairs",
        "telling": "there is no kind 'telling'",
    }
    for kind, complaint in kinds.items():
        path = recipe(tmp_path, {"path": "t.csv"}, methods={"m": {"kind": "lora", "format": kind}})
        with pytest.raises(RecipeError, match=complaint):
            load(path)
    given = {"kind": "preference", "preferences": "none.jsonl"}
    path = recipe(tmp_path, {"path": "t.csv"}, methods={"m": {"kind": "lora", "format": given}})
    with pytest.raises(RecipeError, match=r"there is no file none\.jsonl"):
        check(load(path))
    for after, complaint in (("m", "m after m"), ("x", "'m' starts after 'x', and there is no")):
        path = recipe(tmp_path, {"path": "t.csv"}, methods={"m": {"kind": "lora", "after": after}})
        with pytest.raises(RecipeError, match=complaint):
            load(path)
