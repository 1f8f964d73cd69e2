from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from tunesmith import ledger
from tunesmith.collect import TicketSource
from tunesmith.collect.base import Place
from tunesmith.errors import SourceError
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def source(path: Path, **settings: Any) -> TicketSource:
    columns = settings.pop("columns", {"question": "q", "answer": "a"})
    return TicketSource(name="tickets", path=str(path), columns=columns, **settings)


def collect(path: Path, **settings: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    chunks = list(source(path, **settings).read(Place.file(path, path.name, NOW)))
    return pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])


def reasons(fates: pl.DataFrame) -> list[tuple[int | None, str]]:
    return fates.select("line", "reason").rows()


def test_every_row_carries_its_provenance(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "no,q,a,when,who,conv,by,cat,tags,extra\n"
        '7,Where is it?,On its way to you.,2025-03-01 10:00,jane,c1,bob,delivery,"late, parcel",x\n'
    )
    columns = {
        "question": "q", "answer": "a", "timestamp": "when", "customer": "who", "thread": "conv",
        "author": "by", "category": "cat", "labels": "tags", "id": "no",
    }  # fmt: skip
    frame, _ = collect(path, columns=columns, license="CC0-1.0", timezone="Europe/Berlin")
    row = frame.row(0, named=True)
    assert (row["source"], row["file"], row["line"], row["license"]) == (
        "tickets",
        "t.csv",
        2,
        "CC0-1.0",
    )
    assert row["timestamp"] == datetime(2025, 3, 1, 9, tzinfo=UTC)
    assert row["collected_at"] == NOW
    assert (row["customer"], row["thread"], row["author"]) == ("jane", "c1", "bob")
    assert (row["category"], row["labels"], row["source_id"]) == (
        "delivery",
        ["late", "parcel"],
        "7",
    )
    assert row["extra"] == [{"key": "extra", "value": "x"}]
    assert len(row["content_hash"]) == 16
    assert len(row["id"]) == 20


def test_an_identifier_survives_rows_that_come_before_it(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,q,a\n1,one?,first\n2,two?,second\n")
    columns = {"question": "q", "answer": "a", "id": "id"}
    before, _ = collect(path, columns=columns)
    path.write_text("id,q,a\n0,zero?,new\n1,one?,first\n2,two?,second\n")
    after, _ = collect(path, columns=columns)
    assert after["id"].to_list()[1:] == before["id"].to_list()


def test_rows_with_one_number_have_identifiers_of_their_own(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,q,a\n1,one?,first\n1,one?,first\n")
    frame, _ = collect(path, columns={"question": "q", "answer": "a", "id": "id"})
    assert frame["id"].n_unique() == 2


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, mark) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"id{mark}q{mark}a\n1{mark}why?{mark}because\n")
    frame, _ = collect(path)
    assert frame["answer"].to_list() == ["because"]


def test_windows_1252_is_read_as_such(tmp_path) -> None:
    path = tmp_path / "t.csv"
    text = "q,a\n" + "Où est-il ?,“Déjà” parti – à bientôt\n" * 40
    path.write_bytes(text.encode("cp1252"))
    frame, fates = collect(path)
    assert frame["answer"][0] == "“Déjà” parti – à bientôt"
    assert not fates.height


def test_a_broken_line_in_a_utf8_file_is_read_as_windows_1252_and_says_so(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("q,a\ncafé?,naïve\nüber?,schön\n".encode() + "hôtel?,fermé\n".encode("cp1252"))
    frame, _ = collect(path)
    assert frame["question"].to_list() == ["café?", "über?", "hôtel?"]
    assert frame["changes"].to_list() == [[], [], ["decoded as windows-1252"]]


def test_a_line_that_no_encoding_explains_is_quarantined(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("q,a\ncafé?,naïve\nüber?,schön\n".encode() + b"\x81\x8d,what\nlast?,fine\n")
    frame, fates = collect(path)
    assert frame.height == 3
    assert reasons(fates) == [(4, "byte 1 of the line is not valid utf-8")]


def test_a_declared_encoding_is_not_guessed_around(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"q,a\nhello?,fine\n" + "hôtel?,fermé\n".encode("cp1252"))
    frame, fates = collect(path, encoding="utf-8")
    assert frame["question"].to_list() == ["hello?"]
    assert reasons(fates) == [(3, "byte 2 of the line is not valid utf-8")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_wide_and_marked_encodings(tmp_path, encoding) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(("question here,a\n" + "Grüße aus Köln?,Danke\n" * 20).encode(encoding))
    frame, fates = collect(path, columns={"question": "question here", "answer": "a"})
    assert frame["question"].unique().to_list() == ["Grüße aus Köln?"]
    assert not fates.height


def test_a_torn_last_line_is_quarantined(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("q,a,c\none?,first,x\ntwo?,sec")
    frame, fates = collect(path)
    assert frame.height == 1
    [(line, reason)] = reasons(fates)
    assert line == 3
    assert reason.startswith("the file ends in the middle of this row")


def test_an_open_quote_costs_one_line_not_the_rest_of_the_file(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('q,a\none?,first\ntwo?,"never closed\nthree?,third\nfour?,"a\nb"\n')
    frame, fates = collect(path)
    assert frame["question"].to_list() == ["one?", "three?", "four?"]
    assert frame["answer"].to_list()[-1] == "a\nb"
    assert [line for line, _ in reasons(fates)] == [3]


def test_an_open_quote_in_a_long_file(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('q,a\nbad?,"open\n' + "".join(f"q{n}?,answer\n" for n in range(3000)))
    frame, fates = collect(path)
    assert frame.height == 3000
    assert [line for line, _ in reasons(fates)] == [2]


def test_a_field_may_span_lines_and_keeps_the_line_it_began_on(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('q,a\n"one\ntwo?",first\nnext?,second\n')
    frame, _ = collect(path)
    assert frame.select("question", "line").rows() == [("one\ntwo?", 2), ("next?", 4)]


def test_a_nul_byte_is_quarantined(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"q,a\none?,fi\0rst\ntwo?,second\n")
    frame, fates = collect(path)
    assert frame["question"].to_list() == ["two?"]
    assert reasons(fates) == [(2, "NUL byte at byte 8 of the line")]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_line_of_50_mb_is_quarantined(tmp_path, suffix) -> None:
    path = tmp_path / f"t.{suffix}"
    huge = "x" * 50_000_000
    if suffix == "csv":
        path.write_text(f"q,a\none?,first\n{huge},y\nthree?,third\n")
    else:
        rows = [{"q": "one?", "a": "first"}, {"q": huge, "a": "y"}, {"q": "three?", "a": "third"}]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    frame, fates = collect(path)
    assert frame["question"].to_list() == ["one?", "three?"]
    [(line, reason)] = reasons(fates)
    assert line == (3 if suffix == "csv" else 2)
    assert "more than the limit of 8,388,608" in reason


def test_an_empty_file_is_quarantined_as_a_file(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.touch()
    frame, fates = collect(path)
    assert frame.height == 0
    assert reasons(fates) == [(None, "the file is empty")]


def test_a_missing_column_names_the_nearest(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("question,answer\nwhy?,because\n")
    with pytest.raises(SourceError, match=r"no column 'quesion' .did you mean 'question'"):
        collect(path, columns={"question": "quesion", "answer": "answer"})


def test_a_column_named_twice_is_refused(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("q,a,a\nwhy?,because,x\n")
    with pytest.raises(SourceError, match="names 'a' more than once"):
        collect(path)


def test_a_header_with_a_bare_carriage_return_is_refused(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"q,a\rwhy?,because\r")
    with pytest.raises(SourceError, match="the header cannot be read: new-line character"):
        collect(path)


def test_jsonl_reads_nested_fields_and_quarantines_the_rest(tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(
        b'{"ask": {"text": "why?"}, "a": "because", "n": 3, "deep": {"list": [1, 2]}}\n'
        b"\n"
        b'["not", "an", "object"]\n'
        b'{"ask": {"text": "torn'
    )
    frame, fates = collect(path, columns={"question": "ask.text", "answer": "a"})
    assert frame["question"].to_list() == ["why?"]
    assert frame["extra"].to_list() == [
        [{"key": "n", "value": "3"}, {"key": "deep.list", "value": "1, 2"}]
    ]
    assert [line for line, _ in reasons(fates)] == [3, 4]
    assert reasons(fates)[0][1] == "an array, not an object with named fields"
    assert reasons(fates)[1][1].startswith("the file ends in the middle of this row")


def test_one_json_document_is_refused_with_advice(tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('[\n{"q": "why?"}\n]\n')
    with pytest.raises(SourceError, match="one JSON document"):
        collect(path)


def test_parquet_reads_rows_and_times(tmp_path) -> None:
    path = tmp_path / "t.parquet"
    frame = pl.DataFrame(
        {"q": ["why?"], "a": ["because"], "at": [datetime(2025, 1, 1, tzinfo=UTC)]}
    )
    frame.write_parquet(path)
    read, _ = collect(path, columns={"question": "q", "answer": "a", "timestamp": "at"})
    assert read["timestamp"].to_list() == [datetime(2025, 1, 1, tzinfo=UTC)]
    assert read["line"].to_list() == [1]


def test_a_torn_parquet_file_is_refused(tmp_path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"q": ["why?"] * 50, "a": ["because"] * 50}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="not a whole Parquet file"):
        collect(path)


def test_a_time_that_cannot_be_read_is_noted(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("q,a,at\nwhy?,because,03/04/2025\n")
    columns = {"question": "q", "answer": "a", "timestamp": "at"}
    frame, _ = collect(path, columns=columns)
    assert frame["timestamp"].to_list() == [None]
    assert frame["changes"].to_list() == [["timestamp unreadable"]]
    frame, _ = collect(path, columns=columns, timestamp_format="%d/%m/%Y")
    assert frame["timestamp"].to_list() == [datetime(2025, 4, 3, tzinfo=UTC)]


def test_a_description_that_begins_with_the_subject_says_it_once(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("s,d,a\nLamp broken,Lamp broken since today,ok\nLamp,It flickers,ok\n")
    frame, _ = collect(path, columns={"question": ["s", "d"], "answer": "a"})
    assert frame["question"].to_list() == ["Lamp broken since today", "Lamp\nIt flickers"]


def test_quarantine_holds_no_text_of_the_row(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("q,a\njane@example.com,x,y\n")
    _, fates = collect(path)
    assert "jane" not in str(fates.to_dicts())
    assert set(fates.columns) == set(ledger.SCHEMA)


def test_all_problems_of_a_source_are_reported_at_once(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("q,a\nx,y\n")
    found = source(
        path, columns={"question": "Q", "answer": "b", "category": "c"}, drop_columns=["d"]
    ).problems(tmp_path)
    assert [field for field, _ in found] == [
        "columns.question", "columns.answer", "columns.category", "drop_columns",
    ]  # fmt: skip


@pytest.mark.parametrize("names", [["t.csv"], ["t.csv", "u.csv"]])
def test_a_source_without_a_row_is_a_problem(tmp_path, names) -> None:
    for name in names:
        (tmp_path / name).write_text("q,a\n")
    ((field, words),) = source(tmp_path).problems(tmp_path)
    assert field == "path"
    assert "no row" in words
    (tmp_path / "z.csv").write_text("q,a\nx,y\n")
    assert source(tmp_path).problems(tmp_path) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_wide_file_that_ends_within_a_letter_costs_its_last_line(tmp_path, encoding) -> None:
    path = tmp_path / "t.jsonl"
    whole = "".join(json.dumps({"q": f"{n}?", "a": "yes"}) + "\n" for n in range(9))
    path.write_bytes(whole.encode(encoding)[:-1])
    frame, fates = collect(path, encoding=encoding)
    assert frame.height == 8
    assert reasons(fates) == [(9, f"not valid {encoding}")]


def test_a_half_of_a_surrogate_pair_costs_its_line(tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    good = '{"q": "why?", "a": "so"}\n'.encode("utf-16-le")
    path.write_bytes(good + b"\x00\xd8\n\x00" + good)
    frame, fates = collect(path, encoding="utf-16-le")
    assert frame["line"].to_list() == [1, 3]
    assert reasons(fates) == [(2, "not valid utf-16-le")]


@pytest.mark.parametrize("deep", ["[" * 1000 + "]" * 1000, '{"b":' * 1000 + "1" + "}" * 1000])
def test_a_row_that_is_nested_without_end_costs_itself_alone(tmp_path, deep) -> None:
    path = tmp_path / "t.jsonl"
    good = '{"q": "why?", "a": "so"}\n'
    path.write_text(good + '{"q": "x", "a": "y", "z": ' + deep + "}\n" + good)
    frame, fates = collect(path)
    assert frame["line"].to_list() == [1, 3]
    assert reasons(fates) == [(2, "objects or lists nested more than 100 deep")]


@pytest.mark.parametrize(("depth", "rows"), [(99, 1), (100, 0)])
def test_how_deep_a_row_may_be_nested(tmp_path, depth, rows) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"q": "x", "a": "y", "z": ' + "[" * depth + "]" * depth + "}")
    frame, fates = collect(path)
    assert (frame.height, fates.height) == (rows, 1 - rows)


def test_a_file_that_was_sound_is_not_looked_at_again(tmp_path, monkeypatch) -> None:
    """Only while nobody has written it, and for the same settings."""
    looked: list[str] = []
    whole = TicketSource._missing

    def counted(self, path, *rest):
        looked.append(path.name)
        return whole(self, path, *rest)

    monkeypatch.setattr(TicketSource, "_missing", counted)
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 5 * 10**9)
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a.csv", "b.csv"):
        (raw / name).write_text("q,a\nx,y\n")

    def problems(**settings) -> list[tuple[str, str]]:
        seen = Seen(tmp_path / "seen.json")
        found = source(raw, **settings).problems(tmp_path, seen)
        seen.close()
        return found

    assert problems() == problems() == []
    assert looked == ["a.csv", "b.csv"]
    (raw / "b.csv").write_text("q,answer\nx,y\n")
    assert problems() == problems() != []  # what is wrong is said again
    assert looked[2:] == ["b.csv", "b.csv"]
    (raw / "b.csv").write_text("q,a\n")
    (raw / "a.csv").write_text("q,a\n")
    assert "no row" in problems()[0][1]
    assert problems() == problems()
    columns = {"question": "q", "answer": "b"}
    assert [field for field, _ in problems(columns=columns)] == ["columns.answer"] * 2


@pytest.mark.parametrize("rated", [False, True])  # by column, and row by row
def test_the_offset_of_a_time_and_who_answered_are_kept(tmp_path, rated) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "q,a,when,by,stars\n"
        "One?,Yes.,2025-07-01T10:00:00-03:00,agent,5\n"
        "Two?,Yes.,2025-07-01 10:00,,5\n"
        "Three?,Yes.,soon,,5\n"
    )
    columns = {"question": "q", "answer": "a", "timestamp": "when", "role": "by"}
    if not rated:
        columns.pop("role")
    frame, _ = collect(path, columns=columns, timezone="Europe/Berlin")
    assert frame["timestamp"].to_list() == [
        datetime(2025, 7, 1, 13, tzinfo=UTC), datetime(2025, 7, 1, 8, tzinfo=UTC), None,
    ]  # fmt: skip
    assert frame["zone"].to_list() == ["-03:00", "+02:00", None]
    assert frame["role"].to_list() == (["agent", None, None] if rated else [None] * 3)


@pytest.mark.parametrize("wrong", [{"timezone": "Mars/One"}, {"encoding": "utf-9"}])
def test_a_zone_and_an_encoding_must_exist(tmp_path, wrong) -> None:
    with pytest.raises(ValidationError, match="write one such as"):
        source(tmp_path / "t.csv", **wrong)
