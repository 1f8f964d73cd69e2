"""Real office files and papers: what comes in, what does not, and how near the text is."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "extraction.py"


def test_the_office_files(shared_data, collect) -> None:
    folder = shared_data / "office-docs" / "markitdown"
    rows, fates = collect(folder)
    read = Counter(Path(file).suffix for file in rows["file"].unique())
    assert read == {".pdf": 6, ".md": 5, ".docx": 4, ".html": 3, ".xlsx": 1, ".xls": 1,
                    ".pptx": 1, ".epub": 1}  # fmt: skip
    assert Counter(fates["reason"]) == {
        "the file is empty": 1,
        "all 3 pages are images without text (scanned)": 1,
        "an archive that is no document and no export: unpack it": 1,
        "an Outlook message: a mail source reads it": 1,
        "its JSON has no pages of Confluence": 1,
        "a pages source does not read '.xml' files": 1,
        "a pages source does not read '.csv' files": 1,
    }


def test_office_files_with_pictures(shared_data, collect) -> None:
    rows, fates = collect(shared_data / "office-docs" / "markitdown-ocr")
    files = [p for p in (shared_data / "office-docs" / "markitdown-ocr").rglob("*") if p.is_file()]
    assert len(set(rows["file"]) | set(fates["file"])) == len(files)
    scanned = fates.filter(fates["reason"].str.contains("scanned"))
    assert scanned.height >= 3
    assert set(scanned["position"]) <= {None, "page 1", "slide 1", "slide 2", "slide 3"}


@pytest.mark.slow
def test_the_texts_come_near_what_is_expected(shared_data) -> None:
    spec = importlib.util.spec_from_file_location("extraction", BENCHMARK)
    extraction = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["extraction"] = extraction
    spec.loader.exec_module(extraction)
    figures = extraction.measure(shared_data)
    ours = {one.case: one for one in figures if one.method == "tunesmith"}
    plain = {one.case: one for one in figures if one.method == "plain"}
    assert len(ours) == 10
    for name, one in ours.items():
        assert one.f1 >= plain[name].f1, name
        assert one.order >= plain[name].order, name
        assert one.order >= 0.9, name
    office = [one for one in figures if one.method == "tunesmith"][:6]
    assert min(one.order for one in office) >= 0.99
