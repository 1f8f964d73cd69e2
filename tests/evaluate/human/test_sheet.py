"""CSV for spreadsheets: any text survives, and what spreadsheets make of the file is read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.human.sheet import guard, read_sheet, restore, write_sheet

COLUMNS = ("winner", "comment", "task")
ROWS = [
    {"winner": None, "comment": "", "task": "aa"},
    {"winner": "left", "comment": 'He said "no; never",\nthen left', "task": "bb"},
    {"winner": "tie", "comment": "=HYPERLINK(\"http://x\")", "task": "cc"},
]  # fmt: skip
# Commas and the like more often than chance would bring them.
texts = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("=+-@'\";,\t\r\n "))
)


@given(texts)
def test_a_guard_is_taken_off_and_nothing_else(text: str) -> None:
    guarded = guard(text)
    assert restore(guarded) == text
    assert guarded[:1] not in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def test_what_a_rater_types_is_left_alone() -> None:
    assert restore("'tis fine") == "'tis fine"
    assert guard("'tis fine") == "'tis fine"
    assert guard("-5") == "'-5"
    assert guard("'-5") == "''-5"


@settings(max_examples=40)  # each syncs a file to the disk
@given(texts=st.lists(texts, min_size=1, max_size=5))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    file = tmp_path_factory.mktemp("sheet") / "a.csv"
    write_sheet(file, ("text", "task"), [{"text": text, "task": "t"} for text in texts])
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert [row["text"] for _, row in read_sheet(file, ("text", "task"))] == texts


@settings(max_examples=40)  # each syncs a file to the disk
@given(texts=st.lists(texts, min_size=1, max_size=4), separator=st.sampled_from(",;\t"))
def test_any_text_survives_a_spreadsheet(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], separator: str
) -> None:
    """Python's csv stands for the spreadsheet: other separator, order, line ends, no mark."""
    file = tmp_path_factory.mktemp("sheet") / "a.csv"
    write_sheet(file, ("task", "text"), [{"text": text, "task": "t"} for text in texts])
    text = file.read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    saved = io.StringIO(newline="")
    writer = csv.writer(saved, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        writer.writerow([*reversed(row), ""])
        writer.writerow(["", "", ""])
    file.write_bytes(saved.getvalue().encode())
    assert [row["text"] for _, row in read_sheet(file, ("task", "text"))] == texts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_saved_again_in_other_ways(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end)
    writer.writerow(["Task ", "COMMENT", "Winner", ""])
    for row in ROWS:
        writer.writerow([row["task"], guard(str(row["comment"])), row["winner"], ""])
        writer.writerow(["", "", "", ""])
    file = tmp_path / "saved.csv"
    file.write_bytes(text.getvalue().encode(encoding))
    found = read_sheet(file, COLUMNS)
    assert [{name: row[name] or None for name in COLUMNS} for _, row in found] == [
        {**row, "comment": row["comment"] or None} for row in ROWS
    ]
    # The second row's comment has a line break in it; the blank rows count.
    assert [line for line, _ in found] == [2, 4, 7]


def test_excels_first_line_with_the_separator_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("sep=;\r\ntask;winner;comment\r\nbb;left;x\r\n", newline="")
    assert read_sheet(file, COLUMNS) == [(3, {"task": "bb", "winner": "left", "comment": "x"})]


def test_long_answers_fit(tmp_path: Path) -> None:
    text = "word " * 60_000
    write_sheet(tmp_path / "a.csv", ("task",), [{"task": text}])
    assert read_sheet(tmp_path / "a.csv", ("task",))[0][1]["task"] == text


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("task,winner,comment\nbb,left,schön\n".encode("latin-1"))
    with pytest.raises(TunesmithError, match=r"a\.csv: this is not text in UTF-8"):
        read_sheet(file, COLUMNS)
    file.write_text("task,comment\nbb,x\n")
    with pytest.raises(TunesmithError, match="the column 'winner' is missing"):
        read_sheet(file, COLUMNS)
    file.write_text("")
    with pytest.raises(TunesmithError, match="'winner', 'comment', 'task' is missing"):
        read_sheet(file, COLUMNS)
