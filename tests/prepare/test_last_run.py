"""A second run says what is new, changed and deleted, and every row says which run read it."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from factory import recipe, tickets, write_csv
from tunesmith.collect import tickets as ticket_source
from tunesmith.prepare import prepare
from tunesmith.prepare.last_run import Changes, compared
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load
from tunesmith.report.collecting import changes
from tunesmith.trace import Story


def _prepared(folder, rows, name="t.csv"):
    for old in folder.glob("*.csv"):
        old.unlink()
    write_csv(folder / name, rows)
    return prepare(load(recipe(folder, {"path": "*.csv"})), folder / "out", SilentProgress())


def test_append_edit_and_delete_are_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(ticket_source, "GROWS_FROM_BYTES", 0)
    first = _prepared(tmp_path, tickets(40))
    assert first.sources[0]["since_last_run"] is None
    assert changes(first.sources) == []
    assert changes(_prepared(tmp_path, tickets(40)).sources) == [
        "tickets: nothing new since the last run"
    ]
    grown = _prepared(tmp_path, tickets(52))
    assert changes(grown.sources) == ["tickets: 12 new since the last run"]
    rows = tickets(52)
    for place in (3, 20, 45):
        rows[place]["answer"] = rows[place]["answer"].replace("Sorry", "So sorry")
    del rows[10]
    edited = _prepared(tmp_path, rows)
    assert changes(edited.sources) == ["tickets: 3 changed, 1 deleted since the last run"]
    renamed = _prepared(tmp_path, rows, name="other.csv")
    assert changes(renamed.sources) == ["tickets: 51 moved since the last run"]


def test_every_row_says_which_run_read_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(ticket_source, "GROWS_FROM_BYTES", 0)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760000000")
    first = _prepared(tmp_path, [*tickets(30), tickets(1)[0] | {"number": "T-again"}]).ledger
    (name,) = first["collection"].unique()
    assert name.startswith("20251009T085320Z-")
    assert first.filter(pl.col("fate") != "kept").height > 0
    for column in ("source", "file", "line", "collected_at", "collection", "content_hash"):
        assert first[column].null_count() == 0, column
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760086400")
    second = _prepared(
        tmp_path, [*tickets(30), tickets(1)[0] | {"number": "T-again"}, *tickets(35)[30:]]
    ).ledger
    runs = dict(second.group_by("collection").len().iter_rows())
    assert runs[name] == 31
    assert sorted(runs.values()) == [5, 31]


def test_the_story_names_the_run() -> None:
    row = {
        "id": "a", "source_id": None, "source": "s", "file": "f", "line": 2, "position": None,
        "collected_at": None, "timestamp": None, "license": None, "changes": [], "fate": "kept",
        "split": "train", "collection": "20260101T000000Z-abcdef",
    }  # fmt: skip
    told = Story(row, [], [], [], [], {"version": 1}).sentences()
    assert "read by    collection 20260101T000000Z-abcdef" in told


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("12"), st.sampled_from("xyz")),
    unique_by=lambda row: row[0],
    max_size=6,
)


@given(ROWS, ROWS)
def test_changes_add_up(before, now) -> None:
    """Every row of both runs is counted once: as it was, changed, moved, new or deleted."""
    names = ("id", "key", "digest")
    schema = dict.fromkeys(names, pl.String)
    found = compared(
        pl.DataFrame(before, schema, orient="row"), pl.DataFrame(now, schema, orient="row")
    )
    same = sum((row[0], row[2]) in {(one[0], one[2]) for one in before} for row in now)
    assert found.deleted + found.changed + found.moved + same == len(before)
    assert found.new + found.changed + found.moved + same == len(now)
    assert (
        compared(pl.DataFrame(now, schema, orient="row"), pl.DataFrame(now, schema, orient="row"))
        == Changes()
    )
