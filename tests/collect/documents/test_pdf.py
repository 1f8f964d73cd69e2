"""PDFs: headings, paragraphs, columns, tables, running heads, scans; and PDFs that are none."""

from __future__ import annotations

import time

PROSE = (
    "The pump of the tank moves water through the roots all",
    "day and it has to be cleaned once a month so that algae",
    "do not settle in the filter and stop the flow of water to",
    "the plants which would wither in a day or two if nobody",
    "looked after them while the owner is away on a holi-",
    "day in another country and cannot come home soon.",
)


def test_headings_paragraphs_and_lists(make_pdf, collect) -> None:
    lines = [(50.0, 740.0, 18.0, "Care of the pump")]
    lines += [(50.0, 700.0 - 12 * n, 10.0, text) for n, text in enumerate(PROSE)]
    lines += [(50.0, 600.0, 10.0, "\\225 unplug the pump"), (50.0, 588.0, 10.0, "\\225 rinse it")]
    [text] = collect(make_pdf("care.pdf", [lines])).texts
    assert text.startswith("# Care of the pump\n\nThe pump of the tank moves water through")
    assert "on a holiday in another country" in text  # the hyphen was the line's
    assert text.endswith("- unplug the pump\n- rinse it")


def test_two_columns_are_read_one_after_the_other(make_pdf, collect) -> None:
    left = [(50.0, 700.0 - 12 * n, 9.0, text) for n, text in enumerate(PROSE * 2)]
    right = [(x + 270, y, size, text[:48].upper()) for x, y, size, text in left]
    title = [(50.0, 760.0, 16.0, "A title over both of the columns of this page, and wide")]
    # The content goes line by line across the page, as some programs write it.
    mixed = [one for pair in zip(left, right, strict=True) for one in pair]
    [text] = collect(make_pdf("columns.pdf", [title + mixed])).texts
    assert text.startswith("# A title over both")
    assert "through the roots all day and it has to be cleaned" in text
    assert text.index("THE PUMP") > text.rindex("cannot come home soon")


def test_a_table_is_read_row_by_row(make_pdf, collect) -> None:
    rows = [("Plan", "Price", "Tanks"), ("Seed", "9", "1"), ("Tree", "29", "4")]
    lines = [
        (50.0 + 150 * n, 700.0 - 14 * m, 10.0, cell)
        for n in range(3)  # the content goes column by column
        for m, cell in enumerate(row[n] for row in rows)
    ]
    [text] = collect(make_pdf("plans.pdf", [lines])).texts
    assert text == "Plan | Price | Tanks\nSeed | 9 | 1\nTree | 29 | 4"


def test_running_heads_stay_once_and_page_numbers_go(make_pdf, collect) -> None:
    pages = [
        [
            (50.0, 780.0, 8.0, "Handbook of the pump"),
            (50.0, 600.0, 10.0, f"What stands on sheet {'ABCD'[n]}."),
            (300.0, 20.0, 8.0, f"Page {n + 1} of 4"),
        ]
        for n in range(4)
    ]
    rows, _ = collect(make_pdf("book.pdf", pages))
    [text] = rows["text"]
    assert text.count("Handbook of the pump") == 1
    assert "Page" not in text
    assert [f"sheet {letter}." in text for letter in "ABCD"] == [True] * 4
    assert rows["changes"].to_list() == [["left out running lines: 7"]]


def test_a_scanned_page_is_reported_and_the_others_come_in(make_pdf, collect) -> None:
    words = [(50.0, 700.0, 10.0, "Words that can be read.")]
    found = collect(make_pdf("mixed.pdf", [words, None, words]))
    assert found.texts == ["Words that can be read.\n\nWords that can be read."]
    assert found.reasons == [("page 2", "the page is an image without text (scanned)")]
    found = collect(make_pdf("mixed.pdf", [None, None]))
    assert found.reasons == [(None, "all 2 pages are images without text (scanned)")]
    assert found.rows.is_empty()


def test_a_long_pdf_becomes_passages_that_name_their_pages(make_pdf, collect) -> None:
    pages = [
        [(50.0, 740.0, 16.0, f"Chapter {'ABCDEF'[n]}")]
        + [(50.0, 700.0 - 12 * m, 10.0, text) for m, text in enumerate(PROSE * 4)]
        for n in range(6)
    ]
    settings = {"max_tokens": 400, "min_tokens": 20, "overlap_tokens": 0}
    rows, _ = collect(make_pdf("long.pdf", pages), passages=settings)
    assert rows["position"].to_list() == [f"page {n}" for n in range(1, 7)]
    assert rows["thread"].n_unique() == rows["source_id"].n_unique() == 1
    assert rows["id"].n_unique() == 6


def test_damaged_encrypted_and_empty_pdfs(make_pdf, collect, tmp_path) -> None:
    whole = make_pdf("a.pdf", [[(50.0, 700.0, 10.0, "Words.")]])
    (tmp_path / "b.pdf").write_bytes(whole.read_bytes()[:40])
    keys = f"/O({'o' * 32})/U({'u' * 32})"
    locked = f"/Encrypt<</Filter/Standard/V 1/R 2/P -4{keys}>>/ID[(a)(a)]"
    make_pdf("c.pdf", [[(50.0, 700.0, 10.0, "Words.")]], more=locked)
    make_pdf("d.pdf", [[]])
    (tmp_path / "e.pdf").write_text("Not a PDF at all, but some words.")
    found = collect(tmp_path)
    assert found.texts == ["Words."]
    assert found.fates.select("file", "reason").rows() == [
        ("b.pdf", "the PDF is damaged"),
        ("c.pdf", "it is encrypted"),
        ("d.pdf", "no text is in it"),
        ("e.pdf", "its name says '.pdf', but its content is none"),
    ]


def test_a_pdf_whose_pages_name_each_other_ends(tmp_path, collect) -> None:
    loop = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    loop += b"2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 100000>>endobj\n"
    (tmp_path / "loop.pdf").write_bytes(loop + b"trailer<</Root 1 0 R>>\n%%EOF")
    start = time.monotonic()
    found = collect(tmp_path)
    assert found.rows.is_empty()
    assert not found.fates.is_empty()
    assert time.monotonic() - start < 120


def test_a_pdf_of_very_many_pages_ends_at_the_limit(make_pdf, collect, monkeypatch) -> None:
    from tunesmith.collect.documents import pdf

    monkeypatch.setattr(pdf, "MAX_PAGES", 3)
    path = make_pdf("many.pdf", [[(50.0, 700.0, 10.0, "Words.")]] * 5)
    document = pdf.read_pdf(str(path))
    assert [problem.position for problem in document.problems] == ["page 4"]
    assert document.whole().count("Words") == 3


def test_letters_that_are_numbers_of_glyphs_are_shifted_back(shared_data, collect) -> None:
    folder = shared_data / "company-policies-basecamp" / "privacy" / "regulations" / "dpa"
    rows, _ = collect(folder / "Basecamp_Data_Processing_Addendum_v201805.pdf")
    text = "\n".join(rows["text"])
    assert "forms part of the Terms of Service" in text
    assert "DGGHQGXP" not in text
