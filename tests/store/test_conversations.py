"""Conversations of several turns, written beside the other exports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith import record
from tunesmith.step import Outcome
from tunesmith.store import conversations
from tunesmith.store.cache import Stage
from tunesmith.store.kept import Kept

pytestmark = pytest.mark.filterwarnings("error")


def kept(folder: Path, rows: list[dict[str, object]], parts: int = 2) -> Kept:
    folder.mkdir(exist_ok=True, parents=True)
    stage = Stage(folder)
    frame = record.frame([{"kind": "qa", "id": f"r{n}", **row} for n, row in enumerate(rows)])
    size = max(1, -(-frame.height // parts))
    slices = list(frame.iter_slices(size))
    for number, part in enumerate(slices):
        stage.write(number, Outcome(part, pl.DataFrame(), []))
    stage.finish(len(slices))
    splits = pl.Series([str(row.get("split", "train")) for row in rows], dtype=pl.String)
    whole = Kept(stage, [np.ones(part.height, dtype=bool) for part in slices])
    return whole.dealt(splits)


def written(folder: Path) -> dict[str, list[dict[str, object]]]:
    return {
        path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for path in (folder / "conversations").glob("*.jsonl")
    }


def row(thread: str | None, turn: int, **more: object) -> dict[str, object]:
    return {"thread": thread, "question": f"q{turn}", "answer": f"a{turn}", **more}


def test_turns_follow_their_times_and_single_pairs_are_left_out(tmp_path) -> None:
    from datetime import UTC, datetime

    times = [datetime(2025, 3, day, tzinfo=UTC) for day in (3, 1, 2)]
    rows = [row("t", turn, timestamp=moment) for turn, moment in enumerate(times)]
    rows[1]["weight"] = 0.5
    rows.insert(1, row("alone", 7))
    rows.append(row(None, 8))
    names = conversations.export_conversations(tmp_path, kept(tmp_path / "s", rows))
    assert names == ["train.jsonl"]
    [talk] = written(tmp_path)["train"]
    assert talk["messages"] == [
        {"role": role, "content": f"{letter}{turn}"}
        for turn in (1, 2, 0)
        for role, letter in (("user", "q"), ("assistant", "a"))
    ]
    assert talk["metadata"]["weights"] == [0.5, 1.0, 1.0]
    assert talk["id"] == talk["metadata"]["rows"][0] == "r2"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["train", "test"])), max_size=25))
def test_every_pair_of_a_thread_is_in_one_conversation(tmp_path_factory, drawn) -> None:
    folder = tmp_path_factory.mktemp("talks")
    rows = [row(thread, turn, split=split) for turn, (thread, split) in enumerate(drawn)]
    if rows:
        conversations.export_conversations(folder, kept(folder / "s", rows))
    found = {
        (split, tuple(talk["metadata"]["rows"]))
        for split, talks in written(folder).items()
        for talk in talks
    }
    expected = {}
    for number, key in enumerate(drawn):
        expected.setdefault(key, []).append(f"r{number}")
    assert found == {(key[1], tuple(ids)) for key, ids in expected.items() if len(ids) > 1}


def test_a_file_of_a_split_that_has_none_any_more_goes(tmp_path) -> None:
    rows = [row("t", turn, split="test") for turn in range(2)]
    conversations.export_conversations(tmp_path, kept(tmp_path / "a", rows))
    assert set(written(tmp_path)) == {"test"}
    rows = [row("t", turn, split="train") for turn in range(2)]
    conversations.export_conversations(tmp_path, kept(tmp_path / "b", rows))
    assert set(written(tmp_path)) == {"train"}


def test_texts_are_read_group_by_group(tmp_path, monkeypatch) -> None:
    rows = [row(f"t{turn % 9}", turn) for turn in range(45)]
    conversations.export_conversations(tmp_path / "one", kept(tmp_path / "s", rows))
    monkeypatch.setattr(conversations, "_ROWS", 10)
    conversations.export_conversations(tmp_path / "two", kept(tmp_path / "s", rows))
    one, two = (written(tmp_path / name)["train"] for name in ("one", "two"))
    assert sorted(map(str, one)) == sorted(map(str, two))
