"""Word, PowerPoint, spreadsheets, OpenDocument, EPUB and rich text."""

from __future__ import annotations

from datetime import UTC, datetime

from documents_factory import W, book, paragraph, word


def test_word_keeps_headings_lists_and_tables(make_zip, collect) -> None:
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("Plan", "Price"))
    body = (
        paragraph("Your pump", '<w:pStyle w:val="Mine"/>')
        + paragraph("Rinse it.", '<w:pStyle w:val="Loop"/>')
        + paragraph("with water", '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr>')
        + f"<w:tbl><w:tr>{cells}</w:tr><w:tr>{cells}</w:tr></w:tbl>"
        + "<w:p><w:del><w:r><w:t>deleted</w:t></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "</w:p>"
    )
    rows, _ = collect(make_zip("a.docx", word(body)))
    assert rows["text"][0] == (
        "## Your pump\n\nRinse it.\n\n  - with water\n\nPlan | Price\nPlan | Price\n\nnew"
    )
    assert rows["author"][0] == "Kim"
    assert rows["timestamp"][0] == datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert {"key": "title", "value": "Care"} in rows["extra"][0]


def test_word_keeps_notes_and_leaves_comments_out(make_zip, collect) -> None:
    notes = f"<w:footnotes {W}><w:footnote>{paragraph('A note.')}</w:footnote></w:footnotes>"
    remarks = f"<w:comments {W}><w:comment>{paragraph('Really?')}</w:comment></w:comments>"
    parts = word(paragraph("Text."), **{"word/footnotes.xml": notes, "word/comments.xml": remarks})
    rows, _ = collect(make_zip("a.docx", parts))
    assert rows["text"][0] == "Text.\n\nA note."
    assert rows["changes"][0].to_list() == ["left out comments: 1"]


def test_presentations_by_slide(tmp_path, collect) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    slides = Presentation()
    first = slides.slides.add_slide(slides.slide_layouts[1])
    first.shapes.title.text = "Growing"
    first.placeholders[1].text = "Light\nWater"
    first.notes_slide.notes_text_frame.text = "Say hello."
    second = slides.slides.add_slide(slides.slide_layouts[5])
    second.shapes.title.text = "Plans"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for number, text in enumerate(("Plan", "Price", "Seed", "9")):
        table.cell(number // 2, number % 2).text = text
    slides.slides.add_slide(slides.slide_layouts[5]).element.set("show", "0")
    slides.save(tmp_path / "a.pptx")
    found = collect(tmp_path / "a.pptx")
    assert found.texts == [
        "## Growing\n\n- Light\n- Water\n\nSay hello.\n\n## Plans\n\nPlan | Price\nSeed | 9"
    ]
    assert found.fates.select("fate", "position", "reason").rows() == [
        ("dropped", "slide 3", "a hidden slide")
    ]


def test_sheets_become_tables_with_their_header(tmp_path, collect) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("Plans")
    sheet.write_row(0, 0, ["Plan", "Price", "Since"])
    for number in range(1, 121):
        sheet.write_row(number, 0, [f"plan {number}", number + 0.5, "2025"])
    hidden = book.add_worksheet("Secret")
    hidden.write(0, 0, "x")
    hidden.hide()
    book.close()
    settings = {"max_tokens": 600, "min_tokens": 0, "overlap_tokens": 0}
    found = collect(tmp_path / "a.xlsx", passages=settings)
    assert found.rows.height > 1
    assert all("Plan | Price | Since" in text for text in found.texts)
    lines = "\n".join(found.texts).split("\n")
    assert [line for line in lines if line.startswith("plan ")] == [
        f"plan {number} | {number}.5 | 2025" for number in range(1, 121)
    ]
    assert found.rows["position"][0].startswith("sheet 1")
    assert found.reasons == [("sheet 2", "a hidden sheet")]


def test_opendocument_text(make_zip, collect) -> None:
    space = 'xmlns:o="o" xmlns:t="t" xmlns:b="b"'
    content = (
        f"<o:document-content {space}><o:body><o:text>"
        '<t:h t:outline-level="2">Your<t:s t:c="2"/>pump</t:h><t:p>Rinse<t:note><t:note-citation>1'
        "</t:note-citation><t:note-body><t:p>A note.</t:p></t:note-body></t:note> it.</t:p>"
        "<t:list><t:list-item><t:p>one</t:p></t:list-item></t:list>"
        "<b:table><b:table-row><b:table-cell><t:p>a</t:p></b:table-cell>"
        "<b:table-cell><t:p>b</t:p></b:table-cell></b:table-row></b:table>"
        "</o:text></o:body></o:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    path = make_zip("a.odt", {"mimetype": kind, "content.xml": content})
    assert collect(path).texts == ["## Your pump\n\nRinse it.\n\n- one\n\na | b\n\nA note."]


def test_books_by_chapter(make_zip, collect) -> None:
    parts = book(one="<h1>Oaks</h1><p>They grow.</p>", two="<h1>Elms</h1><p>So do they.</p>")
    found = collect(make_zip("a.epub", parts))
    assert found.texts == ["# Oaks\n\nThey grow.\n\n# Elms\n\nSo do they."]
    assert found.rows["license"].to_list() == ["CC-BY-4.0"]
    assert found.reasons == [("chapter 3", "a part that the file names is not in it")]


def test_rich_text(tmp_path, collect) -> None:
    (tmp_path / "a.rtf").write_bytes(
        rb"{\rtf1\ansi\ansicpg1252{\info{\title Care}{\author Kim}{\revtim\yr2025\mo2\dy3}}"
        rb"Gr\'fc\'dfe und {\b W\'fcnsche}\par Second line\par}"
    )
    found = collect(tmp_path / "a.rtf")
    assert found.texts == ["Grüße und Wünsche\n\nSecond line"]
    assert found.rows.select("author", "timestamp").rows() == [
        ("Kim", datetime(2025, 2, 3, tzinfo=UTC))
    ]
