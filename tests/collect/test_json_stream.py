from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.json_stream import Broken, Element, elements, elements_in, parse
from tunesmith.collect.sandbox import Unreadable


def told(raw: bytes, **limits) -> list:
    return [
        (one.position, one.value) if isinstance(one, Element) else (one.position, one.reason)
        for one in elements_in(raw, **limits)
    ]


def told_of(path, raw: bytes, **limits) -> list:
    path.write_bytes(raw)
    return [
        (one.position, one.value) if isinstance(one, Element) else (one.position, one.reason)
        for one in elements(path, **limits)
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"a": 1, "m": [1]}', [("document 1", {"a": 1, "m": [1]})]),
        (b'[{"a": 1}, {"b": 2}]', [("item 1", {"a": 1}), ("item 2", {"b": 2})]),
        (b'{"a":1}\n{\n"a":2}', [("document 1", {"a": 1}), ("document 2", {"a": 2})]),
        (b"[]", []),
        (b"  \n", []),
        (b'[[1, "]"], {"a": "\\"}"}]', [("item 1", [1, "]"]), ("item 2", {"a": '"}'})]),
        (b'{"a": 1, "a": 2}', [("document 1", {"a": 2})]),  # the last one counts
        (b'[{"a": NaN}, {"a": -Infinity}]', [("item 1", {"a": None}), ("item 2", {"a": None})]),
        (b'[{"a": "\\ud800x"}]', [("item 1", {"a": "�x"})]),
        (b"words", [("byte 1", "not JSON")]),
        (b"[1, {}]", [("item 1", "not a JSON object"), ("item 2", {})]),
        (b'[{"a" 1}, {"b": 2}]', [("item 1", "not valid JSON"), ("item 2", {"b": 2})]),
        (b'[{"a": 1}, }, {"b": 2}]', [("item 1", {"a": 1}), ("byte 12", "not valid JSON")]),
        (
            b'[{"a": 1}, {"b": [2',
            [("item 1", {"a": 1}), ("byte 12", "the JSON ends before it is complete")],
        ),
        (
            b'{"x": 1, "m": [{"a": 1}, {"b"',
            [("m 1", {"a": 1}), ("byte 26", "the JSON ends before it is complete")],
        ),
        (b'[{"a": "\xff\xfe"}]', [("item 1", "byte 8 is not valid UTF-8")]),
    ],
)  # fmt: skip
def test_documents_and_their_elements(raw, expected) -> None:
    assert told(raw) == expected


def test_a_large_document_comes_by_its_lists(tmp_path) -> None:
    raw = b'{"name": "general", "n": [1, 2], "m": [{"a": 1}, {"a": 2}], "k": [{"b": 3}]}'
    found = list(elements_of(tmp_path, raw, document_bytes=20))
    assert [(one.position, one.value) for one in found] == [
        ("m 1", {"a": 1}), ("m 2", {"a": 2}), ("k 1", {"b": 3}),
    ]  # fmt: skip
    assert found[0].head == {"name": "general"}


def elements_of(tmp_path, raw, **limits):
    path = tmp_path / "a.json"
    path.write_bytes(raw)
    return elements(path, **limits)


def test_an_element_over_the_limit_is_skipped(tmp_path) -> None:
    long = b'[{"a": "' + b'x\\"]}' * 500_000 + b'"}, {"b": 1}]'
    found = told_of(tmp_path / "a.json", long, max_bytes=1000)
    assert found == [
        ("item 1", "it has 2,500,009 bytes, more than the limit of 1,000"),
        ("item 2", {"b": 1}),
    ]


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_nesting_bombs(opening) -> None:
    closing = {b"[": b"]", b'{"a":': b"}", b'[{"a":': b"}]"}[opening]
    assert all("ends before" in words for _, words in told(opening * 200_000))
    deep = b"[" + opening * 5000 + b"1" + closing * 5000 + b', {"b": 1}]'
    assert told(deep) == [("item 1", "nested deeper than 100 levels"), ("item 2", {"b": 1})]
    with pytest.raises(Unreadable, match="nested deeper"):
        parse(opening * 101 + b"1" + closing * 101)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings(tmp_path, encoding) -> None:
    raw = json.dumps([{"text": "Größe " * 30}], ensure_ascii=False).encode(encoding)
    assert told_of(tmp_path / "a.json", raw) == [("item 1", {"text": "Größe " * 30})]


def test_windows_1252(tmp_path) -> None:
    text = "Die Größe der Tür war für uns nicht schön, aber wir können sie ändern. "
    raw = json.dumps([{"text": text * 5}], ensure_ascii=False).encode("cp1252")
    assert told_of(tmp_path / "a.json", raw) == [("item 1", {"text": text * 5})]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=6), st.booleans())
def test_whole_documents_come_as_the_standard_library_has_them(items, ascii_) -> None:
    raw = json.dumps(items, ensure_ascii=ascii_).encode("utf-8", "replace")
    expected = [(f"item {n}", one) for n, one in enumerate(json.loads(raw), 1)]
    from_surrogates = "\\ud" in raw.decode()
    if not from_surrogates:
        assert told(raw) == expected


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=3), min_size=1, max_size=5),
       st.data())  # fmt: skip
def test_of_a_torn_document_comes_what_is_before(items, data) -> None:
    raw = json.dumps(items).encode()
    cut = data.draw(st.integers(1, len(raw) - 1))
    found = list(elements_in(raw[:cut]))
    assert isinstance(found[-1], Broken)
    whole = list(elements_in(raw))
    assert [one.value for one in found[:-1]] == [one.value for one in whole[: len(found) - 1]]


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\ a1\n', max_size=60).map(str.encode))
def test_any_bytes_end(raw) -> None:
    for one in elements_in(raw, max_bytes=20):
        assert isinstance(one, Element | Broken)


def test_memory_stays_where_it_is(tmp_path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.write(b'[{"a": "')
        for _ in range(200):
            file.write(b"x" * (1 << 20))
        file.write(b'"}')
        for number in range(200_000):
            file.write(b',{"id": %d, "messages": [{"role": "user", "text": "words"}]}' % number)
        file.write(b"]")
    code = (
        "import sys; from pathlib import Path;"
        "from tunesmith.collect.json_stream import elements;"
        "print(sum(1 for _ in elements(Path(sys.argv[1]))));"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    ).stdout.split()
    assert out[0] == "200001"
    assert int(out[1]) < 400 * 1024  # KiB, of which most are Python and its packages
