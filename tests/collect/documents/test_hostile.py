"""Files that are torn, mislabelled or made to do harm: each ends with its reason, the rest comes in."""

from __future__ import annotations

import io
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents_factory import W, book, paragraph, word

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def test_files_are_read_as_what_they_are(make_zip, make_pdf, collect, tmp_path) -> None:
    make_zip("report.pdf", word(paragraph("A report.")))
    make_pdf("manual.docx", [[(50.0, 700.0, 10.0, "A manual.")]])
    (tmp_path / "table.xls").write_text("<html><body><p>A table that is a page.</p></body></html>")
    (tmp_path / "notes.txt").write_bytes(rb"{\rtf1 Some notes.}")
    (tmp_path / "page.docx").write_text("words of no document")
    found = collect(tmp_path)
    assert sorted(found.texts) == [
        "A manual.", "A report.", "A table that is a page.", "Some notes.",
    ]  # fmt: skip
    assert all("read as what it is" in changes[0] for changes in found.rows["changes"])
    assert found.reasons == [(None, "its name says '.docx', but its content is none")]


def test_office_files_with_a_password(tmp_path, collect) -> None:
    # A compound file whose directory names the encrypted package, as Office writes it.
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    head[24:34] = b"\x3e\0\x03\0\xfe\xff\x09\0\x06\0"
    head[44:48], head[48:52] = b"\1\0\0\0", b"\1\0\0\0"
    head[56:60], head[60:64], head[68:72] = b"\0\x10\0\0", b"\xfe\xff\xff\xff", b"\xfe\xff\xff\xff"
    head[76:80], head[80:] = b"\0\0\0\0", b"\xff" * 432
    table = b"\xfd\xff\xff\xff" + b"\xfe\xff\xff\xff" + b"\xff" * 504

    def entry(name: str, kind: int, child: int) -> bytes:
        words = name.encode("utf-16-le")
        made = words.ljust(64, b"\0") + (len(words) + 2).to_bytes(2, "little") + bytes([kind, 1])
        made += b"\xff" * 8 + child.to_bytes(4, "little", signed=True) + bytes(36)
        return made + b"\xfe\xff\xff\xff" + bytes(8)

    listed = entry("Root Entry", 5, 1) + entry("EncryptedPackage", 2, -1)
    (tmp_path / "a.docx").write_bytes(bytes(head) + table + listed.ljust(512, b"\0"))
    assert collect(tmp_path).reasons == [(None, "it is encrypted")]


def test_zip_bombs_are_not_inflated(make_zip, collect, tmp_path) -> None:
    make_zip("ratio.docx", {**word(""), "word/document.xml": b" " * (60 << 20)})
    make_zip("entries.docx", {f"word/{number}": "" for number in range(20_001)})
    make_zip("good.docx", word(paragraph("Words.")))
    start = time.monotonic()
    found = collect(tmp_path)
    assert time.monotonic() - start < 60
    assert found.texts == ["Words."]
    assert dict(zip(found.fates["file"], found.fates["reason"], strict=True)) == {
        "entries.docx": "a zip file of 20,001 entries, more than the limit",
        "ratio.docx": "it would inflate to over 200 times its size",
    }


def test_a_zip_file_that_lies_about_its_sizes(make_zip, collect) -> None:
    path = make_zip("a.docx", {**word(""), "word/document.xml": b" " * (60 << 20)})
    with zipfile.ZipFile(path) as file:
        size = file.getinfo("word/document.xml").file_size.to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (5000).to_bytes(4, "little")))
    found = collect(path)
    assert found.rows.is_empty()
    assert found.reasons == [(None, "a part of the zip file is damaged")]


def test_laughs_and_outside_entities(make_zip, collect, tmp_path) -> None:
    make_zip("laughs.docx", {**word(""), "word/document.xml": f"{LAUGHS}<w:d {W}>&i;</w:d>"})
    outside = f'<!DOCTYPE l SYSTEM "file:///etc/hosts"><w:d {W}><w:body></w:body></w:d>'
    make_zip("outside.docx", {**word(""), "word/document.xml": outside})
    wide = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE l [<!ENTITY a "ha">]><l>&a;</l>'
    make_zip("wide.docx", {**word(""), "word/document.xml": wide.encode("utf-16")})
    found = collect(tmp_path)
    assert found.rows.is_empty()
    assert found.fates.select("file", "reason").rows() == [
        ("laughs.docx", "its XML declares entities"),
        ("outside.docx", "no text is in it"),
        ("wide.docx", "its XML declares entities"),
    ]


def test_xml_that_is_nested_deep(make_zip, collect) -> None:
    deep = f"<w:document {W}>" + "<w:p>" * 100_000 + "</w:p>" * 100_000 + "</w:document>"
    found = collect(make_zip("a.docx", {**word(""), "word/document.xml": deep}))
    assert found.reasons == [(None, "its XML is damaged")]


def test_names_that_lead_out_of_the_archive_are_not_read(make_zip, collect) -> None:
    parts = book(one="<p>Words.</p>")
    parts["in/book.opf"] = parts["in/book.opf"].replace('href="one', 'href="../../one')
    found = collect(make_zip("a.epub", {**parts, "../one.xhtml": "<p>Outside.</p>"}))
    assert found.rows.is_empty()
    assert found.reasons[0] == ("chapter 1", "a part that the file names is not in it")


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "table><tr><td", "p"])
def test_html_that_is_nested_deep(tmp_path, collect, tag: str) -> None:
    (tmp_path / "deep.html").write_text("<html><body><p>first</p>" + f"<{tag}>" * 100_000 + "last")
    (tmp_path / "good.html").write_text("<p>Words.</p>")
    start = time.monotonic()
    found = collect(tmp_path)
    assert time.monotonic() - start < 60
    assert "Words." in found.texts
    assert found.rows.height + found.fates.height == 2


def test_scripts_are_not_content(tmp_path, collect) -> None:
    (tmp_path / "a.html").write_text(
        "<body onload='x()'><p>Words.</p><script>alert('no')</script><svg><script>no</script></svg>"
        "<p onclick='no()'>More.</p><style>p{}</style></body>"
    )
    assert collect(tmp_path).texts == ["Words.\n\nMore."]


def test_a_sheet_that_claims_to_be_vast(make_zip, collect) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    r = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    path = make_zip(
        "a.xlsx",
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": f'<workbook {space} {r}><sheets><sheet name="S" sheetId="1" r:id="r1"/>'
            "</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
            f'Type="{link}" Target="worksheets/s.xml"/></Relationships>',
            "xl/worksheets/s.xml": f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>",
        },
    )
    found = collect(path)
    assert found.rows.is_empty()
    assert found.fates.height == 1


@settings(max_examples=60)
@given(st.data())
def test_torn_files_end_with_a_reason(data: st.DataObject) -> None:
    """Whatever bytes are changed or cut, a reader gives a document or says why not."""
    from tunesmith.collect.documents.epub import read_epub
    from tunesmith.collect.documents.word import read_word
    from tunesmith.collect.sandbox import Unreadable

    parts, reader = data.draw(
        st.sampled_from([(word(paragraph("Words.")), read_word), (book(one="<p>W</p>"), read_epub)])
    )
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    torn = bytearray(raw.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(torn) - 1), max_size=6)):
        torn[place] = data.draw(st.integers(0, 255))
    torn = torn[: data.draw(st.integers(0, len(torn)))] if data.draw(st.booleans()) else torn
    try:
        document = reader(io.BytesIO(bytes(torn)))
    except Unreadable:
        return
    assert document.whole() is not None
