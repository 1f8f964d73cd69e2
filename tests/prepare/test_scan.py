"""Personal data that is left when the rows are about to be published."""

from __future__ import annotations

import re

import pytest

from factory import recipe, small, tickets, write_csv
from growth import prepared
from tunesmith.errors import QualityGateError
from tunesmith.pipeline import run
from tunesmith.recipe import load


def test_a_leak_that_cleaning_brings_back_fails_the_run(tmp_path) -> None:
    path = small(tmp_path, clean={"terminology": {"collect": "mail help@example.com to collect"}})
    with pytest.raises(QualityGateError, match=r"EMAIL in answer") as caught:
        run(load(path), tmp_path / "out", until="prepare")
    assert caught.value.exit_code == 3
    assert re.search(r"\(first in t\.csv:\d+", caught.value.message), caught.value.message
    assert "help@example.com" not in caught.value.message
    assert not (tmp_path / "out" / "dataset").exists()
    assert not (tmp_path / "out" / "export").exists()


def test_an_allowed_text_is_no_leak(tmp_path) -> None:
    path = small(
        tmp_path,
        clean={
            "terminology": {"collect": "mail help@example.com to collect"},
            "personal_data": {"allow": ["help@example.com"]},
        },
    )
    run(load(path), tmp_path / "out", until="prepare")


def test_a_row_that_was_merged_and_now_stays_is_scanned(tmp_path, monkeypatch) -> None:
    """What stood for it is gone: the leak that its part has held all the time must be found."""
    monkeypatch.setattr("tunesmith.store.parts.CUT_ROWS", 10)
    rows = tickets(60)
    secret = rows.pop(10)
    rows = [row for row in rows if "kettle" not in row["question"]]
    secret["answer"] = "The kettle is on its way and comes on Monday with the other things."
    better = secret | {"number": "B-1"}
    better["answer"] = secret["answer"].replace("kettle", "lamp") + " Thank you for your patience!"
    (tmp_path / "raw").mkdir()
    write_csv(tmp_path / "raw" / "a.csv", [*rows, secret])
    write_csv(tmp_path / "raw" / "b.csv", [better])
    near = {"threshold": 0.5, "shingle_words": 2, "band_rows": 2}
    path = recipe(
        tmp_path,
        {"path": "raw/*.csv"},
        clean={"terminology": {"the kettle": "help@example.com"}},
        dedup={"near": near, "keep": "longest"},
    )
    first = prepared(path, tmp_path / "out")
    assert first.ledger.filter(source_id=secret["number"])["fate"].to_list() == ["merged"]
    assert len(first.rows) > 1  # the part that it is in was scanned, but for it
    (tmp_path / "raw" / "b.csv").unlink()
    with pytest.raises(QualityGateError, match="EMAIL"):
        prepared(path, tmp_path / "out")


def test_what_masking_notes_is_nobodys_name(tmp_path) -> None:
    rows = tickets(30)
    rows[3]["question"] += " I was on 3c:22:fb:9a:10:ee again."
    write_csv(tmp_path / "t.csv", rows)
    path = recipe(tmp_path, {"path": "t.csv"}, clean={"personal_data": {"names": "lists"}})
    kept = prepared(path, tmp_path / "out")
    assert "MAC_ADDRESS×1" in kept.frame["changes"].explode().to_list()
