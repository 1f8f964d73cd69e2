"""The exports' lines are those that the row-wise reference writes."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith import record
from tunesmith.io import read_jsonl
from tunesmith.store.export import alpaca, chat, export, standard

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


def test_parts_follow_each_other_and_old_files_go() -> None:
    first = pairs({"answer": "one"}, {"answer": "two"}).with_columns(
        split=pl.Series(["train", "test"])
    )
    page = pairs({"kind": "document", "text": "page"}).with_columns(split=pl.lit("knowledge"))
    last = pairs({"answer": "three"}).with_columns(split=pl.lit("train"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export(folder, [first, page, last], ("train", "test"))
        made = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jsonl"))
        assert made == [
            "alpaca/test.jsonl", "alpaca/train.jsonl", "chat/test.jsonl", "chat/train.jsonl",
            "standard/knowledge.jsonl", "standard/test.jsonl", "standard/train.jsonl",
        ]  # fmt: skip
        train = read_jsonl(folder / "alpaca" / "train.jsonl")
        assert [row["output"] for row in train] == ["one", "three"]
        export(folder, [last], ("train", "test"))
        assert len(list(folder.rglob("*.jsonl"))) == 3
