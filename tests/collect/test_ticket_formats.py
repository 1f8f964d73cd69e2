"""Tickets in spreadsheets and JSON documents, and columns that the rules look at."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tunesmith.collect import TicketSource
from tunesmith.collect.base import Place
from tunesmith.errors import SourceError

NOW = datetime(2026, 1, 2, tzinfo=UTC)
COLUMNS = {"question": "q", "answer": "a", "id": "no", "timestamp": "at"}


def source(path: Path, **settings: Any) -> TicketSource:
    return TicketSource(
        name="tickets", path=str(path), columns=settings.pop("columns", COLUMNS), **settings
    )


def collect(path: Path, **settings: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    chunks = list(source(path, **settings).read(Place.file(path, path.name, NOW)))
    return pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])


def write_xlsx(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, datetime | date):
                    sheet.write_datetime(line, column, value, day)
                elif isinstance(value, tuple):
                    sheet.write_formula(line, column, value[0], None, value[1])
                elif value is not None:
                    sheet.write(line, column, value)
    book.close()


def test_a_spreadsheet(tmp_path) -> None:
    path = tmp_path / "t.xlsx"
    write_xlsx(
        path,
        {
            "First": [
                [None, None],
                ["no", "q", "a", "at", "extra"],
                [7, "Where is it?", "On its way.", datetime(2025, 3, 1, 10, 30), 1.5],  # noqa: DTZ001
                [],
                [8, "How much?", ("=1+1", "two"), None, True],
            ],
            "Second": [["no", "q", "a", "at"], [9, "Which?", "This.", None]],
        },
    )
    frame, fates = collect(path)
    assert fates.height == 0
    assert frame.select("source_id", "question", "answer", "line").rows() == [
        ("7", "Where is it?", "On its way.", 3),
        ("8", "How much?", "two", 5),  # the value that the formula had
    ]
    assert frame["timestamp"][0] == datetime(2025, 3, 1, 10, 30, tzinfo=UTC)
    assert [one["value"] for row in frame["extra"] for one in row] == ["1.5", "true"]
    second, _ = collect(path, sheet="Second")
    assert second["source_id"].to_list() == ["9"]
    _, fates = collect(path, sheet="Third")
    assert fates["reason"].to_list() == ["there is no sheet of that name"]


def test_a_row_of_a_spreadsheet_keeps_its_identifier_when_others_come_before(tmp_path) -> None:
    path = tmp_path / "t.xlsx"
    rows = [["no", "q", "a", "at"], [1, "one?", "first", None]]
    write_xlsx(path, {"S": rows})
    before, _ = collect(path)
    write_xlsx(path, {"S": [rows[0], [0, "zero?", "new", None], rows[1]]})
    after, _ = collect(path)
    assert after["id"].to_list()[1:] == before["id"].to_list()


@pytest.mark.parametrize("end", [0.2, 0.7])
def test_a_torn_spreadsheet_is_quarantined(tmp_path, end) -> None:
    path = tmp_path / "t.xlsx"
    write_xlsx(path, {"S": [["no", "q", "a", "at"], [1, "one?", "first", None]]})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * end)])
    frame, fates = collect(path)
    assert frame.height == 0
    assert fates["reason"].to_list() == ["this is not a whole spreadsheet"]


@pytest.mark.parametrize("name", ["t.xlsx", "t.xls", "t.ods"])
def test_what_only_is_called_a_spreadsheet_is_quarantined(tmp_path, name) -> None:
    (tmp_path / name).write_bytes(b"no,q,a\n1,one?,first\n")
    _, fates = collect(tmp_path / name)
    assert fates["fate"].to_list() == ["quarantined"]
    assert "first" not in fates["reason"][0]


def test_a_bomb_in_a_spreadsheet_is_quarantined(tmp_path) -> None:
    path = tmp_path / "t.xlsx"
    # One text that 60,000 cells share.
    write_xlsx(path, {"S": [["no", "q", "a", "at"], *([[1, "x" * 32_000, "x", None]] * 60_000)]})
    assert path.stat().st_size < 4 << 20  # of 1.9 GB
    frame, fates = collect(path)
    assert frame.height == 0
    assert fates["fate"].to_list() == ["quarantined"]


def test_a_column_that_is_twice_in_a_spreadsheet_is_said(tmp_path) -> None:
    path = tmp_path / "t.xlsx"
    write_xlsx(path, {"S": [["no", "q", "a", "q"], [1, "one?", "first", "x"]]})
    _, fates = collect(path)
    assert fates["reason"].to_list() == ["the header names a column more than once"]


def test_a_missing_column_of_a_spreadsheet_is_a_problem(tmp_path) -> None:
    path = tmp_path / "t.xlsx"
    write_xlsx(path, {"S": [["no", "question", "a", "at"], [1, "one?", "first", None]]})
    problems = source(path, columns={"question": "qestion", "answer": "a"}).problems(tmp_path)
    assert problems == [
        ("columns.question", "there is no column 'qestion' (did you mean 'question'?) in t.xlsx")
    ]
    with pytest.raises(SourceError, match="qestion"):
        collect(path, columns={"question": "qestion", "answer": "a"})


def test_a_json_array(tmp_path) -> None:
    path = tmp_path / "t.json"
    items = [
        {"no": 1, "q": "one?", "a": "first", "more": {"x": 1}},
        7,
        {"q": "two?", "a": "second"},
    ]
    path.write_text(json.dumps(items, indent=1))
    frame, fates = collect(path)
    assert frame.select("question", "line").rows() == [("one?", 1), ("two?", 3)]
    assert frame["extra"][0].to_list() == [{"key": "more.x", "value": "1"}]
    assert fates.select("line", "reason").rows() == [
        (2, "a number, not an object with named fields")
    ]


def test_one_object_a_line_may_be_called_json(tmp_path) -> None:
    path = tmp_path / "t.json"
    path.write_text('{"q": "one?", "a": "first"}\n{"q": "two?", "a": "second"}\n')
    frame, _ = collect(path, columns={"question": "q", "answer": "a"})
    assert frame["line"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[{"q": "one?"', "not valid JSON at line 1"),
        ("[" * 2_000, "not valid JSON at line 1"),
        ('[{"q": "' + "x" * 200_000 + '"}]', "more than max_document_mib"),
    ],
)
def test_a_json_document_that_cannot_be_read_is_quarantined(tmp_path, text, reason) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    frame, fates = collect(path, max_document_mib=0.1)
    assert frame.height == 0
    assert len(fates) == 1
    assert reason in fates["reason"][0]


@pytest.mark.parametrize("cell", ["=1+1", "+49 30 1234", "-5", "@home", '=HYPERLINK("x";"y")'])
def test_a_formula_in_a_csv_is_text(tmp_path, cell) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'q,a\none?,"{cell.replace(chr(34), chr(34) * 2)}"\n')
    frame, _ = collect(path, columns={"question": "q", "answer": "a"})
    assert frame["answer"].to_list() == [cell]


RULED = {
    "question": "q", "answer": "a", "status": "s", "rating": "r", "reopened": "o", "internal": "i",
    "role": "by", "license": "l",
}  # fmt: skip


def ruled(tmp_path: Path, rows: list[str], **settings: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["q,a,s,r,o,i,by,l", *rows]) + "\n")
    return collect(path, columns=RULED, **settings)


def test_rules_look_at_what_columns_say(tmp_path) -> None:
    frame, fates = ruled(
        tmp_path,
        [
            "kept?,yes,Solved,5,0,no,agent,CC0-1.0",
            "note?,psst,Solved,5,0,yes,agent,",
            "bad?,no,Solved,2,0,,agent,",
            "again?,once more,Open,,2,,agent,",
            "robot?,beep,,,,,bot,",
            "odd?,well,,excellent,,,,",
        ],
    )
    assert frame.select("question", "weight", "license").rows() == [
        ("kept?", None, "CC0-1.0"),
        ("again?", 0.5, None),
        ("odd?", None, None),
    ]
    assert frame["extra"].to_list() == [
        [{"key": "status", "value": "Solved"}, {"key": "rating", "value": "1"}],
        [{"key": "status", "value": "Open"}, {"key": "reopened", "value": "2"}],
        [],
    ]
    assert frame["changes"].to_list() == [
        [], ["weight 0.5: reopened later"], ["rating unreadable"],
    ]  # fmt: skip
    assert fates.select("line", "fate", "reason").rows() == [
        (3, "dropped", "an internal note"),
        (4, "dropped", "badly rated"),
        (6, "dropped", "written by a bot"),
    ]


def test_rules_and_scales_are_the_recipe_s(tmp_path) -> None:
    rows = ["a?,one,erledigt,1,1,yes,agent,", "b?,two,offen,6,0,no,agent,"]
    talk = {"internal_notes": "keep", "reopened": "keep", "unsolved": "drop"}
    frame, fates = ruled(tmp_path, rows, talk=talk, solved=["Erledigt"], rating_scale=(6.0, 1.0))
    assert frame["question"].to_list() == ["a?"]
    assert fates["reason"].to_list() == ["badly rated"]
    frame, fates = ruled(tmp_path, rows, talk=talk | {"bad_rating": "keep"}, solved=["Erledigt"])
    assert fates["reason"].to_list() == ["not solved"]
    assert frame.height + fates.height == 2


def test_a_scale_needs_two_ends(tmp_path) -> None:
    with pytest.raises(ValueError, match="must differ"):
        source(tmp_path, rating_scale=(1.0, 1.0))
