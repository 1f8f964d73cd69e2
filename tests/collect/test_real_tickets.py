"""Tickets in every format, on real files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from tunesmith.collect import TicketSource
from tunesmith.collect.base import Place
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)
OFFICE = "office-docs/markitdown/tests/test_files"

#: File, question, answer, rows.
FILES = {
    "csv": ("bitext-support/tickets.csv", "instruction", "response", 3_442),
    "csv in Shift-JIS": (f"{OFFICE}/test_mskanji.csv", "名前", "住所", 3),
    "json": ("training-formats/alpaca_en_demo.json", ["instruction", "input"], "output", 999),
    "jsonl": ("mt-bench/judge_prompts.jsonl", "system_prompt", "prompt_template", 8),
    "parquet": ("judge-and-bookings/test_data/adults.parquet", "occupation", "class", 48_842),
    "xls": (f"{OFFICE}/test.xls", "Alpha", "Beta", 23),
    "xlsx": (f"{OFFICE}/test.xlsx", "Alpha", "Beta", 23),
}


@pytest.mark.parametrize("form", FILES)
def test_every_format(shared_data, tmp_path, form) -> None:
    path, question, answer, expected = FILES[form]
    given: dict[str, Any] = {"question": question, "answer": answer}
    source = TicketSource(name="tickets", path=path, columns=given)
    assert source.problems(shared_data) == []
    chunks = [
        chunk
        for piece in source.pieces(shared_data, tmp_path, Seen(tmp_path / "seen.json"))
        for chunk in source.read(Place(piece.stretches, NOW))
    ]
    rows = pl.concat([chunk.frame for chunk in chunks])
    assert sum(chunk.fates.height for chunk in chunks) == 0
    assert rows.height == expected
    assert rows["id"].n_unique() == expected
    assert rows["question"].str.len_chars().sum() > 0
    assert not rows["answer"].str.contains("\N{REPLACEMENT CHARACTER}").any()
