"""A file that grew, read in parts, gives what one reading gives: rows, identifiers and fates."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.collect import TicketSource, growth, tickets
from tunesmith.collect.task import CollectPiece
from tunesmith.store.cache import Stage
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)
COLUMNS = {"question": "q", "answer": "a", "id": "id"}
SOURCE = TicketSource(name="s", path="t", columns=COLUMNS)


@pytest.fixture(autouse=True)
def _every_file_may_grow(monkeypatch) -> None:
    monkeypatch.setattr(tickets, "GROWS_FROM_BYTES", 0)


def collect(base: Path, source: TicketSource, name: str) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Rows and fates of a source, as a run collects them; how many of its pieces were read."""
    folder = base / name
    folder.mkdir(exist_ok=True)
    chain: list[Path] = []
    frames, fates, read = [], [], 0
    for piece in source.pieces(base, folder, Seen(folder / "seen.json")):
        stage = Stage(folder / piece.digest)
        chain = chain if piece.follows else []
        if not stage.done:
            stage.folder.mkdir(exist_ok=True)
            CollectPiece(
                source=source, stretches=piece.stretches, collected_at=NOW, folder=stage.folder,
                before=tuple(chain),
            ).run()  # fmt: skip
            read += 1
        chain.append(stage.folder)
        frames += list(stage.frames())
        fates.append(stage.fates())
    return pl.concat(frames), pl.concat(fates), read


def same(one: tuple[pl.DataFrame, pl.DataFrame, int], other: tuple) -> None:
    assert one[0].equals(other[0])
    assert one[1].equals(other[1])
    ids = pl.concat([one[0]["id"], one[1]["id"]])
    assert ids.n_unique() == ids.len()


FIELDS = st.text(st.sampled_from('ab,"\r\n ;ß'), max_size=5)
CSV_ROWS = st.one_of(
    st.tuples(st.sampled_from(["1", "2", ""]), FIELDS, FIELDS).map(
        lambda row: ",".join('"' + field.replace('"', '""') + '"' for field in row) + "\n"
    ),
    st.sampled_from(
        ["1,x,y\n", "\n", "\r\n", "x,y\r\n", "1,a\rb,c\n", '1,"open,y\n', '1,x,"y" z\n', "1,x,y",
         '2,5" pipe,y\n', '"', '1,"x\n', "quarantined line 3,x,y\n", "1,x,y,z\n", "ä,\0,y\n"]
    ),
)  # fmt: skip
JSON_ROWS = st.sampled_from(
    ['{"id": "1", "q": "x", "a": "y"}\n', '{"id": "2", "q": "x", "a": "y"}\n', "\n", "{\n",
     '{"q": "x", "a": "z"}\n', '{"id": "1", "q": "ß", "a": "y"}', "[1]\n", '{"q": "\\u0000"}\n',
     '{"id": "quarantined line 3", "q": "x", "a": "y"}\n']
)  # fmt: skip


def grown(name: str, head: bytes, body: bytes, cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as made:
        base = Path(made)
        source = SOURCE.model_copy(update={"path": name})
        steps = sorted({min(cut, len(body)) for cut in cuts} | {len(body)})
        for step in steps:
            (base / name).write_bytes(head + body[:step])
            found = collect(base, source, "grown")
        same(found, collect(base, source, "whole"))


@settings(max_examples=150)
@given(st.lists(CSV_ROWS, max_size=12), st.lists(st.integers(0, 120), max_size=4))
def test_any_steps_in_which_a_csv_file_grows_give_the_same_rows(rows, cuts) -> None:
    grown("t.csv", b"id,q,a\n1,x,y\n", "".join(rows).encode(), cuts)


@settings(max_examples=100)
@given(st.lists(JSON_ROWS, max_size=12), st.lists(st.integers(0, 200), max_size=4))
def test_any_steps_in_which_a_jsonl_file_grows_give_the_same_rows(rows, cuts) -> None:
    grown("t.jsonl", b'{"id": "1", "q": "x", "a": "y"}\n', "".join(rows).encode(), cuts)


def lines(count: int, start: int = 0) -> str:
    return "".join(f'{{"id": "{n % 7}", "q": "x {n}", "a": "y"}}\n' for n in range(start, count))


def test_only_what_was_added_is_read(tmp_path) -> None:
    path, source = tmp_path / "t.jsonl", SOURCE.model_copy(update={"path": "t.jsonl"})
    path.write_text(lines(20))
    assert collect(tmp_path, source, "grown")[2] == 1
    for count in (30, 40, 50):
        path.write_text(lines(count))
        found = collect(tmp_path, source, "grown")
        assert found[2] == 1
    pieces = source.pieces(tmp_path, tmp_path / "grown", Seen(tmp_path / "seen.json"))
    assert len(pieces) == 4
    for one, other in pairwise(pieces):
        assert one.stretches[0].end == other.stretches[0].start
    assert [piece.stretches[0].line for piece in pieces] == [1, 21, 31, 41]
    same(found, collect(tmp_path, source, "whole"))
    assert collect(tmp_path, source, "grown")[2] == 0


@pytest.mark.parametrize("place", [0, 3, 14, 25])
def test_what_was_edited_is_read_again_and_what_stands_before_is_not(tmp_path, place) -> None:
    path, source = tmp_path / "t.jsonl", SOURCE.model_copy(update={"path": "t.jsonl"})
    for count in (10, 20, 30):
        path.write_text(lines(count))
        collect(tmp_path, source, "grown")
    path.write_text(lines(30).replace(f'"x {place}"', '"edited"'))
    found = collect(tmp_path, source, "grown")
    same(found, collect(tmp_path, source, "whole"))
    assert "edited" in found[0]["question"].to_list()
    path.write_text(lines(12))  # and what was cut off is gone
    found = collect(tmp_path, source, "grown")
    same(found, collect(tmp_path, source, "whole"))
    assert found[0].height == 12


def test_a_row_that_was_torn_is_whole_later(tmp_path) -> None:
    path, source = tmp_path / "t.jsonl", SOURCE.model_copy(update={"path": "t.jsonl"})
    path.write_text(lines(10)[:-10])
    rows, fates, _ = collect(tmp_path, source, "grown")
    assert (rows.height, fates.height) == (9, 1)
    path.write_text(lines(10))
    rows, fates, read = collect(tmp_path, source, "grown")
    assert (rows.height, fates.height, read) == (10, 0, 1)


def test_after_many_steps_the_file_is_one_piece_again(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(growth, "MOST_CUTS", 3)
    path, source = tmp_path / "t.jsonl", SOURCE.model_copy(update={"path": "t.jsonl"})
    most = 0
    for count in range(2, 20):
        path.write_text(lines(count))
        found = collect(tmp_path, source, "grown")
        pieces = source.pieces(tmp_path, tmp_path / "grown", Seen(tmp_path / "seen.json"))
        most = max(most, len(pieces))
        same(found, collect(tmp_path, source, f"whole-{count}"))
    assert most == 3


def test_small_files_and_wide_ones_are_read_whole(tmp_path, monkeypatch) -> None:
    (tmp_path / "t.csv").write_bytes("id,q,a\n1,x,y\n".encode("utf-16"))
    source = SOURCE.model_copy(update={"path": "t.csv"})
    seen = Seen(tmp_path / "seen.json")
    assert source.pieces(tmp_path, tmp_path, seen)[0].stretches[0].end is None
    monkeypatch.setattr(tickets, "GROWS_FROM_BYTES", 1 << 20)
    (tmp_path / "t.csv").write_text("id,q,a\n1,x,y\n")
    assert source.pieces(tmp_path, tmp_path, seen)[0].digest == seen.sha256(tmp_path / "t.csv")


def test_a_row_called_like_a_bad_line_is_told_from_it(tmp_path) -> None:
    path, source = tmp_path / "t.jsonl", SOURCE.model_copy(update={"path": "t.jsonl"})
    path.write_text('{"id": "quarantined line 2", "q": "x", "a": "y"}\n')
    collect(tmp_path, source, "grown")
    with path.open("a") as file:
        file.write('{\n{"id": "quarantined line 2", "q": "x", "a": "z"}\n')
    found = collect(tmp_path, source, "grown")
    assert found[2] == 1
    same(found, collect(tmp_path, source, "whole"))
