"""People of threads that cross parts: the same as if one table held all threads."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from clean.test_task import shared_threads
from factory import pairs
from tunesmith.clean.people import KnownPeople
from tunesmith.clean.pii.known import KNOWN, attach, of_threads

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["a", "b"]),
            "thread": st.sampled_from([None, "t", "u", "v"]),
            "author": st.sampled_from([None, "Zuri Abebe", "Ada Ek"]),
            "customer": st.sampled_from([None, "Kim Lee"]),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_parts_know_what_one_table_of_all_threads_says(rows) -> None:
    frames = [pairs(*part) for part in rows]
    every = of_threads(frames, {})
    with tempfile.TemporaryDirectory() as folder:
        shared = shared_threads(Path(folder), *frames)
        people = KnownPeople.written(Path(folder) / "people.parquet", shared.people(), {})
        for frame in frames:
            expected = attach(frame, every, {})
            assert people.attached(frame).equals(expected)
        people.forget()


def row(thread: str, author: str | None) -> pl.DataFrame:
    return pairs({"thread": thread, "author": author})


def test_a_part_is_another_only_where_its_threads_go_on(tmp_path) -> None:
    first, second, third = row("t", "Ada Ek"), row("u", "Kim Lee"), row("t", "Zuri Abebe")
    before = shared_threads(tmp_path / "before", first, second)
    after = shared_threads(tmp_path / "after", first, second, third)
    assert before.people().height == 0
    assert after.people().rows() == [("s", "t", ["Ada Ek", "Zuri Abebe"])]
    assert before.fingerprint(0) != after.fingerprint(0) == after.fingerprint(2)
    assert before.fingerprint(1) == after.fingerprint(1)
    silent = shared_threads(tmp_path / "silent", row("t", None), row("t", None))
    assert silent.people().height == 0
    assert KNOWN in silent.people().columns
