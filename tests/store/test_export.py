"""The exports' lines are those that the row-wise reference writes."""

from __future__ import annotations

import errno
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith import record
from tunesmith.io import read_jsonl
from tunesmith.store.export import ExportPart, alpaca, chat, export, standard

WORDS = st.text(max_size=12)
MAYBE = st.none() | WORDS
TIMES = st.none() | st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - the strategy takes them so
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "question": WORDS,
            "answer": WORDS,
            "category": MAYBE,
            "labels": st.none() | st.lists(WORDS, max_size=2),
            "timestamp": TIMES,
            "collected_at": TIMES,
            "line": st.none() | st.integers(-(2**53), 2**53),
            "quality_score": st.none() | st.floats(allow_infinity=False),
            "language_confidence": st.none() | st.floats(0, 1),
            "customer": MAYBE,
            "extra": st.none()
            | st.dictionaries(WORDS, MAYBE, max_size=3).map(
                lambda found: [{"key": key, "value": value} for key, value in found.items()]
            ),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_the_standard_shape_of_pairs(rows) -> None:
    frame = pairs(*rows)
    expected = [orjson.dumps(record.to_standard(row)) for row in frame.iter_rows(named=True)]
    assert [line.encode() for line in standard(frame)] == expected


@settings(max_examples=50, deadline=None)
@given(ROWS)
def test_the_standard_shape_of_pages(rows) -> None:
    pages = [row | {"kind": "document", "text": row["answer"]} for row in rows]
    frame = pairs(*pages)
    expected = [orjson.dumps(record.to_standard(row)) for row in frame.iter_rows(named=True)]
    assert [line.encode() for line in standard(frame)] == expected


@given(WORDS, WORDS)
def test_messages_and_instructions(question, answer) -> None:
    frame = pairs({"question": question, "answer": answer})
    messages = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer},
    ]
    assert chat(frame)[0].encode() == orjson.dumps({"messages": messages})
    expected = {"instruction": question, "input": "", "output": answer}
    assert alpaca(frame)[0].encode() == orjson.dumps(expected)


def part(key: str, frame: pl.DataFrame, read: list[str]) -> ExportPart:
    def given() -> pl.DataFrame:
        read.append(key)
        return frame

    return ExportPart(key, given)


def pages_and_pairs(read: list[str]) -> list[ExportPart]:
    first = pairs({"answer": "one"}, {"answer": "two"}).with_columns(
        split=pl.Series(["train", "test"])
    )
    page = pairs({"kind": "document", "text": "page"}).with_columns(split=pl.lit("knowledge"))
    last = pairs({"answer": "three"}).with_columns(split=pl.lit("train"))
    return [part("first", first, read), part("page", page, read), part("last", last, read)]


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.jsonl")}


def test_parts_follow_each_other_and_old_files_go(tmp_path) -> None:
    parts = pages_and_pairs([])
    index = tmp_path / "lines.json"
    export(tmp_path / "e", parts, ("train", "test"), index=index)
    assert sorted(written(tmp_path / "e")) == [
        "alpaca/test.jsonl", "alpaca/train.jsonl", "chat/test.jsonl", "chat/train.jsonl",
        "standard/knowledge.jsonl", "standard/test.jsonl", "standard/train.jsonl",
    ]  # fmt: skip
    train = read_jsonl(tmp_path / "e" / "alpaca" / "train.jsonl")
    assert [row["output"] for row in train] == ["one", "three"]
    export(tmp_path / "e", parts[2:], ("train", "test"), index=index)
    assert len(written(tmp_path / "e")) == 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=5, unique=True), min_size=1, max_size=4))
def test_lines_that_are_there_are_copied(histories) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, chosen in enumerate(histories):
            parts = pages_and_pairs([]) + [
                ExportPart(f"{key}x", given.frame)
                for key, given in zip("abc", pages_and_pairs([]), strict=True)
            ]
            some = [parts[place] for place in chosen]
            export(folder / "e", some, ("train", "test"), index=folder / "lines.json")
            whole = folder / f"fresh-{number}"
            export(whole, some, ("train", "test"), index=folder / f"{number}.json")
            assert written(folder / "e") == written(whole)


def test_only_parts_that_are_new_are_read(tmp_path) -> None:
    read: list[str] = []
    parts = pages_and_pairs(read)
    for some in (parts[:2], parts):
        export(tmp_path / "e", some, ("train", "test"), index=tmp_path / "lines.json")
    assert read == ["first", "page", "last"]


def test_a_file_that_somebody_changed_is_written_anew(tmp_path) -> None:
    read: list[str] = []
    parts = pages_and_pairs(read)
    export(tmp_path / "e", parts, ("train", "test"), index=tmp_path / "lines.json")
    before = written(tmp_path / "e")
    path = tmp_path / "e" / "chat" / "test.jsonl"
    path.write_bytes(path.read_bytes().replace(b"two", b"2wo"))
    export(tmp_path / "e", parts, ("train", "test"), index=tmp_path / "lines.json")
    assert written(tmp_path / "e") == before
    assert read == ["first", "page", "last", "first"]


def test_nothing_is_written_where_nothing_is_new(tmp_path) -> None:
    parts = pages_and_pairs([])
    for _ in range(2):
        export(tmp_path / "e", parts, ("train", "test"), index=tmp_path / "lines.json")
        inodes = {path: path.stat().st_ino for path in (tmp_path / "e").rglob("*.jsonl")}
    export(tmp_path / "e", parts, ("train", "test"), index=tmp_path / "lines.json")
    assert {path: path.stat().st_ino for path in inodes} == inodes
    (tmp_path / "e" / "chat" / "old.jsonl").write_text("{}\n")
    export(tmp_path / "e", parts, ("train", "test"), index=tmp_path / "lines.json")
    assert not (tmp_path / "e" / "chat" / "old.jsonl").exists()


def test_a_split_that_comes_or_goes_with_what_is_appended(tmp_path) -> None:
    parts = pages_and_pairs([])
    index = tmp_path / "lines.json"
    for some in (parts[:1], [parts[0], parts[2], parts[1]], [parts[0], parts[2]], parts[:2]):
        export(tmp_path / "e", some, ("train", "test"), index=index)
        export(tmp_path / "f", some, ("train", "test"), index=tmp_path / "fresh.json")
        (tmp_path / "fresh.json").unlink()
        assert written(tmp_path / "e") == written(tmp_path / "f")


@pytest.mark.parametrize("able", [True, False])
def test_lines_are_copied_by_the_system_or_piece_by_piece(tmp_path, monkeypatch, able) -> None:
    parts = pages_and_pairs([])
    export(tmp_path / "e", parts, ("train", "test"), index=tmp_path / "lines.json")

    def copied(source: int, target: int, size: int, place: int) -> int:
        if not able:
            raise OSError(errno.EXDEV, "another file system")
        return os.write(target, os.pread(source, min(size, 3), place))  # a few bytes at a time

    monkeypatch.setattr(os, "copy_file_range", copied)
    monkeypatch.setattr("tunesmith.store.exported._COPIED", 5)
    export(tmp_path / "e", parts[::-1], ("train", "test"), index=tmp_path / "lines.json")
    export(tmp_path / "f", parts[::-1], ("train", "test"), index=tmp_path / "fresh.json")
    assert written(tmp_path / "e") == written(tmp_path / "f")
