from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from tunesmith.collect.base import Place
from tunesmith.collect.pages import PagesSource, html_page, markdown_page
from tunesmith.record import content_hash, record_id

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def collect(folder) -> tuple[pl.DataFrame, pl.DataFrame]:
    source = PagesSource(name="kb", path=str(folder))
    chunks = [
        chunk
        for path in source.files(folder)
        for chunk in source.read(Place.file(path, path.name, NOW))
    ]
    return pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])


def test_front_matter_becomes_metadata() -> None:
    page = markdown_page(
        "---\ntitle: Returns\nupdated: 2025-02-03\nlicense: CC0-1.0\nteam: care\n---\n# R\n\nSend it."
    )
    assert page["text"] == "# R\n\nSend it."
    assert page["timestamp"] == datetime(2025, 2, 3, tzinfo=UTC)
    assert page["license"] == "CC0-1.0"
    assert page["extra"] == [{"key": "title", "value": "Returns"}, {"key": "team", "value": "care"}]


def test_a_rule_that_is_no_front_matter_stays() -> None:
    assert markdown_page("---\nnot: [a mapping\n---\ntext")["text"].startswith("---")


def test_html_keeps_the_content_and_drops_its_frame() -> None:
    page = html_page(
        "<html><head><title>Site | Wi-Fi</title><style>p{}</style></head><body><nav>Home</nav>"
        "<main><h1>Wi-Fi</h1><p>Hold the <b>leaf</b>   button.</p><ul><li>one</li><li>two</li></ul>"
        "<pre>a\n  b</pre><script>alert(1)</script></main><footer>Imprint</footer></body></html>"
    )
    assert page["text"] == "# Wi-Fi\n\nHold the leaf button.\n\n- one\n- two\n\na\n  b"
    assert page["extra"][0] == {"key": "title", "value": "Wi-Fi"}


def test_files_that_cannot_be_pages_are_quarantined(tmp_path) -> None:
    (tmp_path / "a.md").write_text("# Words\n\nthat are read")
    (tmp_path / "b.png").write_bytes(b"\x89PNG")
    (tmp_path / "c.md").write_bytes(b"")
    (tmp_path / "d.md").write_bytes(b"text\0more")
    (tmp_path / ".hidden.md").write_text("not a page")
    frame, fates = collect(tmp_path)
    assert frame["file"].to_list() == ["a.md"]
    assert fates.select("file", "reason").rows() == [
        ("b.png", "a pages source does not read '.png' files"),
        ("c.md", "the file is empty"),
        ("d.md", "NUL byte at letter 5"),
    ]


def test_a_page_in_another_encoding(tmp_path) -> None:
    (tmp_path / "a.md").write_bytes(("Größe und Maße\n" * 10).encode("cp1252"))
    frame, _ = collect(tmp_path)
    assert "Größe" in frame["text"][0]


def test_the_company_policies(shared_data) -> None:
    folder = shared_data / "company-policies-basecamp"
    files = [p for p in folder.rglob("*") if p.is_file()]
    frame, fates = collect(folder)
    assert fates.is_empty()
    assert len(files) >= 37
    assert set(frame["file"]) == {path.name for path in files}
    assert frame["content_hash"].n_unique() >= len(files)
    pairs = frame.filter(kind="qa")
    assert pairs.height >= 15
    assert pairs["question"].str.ends_with("?").all()
    documents = frame.filter(kind="document")
    assert documents.filter(pl.col("text").str.len_chars() == 0).is_empty()


def test_short_pages_are_one_row_as_ever(shared_data) -> None:
    folder = shared_data / "company-policies-basecamp"
    source = PagesSource(name="kb", path=str(folder / "refund" / "index.md"))
    [path] = source.files(folder)
    [chunk] = source.read(Place.file(path, "index.md", NOW))
    [row] = chunk.frame.iter_rows(named=True)
    assert row["text"] == markdown_page(path.read_text(encoding="utf-8"))["text"]
    assert row["id"] == record_id("kb", "index.md", "page")
    assert (row["thread"], row["source_id"], row["position"]) == (None, None, None)
    assert row["content_hash"] == content_hash(path.read_bytes())


def test_a_folder_without_pages_is_a_problem(tmp_path) -> None:
    (tmp_path / "b.png").write_bytes(b"x")
    assert PagesSource(name="kb", path=".").problems(tmp_path) == [
        ("path", "no Markdown, HTML, text file or office document is there")
    ]


@pytest.mark.parametrize("path", ["missing", "missing/*.md"])
def test_a_missing_folder_is_a_problem(tmp_path, path) -> None:
    [(field, words)] = PagesSource(name="kb", path=path).problems(tmp_path)
    assert field == "path"
    assert "missing" in words
