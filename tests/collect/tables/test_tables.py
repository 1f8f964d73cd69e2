from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith.collect.base import Place, Stretch
from tunesmith.collect.tables import TableSource
from tunesmith.collect.tables import repeats as repeats_module
from tunesmith.collect.tables.repeats import ROW, find, key_text
from tunesmith.errors import SourceError
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def source(path: Path, **given: Any) -> TableSource:
    if not {"text", "question", "pairs"} & given.keys():
        given["text"] = "{name}"
    return TableSource(name="table", path=str(path), **given)


def collect(path: Path, **given: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    one = source(path, **given)
    pieces = one.pieces(path.parent, path.parent, Seen(path.parent / "seen.json"))
    chunks = [c for piece in pieces for c in one.read(Place(piece.stretches, NOW))]
    return pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def reasons(fates: pl.DataFrame) -> list[tuple[int | None, str, str]]:
    return fates.sort("line").select("line", "fate", "reason").rows()


# ── From rows to texts ───────────────────────────────────────────────────────────────────────────


def test_a_row_becomes_a_document_and_pairs_with_its_provenance(tmp_path) -> None:
    path = written(
        tmp_path / "p.csv",
        "sku,name,price,listed,who,topic,tags,note\n"
        'A1,Lamp,"€ 1.234,50",03.02.2026,jane,light,"home; desk",x\nB2,Chair,,,,,,\n',
    )
    frame, fates = collect(
        path,
        schema={
            "price": {"type": "currency", "decimal": ",", "thousands": "."},
            "listed": {"type": "date"},
        },
        columns={"id": "sku", "timestamp": "listed", "customer": "who", "category": "topic",
                 "labels": "tags"},
        features={"dear": "price > 1000"},
        text="{name}[[ costs {price:,.2f} {price_currency}]].",
        pairs=[{"question": "What does {name} cost?", "answer": "{price:.2f}", "category": "price"}],
        category="other", timezone="Europe/Berlin",
    )  # fmt: skip
    first, pair, second = frame.iter_rows(named=True)
    assert first["text"] == "Lamp costs 1,234.50 EUR."
    assert (pair["question"], pair["answer"]) == ("What does Lamp cost?", "1234.50")
    assert second["text"] == "Chair."
    assert (first["category"], pair["category"], second["category"]) == ("light", "price", "other")
    assert (first["source_id"], first["customer"], first["line"]) == ("A1", "jane", 2)
    assert first["timestamp"] == datetime(2026, 2, 2, 23, tzinfo=UTC)
    assert (first["zone"], first["labels"]) == ("+01:00", ["home", "desk"])
    extra = {item["key"]: item["value"] for item in first["extra"]}
    assert extra == {"note": "x", "dear": "yes"}
    assert pair["position"] == "line 2, text 2"
    assert fates.select("fate", "reason", "position").rows() == [
        ("dropped", "the template cannot be filled: column 'price' has no value", "line 3, text 2")
    ]


def test_an_identifier_stays_when_rows_come_before_it(tmp_path) -> None:
    path = written(tmp_path / "t.csv", "id,name\n1,a\n2,b\n")
    before, _ = collect(path, columns={"id": "id"})
    written(path, "id,name\n0,z\n1,a\n2,b\n")
    after, _ = collect(path, columns={"id": "id"})
    assert after["id"].to_list()[1:] == before["id"].to_list()


@pytest.mark.parametrize(
    ("rules", "cells", "expected"),
    [
        ({"type": "integer"}, ["1", " 2 ", "3.0", "1e2", "x", "1,5"], [1, 2, 3, None, None, None]),
        ({"type": "number"}, ["1.5", ".5", "1e2", "nan", "inf", "1,5"], [1.5, 0.5, 100, None, None, None]),
        ({"type": "number", "decimal": ",", "thousands": "."}, ["1.234,5", "1,5", "1.23"], [1234.5, 1.5, None]),
        ({"type": "number", "thousands": ","}, ["1,234.5", "12,34", "7"], [1234.5, None, 7]),
        ({"type": "boolean"}, ["Yes", "0", "TRUE", "perhaps"], [True, False, True, None]),
        ({"type": "date"}, ["2026-01-31", "31.01.2026", "31 Jan 2026", "2026-02-30", "03/04/2026"],
         ["2026-01-31", "2026-01-31", "2026-01-31", None, None]),
        ({"type": "date", "format": "%d/%m/%Y"}, ["03/04/2026", "2026-01-01"], ["2026-04-03", None]),
        ({"type": "currency"}, ["$5", "5 USD", "($1.50)", "-£2", "five"], [5, 5, -1.5, -2, None]),
        ({"type": "currency", "currency": "AUD"}, ["$5", "AUD 6", "7", "€8"], [5, 6, 7, None]),
    ],
)  # fmt: skip
def test_cells_of_each_type(tmp_path, rules, cells, expected) -> None:
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["n", "it"], *enumerate(cells)])
    frame, fates = collect(path, schema={"it": rules}, text="{n}|{it}")
    found: list[Any] = [None] * len(cells)
    for text in frame["text"]:
        number, value = text.split("|")
        found[int(number)] = value
    shown = [None if e is None else {True: "yes", False: "no"}[e] if isinstance(e, bool)
             else f"{e:g}" if isinstance(e, int | float) else e for e in expected]  # fmt: skip
    assert found == shown
    assert fates.height == expected.count(None)
    assert all("column 'it': the cell is not" in reason for reason in fates["reason"])


def test_what_happens_where_cells_are_missing_or_unreadable(tmp_path) -> None:
    path = written(
        tmp_path / "t.csv",
        "name,mean,median,mode,previous,fill,drop,null\n"
        "a,1,1,x,p,,1,1\nb,2,2,x,,,1,bad\nc,NA,,,q,,1,\nd,6,9,y,,z,1,\ne,,,,,,,\n",
    )
    types = dict.fromkeys(("mean", "median", "null"), "number")
    schema: dict[str, Any] = {name: {"type": kind} for name, kind in types.items()}
    for name in ("mean", "median", "mode", "previous", "drop"):
        schema.setdefault(name, {})["missing"] = name
    schema["fill"] = {"fill": "filled"}
    schema["null"]["unparsable"] = "null"
    frame, fates = collect(
        path,
        schema=schema,
        missing_values=["NA"],
        text="{mean},{median},{mode},{previous},{fill}[[,{null}]]",
    )
    assert frame["text"].to_list() == [
        "1,1,x,p,filled,1", "2,2,x,p,filled", "3,2,x,q,filled", "6,9,y,q,z",
    ]  # fmt: skip
    assert frame["changes"][2].to_list() == [
        "mean filled with the mean", "median filled with the median", "mode filled with the mode",
        "fill filled with a given value",
    ]  # fmt: skip
    assert "null unreadable" in frame["changes"][1]
    assert reasons(fates) == [(6, "dropped", "column 'drop' has no value")]


@pytest.mark.parametrize("action", ["keep", "drop", "clip", "quarantine"])
def test_outliers(tmp_path, action) -> None:
    numbers = [*range(10), 1000]
    path = written(tmp_path / "t.csv", "name,n\n" + "".join(f"x,{n}\n" for n in numbers))
    rules = {"type": "integer", "outliers": {"method": "iqr", "action": action}}
    frame, fates = collect(path, schema={"n": rules}, text="{n}")
    q1, q3 = np.quantile(numbers, [0.25, 0.75])
    limit = int(q3 + 1.5 * (q3 - q1))
    last = {"keep": ["1000"], "clip": [str(limit)]}.get(action, [])
    assert frame["text"].to_list() == [*map(str, range(10)), *last]
    assert fates.height == (1 if action in {"drop", "quarantine"} else 0)


def test_duplicates_name_the_row_that_stays(tmp_path) -> None:
    path = written(
        tmp_path / "t.csv", "id,name,mail\n1,a,m\n2,b,n\n3,A,k\n4,c,K\n5,d,\n6,e,\n1,a,m\n"
    )
    frame, fates = collect(path, duplicates={"by": ["name", "mail"], "ignore_case": True})
    assert frame["text"].to_list() == ["a", "b", "d", "e"]
    assert reasons(fates) == [
        (4, "dropped", "duplicate: it repeats line 2"),
        (5, "dropped", "duplicate: it repeats line 2"),  # by way of line 4
        (8, "dropped", "duplicate: it repeats line 2"),
    ]
    whole, fates = collect(path, duplicates={})
    assert (whole.height, fates["reason"].to_list()) == (6, ["duplicate: it repeats line 2"])
    last, _ = collect(path, duplicates={"by": ["id"], "keep": "last"}, text="{id} {name}")
    assert last["text"].to_list()[-1] == "1 a"
    assert last.height == 6


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=40),
    st.integers(1, 7),
    st.sampled_from(["first", "last"]),
)
def test_repeats_are_found_in_shares_as_at_once(keys, at_once, keep) -> None:
    def walk():
        for start in range(0, len(keys), 5):
            part = keys[start : start + 5]
            yield pl.DataFrame(
                {ROW: range(start, start + len(part)), "k": pl.Series(part, dtype=pl.Int64)}
            )

    found = find(walk, key_text(["k"], whole=False), rows=len(keys), keep=keep, at_once=at_once)
    expected = {}
    for number, key in enumerate(keys):
        same = [n for n, other in enumerate(keys) if other == key]
        stays = same[0] if keep == "first" else same[-1]
        if key is not None and number != stays:
            expected[number] = stays
    assert dict(zip(found.rows.tolist(), found.of.tolist(), strict=True)) == expected


def test_the_declared_schema_quarantines_by_column_and_check(tmp_path) -> None:
    path = written(
        tmp_path / "t.csv",
        "name,code,n\nsecret1,AB1,5\nsecret2,zz9,5\nsecret3,AB1,5\nsecret4,AB4,50\nsecret5,,5\nsecret6,AB6,5\n",
    )
    schema = {
        "code": {"matches": "AB[0-9]$", "nullable": False, "unique": True},
        "n": {"type": "integer", "le": 10},
        "name": {"isin": [f"secret{n}" for n in range(6)]},
    }
    frame, fates = collect(path, schema=schema)
    assert frame["text"].to_list() == ["secret1"]
    assert reasons(fates) == [
        (3, "quarantined", "column 'code': the value fails 'matches'"),
        (4, "quarantined", "column 'code': its value is not unique: it is that of line 2"),
        (5, "quarantined", "column 'n': the value fails 'le'"),
        (6, "quarantined", "column 'code': the value fails 'nullable: false'"),
        (7, "quarantined", "column 'name': the value fails 'isin'"),
    ]
    assert "secret" not in str(fates["reason"].to_list())


def test_files_whose_rows_depend_on_each_other_are_one_table(tmp_path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    written(folder / "1.csv", "name,n\na,1\nb,2\n")
    written(folder / "2.csv", "n,name\n2,b\n9,c\n")
    frame, fates = collect(folder, duplicates={"by": ["name"]})
    assert frame.select("text", "file", "line").rows() == [
        ("a", "t/1.csv", 2), ("b", "t/1.csv", 3), ("c", "t/2.csv", 3),
    ]  # fmt: skip
    assert fates.select("file", "line").rows() == [("t/2.csv", 2)]
    plain = source(folder).pieces(tmp_path, tmp_path, Seen(tmp_path / "s.json"))
    assert len(plain) == 2


# ── Every row has one fate ───────────────────────────────────────────────────────────────────────

CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "2.5", "-3", "1e9", "x", "NA", "=1+1", "2026-01-01", "€ 5", "true", '"']
    ),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8),
)
RULES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["number", "integer", "currency"]),
        "unparsable": st.sampled_from(["null", "quarantine"]),
        "missing": st.sampled_from(["keep", "drop", "mean", "median", "mode", "previous"]),
        "nullable": st.booleans(),
        "unique": st.booleans(),
        "ge": st.one_of(st.none(), st.just(0)),
        "outliers": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {"method": st.sampled_from(["iqr", "mad", "zscore"]),
                 "action": st.sampled_from(["keep", "drop", "clip", "quarantine"])}
            ),
        ),
    }
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=25),
    number=RULES,
    kind=st.sampled_from(["date", "time", "boolean", "text"]),
    duplicates=st.one_of(st.none(), st.just({}), st.just({"by": [["t"], ["n", "d"]]})),
    missing=st.sampled_from(["drop", "quarantine", "empty"]),
)
def test_every_row_has_one_fate(tmp_path, rows, number, kind, duplicates, missing) -> None:
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["k", "t", "n", "d"], *((i, *row) for i, row in enumerate(rows))]
        )
    frame, fates = collect(
        path,
        schema={"n": number, "d": {"type": kind, "unparsable": "null"}},
        duplicates=duplicates,
        features={"f": "n * 2", "g": "join('-', t, n)"},
        columns={"id": "k"},
        text="{k} [[{t}]] {n} [[{g}]]",
        question="{k} {d}?", answer="{k}",
        missing_in_template=missing, encoding="utf-8", delimiter=",",
    )  # fmt: skip
    ids = frame["id"].to_list() + fates["id"].to_list()
    assert len(set(ids)) == len(ids)
    made = Counter(frame["line"].to_list())
    left = Counter(line for line, why in fates.select("line", "reason").rows() if "template" in why)
    gone = Counter(
        line for line, why in fates.select("line", "reason").rows() if "template" not in why
    )
    lines = made.keys() | left.keys() | gone.keys()
    assert all((made[n] + left[n], gone[n]) in {(2, 0), (0, 1)} for n in lines)
    if all(cell.splitlines() in ([cell], []) for row in rows for cell in row):
        assert lines == set(range(2, 2 + len(rows)))


# ── What is wrong with files ─────────────────────────────────────────────────────────────────────


def test_formulas_are_texts_and_headers_that_come_again_are_left_out(tmp_path) -> None:
    path = written(tmp_path / "t.csv", 'name,n\n"=HYPERLINK(""x"")",1\nname,n\n@SUM(A1),2\nz\n')
    frame, fates = collect(path)
    assert frame["text"].to_list() == ['=HYPERLINK("x")', "@SUM(A1)"]
    assert reasons(fates) == [
        (3, "dropped", "the line repeats the header"),
        (5, "quarantined", "1 fields where the header has 2"),
    ]


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        ("name;n\na;1\n", {"delimiter": ","}, "whose name has ';' in it"),
        ("nmae,n\na,1\n", {}, "did you mean 'nmae'"),
        ("name,name\na,1\n", {}, "more than once"),
        ("name,n\na,1\n", {"text": "{name:.2f}"}, "does not go with"),
        ("name,n\na,1\n", {"features": {"f": "n + m"}}, "no column 'm'"),
        ("name,n\na,1\n", {"features": {"f": "part(n, 'year')"}}, "n is String"),
        ("name,n\na,1\n", {"schema": {"n": {"type": "date", "fill": "soon"}}}, "not of type date"),
        ("name,n\na,1\n", {"columns": {"category": "kind"}}, "no column 'kind'"),
    ],
)
def test_problems_are_told_before_a_run(tmp_path, text, given, words) -> None:
    found = source(written(tmp_path / "t.csv", text), **given).problems(tmp_path)
    assert words in "\n".join(said for _, said in found)


@pytest.mark.parametrize(
    "given",
    [
        {"text": "no column"}, {"question": "{a}"}, {"schema": {"a": {"missing": "mean"}}},
        {"schema": {"a": {"outliers": {}}}}, {"features": {"f": "eval('1')"}},
        {"schema": {"a": {"type": "number", "outliers": {"method": "range"}}}},
        {"schema": {"a": {"matches": "("}}}, {"schema": {"f": {"missing": "drop"}}, "features": {"f": "a"}},
        {"timezone": "Mars/One"}, {"schema": {"a": {"type": "number", "decimal": ",", "thousands": ","}}},
    ],
)  # fmt: skip
def test_settings_that_say_nothing_are_refused(tmp_path, given) -> None:
    with pytest.raises(ValidationError):
        source(tmp_path / "t.csv", **given)


def test_parquet_keeps_its_types_and_a_torn_file_is_quarantined(tmp_path) -> None:
    frame = pl.DataFrame({"name": ["a", None], "n": [1.5, 2.5], "tags": [["x", "y"], []]})
    frame = frame.with_columns(at=pl.lit(datetime(2026, 1, 1, 10, tzinfo=UTC)), raw=pl.lit(b"\x01"))
    frame.write_parquet(tmp_path / "t.parquet")
    made, fates = collect(tmp_path / "t.parquet", text="[[{name} ]]{n:.2f} {at:%H} {tags} {raw}")
    assert made["text"].to_list() == ["a 1.50 10 x, y 01"]
    assert fates["position"].to_list() == ["row 2"]
    data = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(data[: len(data) // 2])
    made, fates = collect(tmp_path / "t.parquet")
    assert (made.height, fates["reason"].to_list()) == (0, ["this is not a whole Parquet file"])


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return path


def test_sheets_of_a_workbook(tmp_path) -> None:
    path = workbook(
        tmp_path / "t.xlsx",
        {
            "one": [["title"], ["name", "n", "at"], ["a", 1, date(2026, 1, 31)], [None], ["b", 2.5, 1]],
            "two": [["x"], ["other"], ["y"]],
            "three": [],
        },
    )  # fmt: skip
    frame, fates = collect(path, header_row=2, text="{name} {n}")
    assert frame.select("text", "position").rows() == [
        ("a 1", "sheet 1, row 3"), ("b 2.5", "sheet 1, row 5"),
    ]  # fmt: skip
    assert fates.select("fate", "position", "reason").rows() == [
        ("quarantined", "sheet 2", "the sheet has no column 'n', 'name'"),
        ("dropped", "sheet 3", "the sheet is empty"),
    ]
    _, fates = collect(path, header_row=2, sheets=["none"])
    assert fates["reason"].to_list() == [
        "the workbook has no sheet of a name that the recipe asks for"
    ]


def test_hostile_workbooks_are_quarantined_in_bounded_memory(tmp_path) -> None:
    path = workbook(tmp_path / "bomb.xlsx", {"one": [["name"], ["a"]]})
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    row = b'<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>x</t></is></c></row>'
    far = b"".join(row % (n, n) for n in (1, 1_000_000))
    parts["xl/worksheets/sheet1.xml"] = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row>' + far[len(row % (1, 1)):]
        + b"</sheetData></worksheet>"
    )  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    frame, fates = collect(path, memory_mib=256)
    assert (frame.height, fates.height) == (0, 1)
    (tmp_path / "torn.xlsx").write_bytes(path.read_bytes()[:300])
    _, fates = collect(tmp_path / "torn.xlsx")
    assert fates["reason"].to_list() == ["this is not a whole workbook that can be read"]


# ── Real files ───────────────────────────────────────────────────────────────────────────────────


def test_people_with_known_duplicates(shared_data, tmp_path) -> None:
    path = shared_data / "tabular-duplicates" / "dataset3.csv"
    one = source(
        path, columns={"id": "rec_id"}, text="{rec_id}",
        duplicates={"by": ["soc_sec_id", ["given_name", "surname", "date_of_birth"],
                           ["given_name", "surname", "address_1"]]},
    )  # fmt: skip
    chunks = list(one.read(Place((Stretch(path, "p.csv"),), NOW)))
    frame, fates = pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])
    assert frame.height + fates.height == 5_000
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    person = {number: row["rec_id"].split("-")[1] for number, row in enumerate(rows, 2)}
    of = fates["reason"].str.extract(r"line (\d+)").cast(pl.Int64)
    right = [person[a] == person[b] for a, b in zip(fates["line"], of, strict=True)]
    assert sum(right) / len(right) > 0.995
    assert sum(right) > 0.93 * 3_000  # 3,000 of the 5,000 rows repeat another


def test_tables_of_many_kinds(shared_data, tmp_path) -> None:
    office = shared_data / "office-docs" / "markitdown" / "tests" / "test_files"
    made = {}
    for name, path, rules in (
        ("xlsx", office / "test.xlsx", {"text": "{Alpha} {Beta}"}),
        ("xls", office / "test.xls", {"text": "{Alpha} {Beta}"}),
        ("kanji", office / "test_mskanji.csv", {"text": "{名前} {年齢}"}),
        ("people", shared_data / "office-docs" / "kiln" / "document_people.csv", {"text": "{first_name}"}),
        ("bank", shared_data / "banking77" / "banking_data" / "train.csv",
         {"question": "{text}", "answer": "{category}", "columns": {"category": "category"}}),
        ("bookings", shared_data / "judge-and-bookings" / "examples" / "datasets" / "bookings.csv",
         {"question": "{query}", "answer": "{label}"}),
        ("adults", shared_data / "judge-and-bookings" / "test_data" / "adults.parquet", {"text": "{age}"}),
    ):  # fmt: skip
        one = source(path, **rules)
        assert one.problems(tmp_path) == [], name
        chunks = list(one.read(Place((Stretch(path, path.name),), NOW)))
        made[name] = (sum(c.frame.height for c in chunks), sum(c.fates.height for c in chunks))
    # A workbook of two sheets: the second has other columns, and is quarantined.
    assert made["xlsx"] == made["xls"] == (23, 1)
    assert made["kanji"] == (3, 0)
    assert made["bank"] == (10_003, 0)
    assert made["bookings"] == (200, 0)
    assert made["adults"] == (48_842, 0)


def test_the_settings_go_through_json(tmp_path) -> None:
    one = source(tmp_path / "t.csv", schema={"a": {"type": "number"}}, duplicates={})
    assert TableSource.model_validate(json.loads(one.model_dump_json())) == one
    assert repeats_module.ROWS_AT_ONCE > 1_000_000


def test_a_file_of_another_shape_stops_the_source_with_its_name(tmp_path) -> None:
    with pytest.raises(SourceError, match="no column 'name'"):
        collect(written(tmp_path / "t.csv", "a,b\n1,2\n"))
