from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outside_reading import extra, read_all
from tunesmith.collect.outside.wikipedia import WikipediaSource

SITE = (
    "<siteinfo><base>https://en.wikipedia.org/wiki/Main_Page</base><namespaces>"
    '<namespace key="6">Datei</namespace><namespace key="14">Kategorie</namespace></namespaces></siteinfo>'
)


def zstd(raw: bytes) -> bytes:
    import pyarrow as pa

    held = pa.BufferOutputStream()
    with pa.CompressedOutputStream(held, "zstd") as stream:
        stream.write(raw)
    return held.getvalue().to_pybytes()


def page(title: str, text: str, number: int = 1, ns: int = 0, more: str = "") -> str:
    return (
        f"<page><title>{title}</title><ns>{ns}</ns><id>{number}</id>{more}<revision><id>9</id>"
        f"<timestamp>2024-05-06T07:08:09Z</timestamp><model>wikitext</model><text>{text}</text></revision></page>"
    )


def dump(*pages: str, site: str = SITE) -> str:
    return f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/">{site}{"".join(pages)}</mediawiki>'


def read(tmp_path, raw: bytes, name: str = "w.xml", **more):  # type: ignore[no-untyped-def]
    (tmp_path / name).write_bytes(raw)
    return read_all(WikipediaSource(name="wiki", path=name, **more), tmp_path)


def test_a_page_is_a_document_with_its_provenance(tmp_path) -> None:
    text = "'''A''' is [[b]]. [[Kategorie:Things]][[Datei:x.png]]"
    rows, fates = read(tmp_path, dump(page("A &amp; B", text, 7)).encode())
    row = rows.row(0, named=True)
    assert fates.is_empty()
    assert row["text"] == "# A & B\n\nA is b."
    assert (row["source_id"], row["position"], row["role"]) == ("7", "page 1", "editor")
    assert row["license"] == "CC-BY-SA-4.0"
    assert row["labels"] == ["Things"]
    assert row["timestamp"].isoformat() == "2024-05-06T07:08:09+00:00"
    assert extra(row, "url") == "https://en.wikipedia.org/wiki/A_%26_B"


def test_what_is_left_out_has_a_fate(tmp_path) -> None:
    pages = [
        page("R", "x", 1, more='<redirect title="Y"/>'),
        page("R2", "#REDIRECT [[Y]]", 2),
        page("Talk:A", "x", 3, ns=1),
        page("Empty", "", 4),
        page("Only", "{{templates}}", 5),
        page("Css", "x", 6).replace("wikitext", "css"),
        page("Fine", "words", 7),
        page("Torn", "words <b>", 8),
        page("Fine too", "words", 9),
    ]
    rows, fates = read(tmp_path, dump(*pages).encode())
    assert rows["source_id"].to_list() == ["7", "9"]
    assert rows.height + fates.height == len(pages)
    assert Counter(fates["fate"]) == {"dropped": 5, "quarantined": 2}
    assert dict(zip(fates["position"], fates["reason"], strict=True)) == {
        "page 1": "a redirect", "page 2": "a redirect", "page 3": "namespace 1 is not collected",
        "page 4": "the page has no text", "page 5": "no words are left without templates",
        "page 6": "its content is not wikitext", "page 8": "not valid XML: mismatched tag",
    }  # fmt: skip


def test_of_a_history_the_last_revision_counts(tmp_path) -> None:
    old = "<revision><id>1</id><text>old</text></revision>"
    rows, _ = read(tmp_path, dump(page("A", "new", more=old)).encode())
    assert rows["text"].to_list() == ["# A\n\nnew"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("pack", [bytes, bz2.compress, gzip.compress, lzma.compress, zstd])
def test_encodings_and_compressions(tmp_path, encoding, pack) -> None:
    rows, fates = read(tmp_path, pack(dump(page("Ä", "Größe 😀")).encode(encoding)))
    assert fates.is_empty()
    assert rows["text"].to_list() == ["# Ä\n\nGröße 😀"]


def test_hostile_dumps_cost_only_themselves(tmp_path) -> None:
    bomb = page("B", "&a;").replace("<page>", '<page><!DOCTYPE a [<!ENTITY a "aaaa">]>')
    deep = page("D", "<b>" * 5_000 + "</b>" * 5_000)
    large = page("L", "x" * 3_000_000)
    rows, fates = read(
        tmp_path, dump(bomb, deep, large, page("A", "words")).encode(), max_page_mib=1
    )
    assert rows["text"].to_list() == ["# A\n\nwords"]
    assert fates["position"].to_list() == ["page 1", "page 2", "page 3"]
    assert "more than the limit" in fates["reason"][2]


def test_torn_and_damaged_dumps_give_what_came_before(tmp_path) -> None:
    raw = dump(*(page(f"P{n}", f"words {n} " * 500, n) for n in range(1, 400))).encode()
    packed = bz2.compress(raw, 1)
    rows, fates = read(tmp_path, packed[: len(packed) // 2])
    assert fates["reason"].to_list()[-1] == "the compressed file ends too early"
    rows, fates = read(tmp_path, raw[: len(raw) // 2])
    assert 190 < rows.height < 210
    assert fates["reason"].to_list() == ["the file ends within the page"]
    for name, raw in {"a.xml": b"no dump", "b.xml": b"", "c.xml": b"\xff\xfe<"}.items():
        rows, fates = read(tmp_path, raw, name)
        assert (rows.height, fates.height) == (0, 1)
    assert WikipediaSource(name="w", path="a.xml").problems(tmp_path)[0][0] == "path"


def test_a_bomb_is_ended(tmp_path, monkeypatch) -> None:
    from tunesmith.collect.outside import streams

    monkeypatch.setattr(streams, "FREE_BYTES", 4 << 20)
    monkeypatch.setattr(streams, "MAX_RATIO", 10)
    raw = (dump(page("A", "words"))[:-12] + "<page>" + " " * 50_000_000).encode()
    tracemalloc.start()
    rows, fates = read(tmp_path, bz2.compress(raw), max_page_mib=1)
    assert rows.height == 1
    assert fates["reason"].to_list()[-1] == "it expands more than 10 times"
    tracemalloc.stop()


def test_memory_does_not_grow_with_the_dump(tmp_path) -> None:
    pages = (page(f"P{n}", "some words " * 3_000, n, ns=4) for n in range(1, 1500))
    (tmp_path / "w.xml").write_text(dump(*pages))
    source = WikipediaSource(name="w", path="w.xml")
    from datetime import UTC, datetime

    from tunesmith.collect.base import Place

    tracemalloc.start()
    count = sum(
        chunk.fates.height
        for chunk in source.read(Place.file(tmp_path / "w.xml", "w.xml", datetime.now(UTC)))
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 1499
    assert peak < 20 << 20  # of 50 MB


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([b"<mediawiki>", b"<page>", b"</page>", b"<title>", b"</title>", b"a", b"<revision>", b"<text>",
                                 b"</text>", b"</revision>", b"<ns>", b"\0", b"\xff", b"<!--", b"]]>", b"&x;"]), max_size=30))  # fmt: skip
def test_any_bytes_end_as_rows_or_reasons(tmp_path, parts) -> None:
    rows, fates = read(tmp_path, b"".join(parts))
    raw = b"".join(parts)
    begun = b"<mediawiki>" in raw.partition(b"<page>")[0]
    assert rows.height + fates.height >= (min(1, raw.count(b"<page>")) if begun else 1)
    assert all(fates["reason"])


@pytest.mark.parametrize(
    ("name", "rows", "dropped", "license_"),
    [
        ("bgwiki-latest-pages-articles-shortened.xml.bz2", 1, 2, "CC-BY-SA-4.0"),
        (
            "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
            106,
            100,
            "CC-BY-SA-4.0",
        ),
        ("enwiki-table-markup.xml.bz2", 5, 0, None),
    ],
)
def test_real_dumps(tmp_path, shared_data, name, rows, dropped, license_) -> None:
    source = WikipediaSource(name="wiki", path=f"wikipedia-dump/{name}")
    found, fates = read_all(source, shared_data, tmp_path)
    assert (found.height, fates.height) == (rows, dropped)
    assert set(fates["fate"]) <= {"dropped"}
    assert set(found["license"]) == {license_}
    text = "\n".join(found["text"])
    for mark in ("{{", "[[", "]]", "<ref", "'''"):
        assert text.count(mark) <= 12, mark
