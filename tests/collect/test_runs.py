from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tunesmith.collect import TicketSource, base, lines, rows, runs
from tunesmith.collect.base import Chunk, Place
from tunesmith.collect.encoding import Encoding
from tunesmith.errors import SourceError

NOW = datetime(2026, 1, 2, tzinfo=UTC)

COLUMNS: list[dict[str, Any]] = [
    {"question": "q", "answer": "a"},
    {"question": ["q", "x"], "answer": "a.b", "id": "id"},
    {
        "question": "q", "answer": "a", "id": "id", "category": "x", "customer": "who",
        "thread": "id", "author": "who", "labels": "tags", "timestamp": "when",
    },
]  # fmt: skip

TEXTS = st.text(
    st.sampled_from("ab ,;|\"\\/'\t\r\n\x1c\x85\xa0\u2028\ufeff\0éß€語🙂\ud800\udc00"), max_size=8
)
VALUES = st.recursive(
    st.one_of(
        TEXTS,
        st.sampled_from(["", "2025-03-01 10:00", "03/04/2025", "1700000000", "quarantine line 2"]),
        st.none(),
        st.booleans(),
        st.integers(-(10**25), 10**25),
        st.floats(),
        st.sampled_from([1, 1.0, -0.0, 2**64, 1e22]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("bcd"), inner),
    max_leaves=4,
)
KEYS = st.sampled_from(["q", "a", "id", "x", "who", "tags", "when", "a.b", "", "schön"])
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)
#: What most files have: rows of one shape and of texts.
PLAIN = st.fixed_dictionaries(dict.fromkeys(("id", "x", "q", "when", "a"), TEXTS))
ASCII_LINES = (OBJECTS | PLAIN).map(json.dumps)
WIDE_LINES = (OBJECTS | PLAIN).map(lambda value: json.dumps(value, ensure_ascii=False))
ODD = st.sampled_from(
    [
        "", " ", "\t\r", "\xa0", "\x1c", "\ufeff", "[", "{", "{}", "[]", "1", "true", "null", '"text"',
        '{"q": "one", "q": 2, "a": "x"}', '{"q": 1}{"q": 2}', '{"q": 1},{"q": 2}', '{"q": NaN}',
        '{"q": 1}\r{"q": 2}', '\xa0{"q": "x"}\x85', '{"q": "\0"}', '{"q": "\t"}', '\ufeff{"q": "x"}',
        '{"q": "\\ud800"}', '{"q": "\\u0000"}', '{"q": 1e999}', '{"q": ' + '[' * 100 + ']' * 100 + '}', '{"q": 01}', "{'q': 1}", '{"q": "x",}',
    ]
)  # fmt: skip


def encoded(text: str, how: str) -> bytes:
    return text.encode(how, "surrogatepass" if how == "utf-8" else "replace")


LINES = st.one_of(
    ASCII_LINES.map(str.encode),
    ASCII_LINES.map(str.encode),
    WIDE_LINES.map(lambda text: encoded(text, "utf-8")),
    st.builds(encoded, WIDE_LINES, st.sampled_from(["cp1252", "utf-16-le"])),
    ODD.map(str.encode),
    st.binary(max_size=12),
    ASCII_LINES.flatmap(lambda text: st.integers(0, len(text)).map(lambda n: text[:n].encode())),
    st.integers(150, 400).map(lambda n: json.dumps({"q": "x" * n, "a": "long"}).encode()),
)
FILES = st.builds(
    lambda start, lines, ends, last: (
        start + b"".join(a + b for a, b in zip(lines, ends, strict=False)) + last
    ),
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(LINES, min_size=1, max_size=25),
    st.lists(st.sampled_from([b"\n", b"\n", b"\r\n"]), min_size=25, max_size=25),
    st.sampled_from([b"", b'{"q": "no end"}', b'{"q": "torn']),
)


def read(source: TicketSource, path: Path) -> list[Chunk] | str:
    try:
        return list(source.read(Place.file(path, path.name, NOW)))
    except SourceError as error:
        return str(error)


def check(path: Path, **settings: Any) -> None:
    """Chunk by chunk, runs give what single rows give."""
    source = TicketSource(
        name="t", path=str(path), max_line_mib=200 / 2**20, license="CC0-1.0", **settings
    )
    with patch.object(base, "CHUNK_ROWS", 5):
        with patch.object(TicketSource, "_runs", lambda self, *given: self._rows(*given[:3])):
            expected = read(source, path)
        with patch.object(lines, "BLOCK_BYTES", 150), patch.object(runs, "BLOCK_BYTES", 100):
            found = read(source, path)
    assert isinstance(found, str) == isinstance(expected, str)
    if isinstance(found, str) or isinstance(expected, str):
        assert found == expected
        return
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        assert_frame_equal(mine.frame, theirs.frame)
        assert_frame_equal(mine.fates, theirs.fates)


ENCODINGS = st.sampled_from([None, "utf-8", "utf_8", "utf-8-sig", "cp1252", "ascii"])


@settings(max_examples=150, deadline=None)
@given(FILES, st.sampled_from(COLUMNS), ENCODINGS, st.sampled_from([[], ["x"]]))
def test_runs_of_jsonl_give_what_single_rows_give(data, columns, encoding, dropped) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.jsonl"
        path.write_bytes(data)
        check(path, columns=columns, encoding=encoding, drop_columns=dropped)


def csv_line(fields: list[str], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(fields)
    return out.getvalue()


FIELDS = st.text(st.sampled_from('ab ,;"\t\r\n\x85\u2028\ufeffé€語'), max_size=6)
CSV_ROWS = st.lists(FIELDS, min_size=5, max_size=5).map(csv_line)
CSV_LINES = st.one_of(
    CSV_ROWS.map(str.encode),
    CSV_ROWS.map(str.encode),
    CSV_ROWS.map(lambda line: line.encode("cp1252", "replace")),
    st.lists(FIELDS, max_size=7).map(csv_line).map(str.encode),
    st.text(st.sampled_from('a,";\r\0é'), max_size=12).map(str.encode),
    st.binary(max_size=8),
    st.integers(150, 400).map(lambda n: b"1," + b"x" * n + b",,,"),
    st.sampled_from(
        [
            b"",
            b"\r",
            b'"',
            b'a,b,c,d,"open',
            b'1,"open,b,c,d',
            b"a,b\0,c,d,e",
            b"\xef\xbb\xbfa,b,c,d,e",
        ]
    ),
)
CSV_FILES = st.builds(
    lambda start, lines, ends, last: (
        start + b"".join(a + b for a, b in zip(lines, ends, strict=False)) + last
    ),
    st.sampled_from(
        [b"id,q,a,x,when\n", b"id,q,a,x,when\r\n", b"\xef\xbb\xbfid,q,a,x,when\n", b""]
    ),
    st.lists(CSV_LINES, min_size=1, max_size=25),
    st.lists(st.sampled_from([b"\n", b"\n", b"\r\n"]), min_size=25, max_size=25),
    st.sampled_from([b"", b"1,no,end,,", b'1,torn,"', b"1,torn"]),
)


@settings(max_examples=150, deadline=None)
@given(
    CSV_FILES,
    st.sampled_from(
        [
            {"question": "q", "answer": "a"},
            {"question": ["q", "x"], "answer": "a", "id": "id", "timestamp": "when"},
        ]
    ),
    ENCODINGS,
    st.sampled_from([2, 1000]),
)
def test_runs_of_csv_give_what_single_rows_give(data, columns, encoding, most_lines) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(data)
        with (
            patch.object(rows, "MAX_RECORD_LINES", most_lines),
            patch.object(runs, "MAX_RECORD_LINES", most_lines),
        ):
            check(path, columns=columns, encoding=encoding)


@settings(max_examples=20, deadline=None)
@given(st.lists(OBJECTS | PLAIN, max_size=12))
def test_runs_of_parquet_give_what_single_rows_give(values) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        texts = [
            {name: json.dumps(row.get(name)) for name in ("q", "a", "id", "when")} for row in values
        ]
        nested = [{"n": len(row), "list": [len(row)]} for row in values]
        found = [one | {"x": two} for one, two in zip(texts, nested, strict=True)]
        pl.DataFrame(found or {"q": [], "a": [], "id": [], "when": []}).write_parquet(path)
        check(path, columns={"question": "q", "answer": "a", "id": "id", "timestamp": "when"})


def test_plain_lines_come_in_runs_and_others_alone(tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"q": 1}\n\n{"q": {"b": 2}}\n["no"]\n{"q": 3}\n{"q": 4}')
    found = list(runs.read_jsonl_runs(path, Encoding("utf-8", declared=False), max_bytes=100))
    assert [type(item).__name__ for item in found] == ["Run", "BadRow", "Run", "Row"]
    assert found[0] == ([1, 3], [b'{"q": 1}\n', b'{"q": {"b": 2}}\n'], [{"q": 1}, {"q.b": 2}])


@pytest.mark.parametrize("count", [4, 5, 6, 10, 11])
def test_a_chunk_ends_within_a_run(tmp_path, count) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"q": f"{n}?", "a": "yes"}) + "\n" for n in range(count)))
    source = TicketSource(name="t", path=str(path), columns=COLUMNS[0])
    with patch.object(base, "CHUNK_ROWS", 5):
        chunks = [chunk.frame for chunk in source.read(Place.file(path, path.name, NOW))]
    assert [chunk.height for chunk in chunks] == [5] * (count // 5) + [count % 5]
    assert pl.concat(chunks)["question"].to_list() == [f"{n}?" for n in range(count)]


def test_rows_of_csv_come_in_runs_and_broken_ones_alone(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'q,a\n1,2\n\n"3\n4",5\nbad\n6,7\n8,9')
    encoding = Encoding("utf-8", declared=False)
    found = list(runs.read_csv_runs(path, encoding, delimiter=None, max_bytes=100))
    assert [type(item).__name__ for item in found] == ["Run", "BadRow", "Run", "Row"]
    assert found[0] == (
        [2, 4],
        [b"1,2\n", b'"3\n4",5\n'],
        [{"q": "1", "a": "2"}, {"q": "3\n4", "a": "5"}],
    )


def test_lines_after_an_open_quote_keep_their_order(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'q,a\n1,2\n"open,3\n"4",5\n5,6\n6\0,7\n8,9\n')
    encoding = Encoding("utf-8", declared=False)
    found = list(runs.read_csv_runs(path, encoding, delimiter=None, max_bytes=100))
    kinds = [type(item).__name__ for item in found]
    assert kinds == ["Run", "BadRow", "Row", "Run", "BadRow", "Run"]
    numbers = [item.lines[0] if isinstance(item, runs.Run) else item.line for item in found]
    assert numbers == [2, 3, 4, 5, 6, 7]


def test_single_rows_are_gathered_up_to_a_size() -> None:
    single = [runs.Row(n, b"x" * 40, {"q": n}) for n in range(5)]
    noted = runs.Row(5, b"x", {"q": 5}, ("noted",))
    with patch.object(runs, "BLOCK_BYTES", 100):
        found = list(runs.gathered(iter([*single, noted, single[0]])))
    assert [item.lines for item in found if isinstance(item, runs.Run)] == [[0, 1, 2], [3, 4], [0]]
    assert found[2] is noted
