"""Texts that nobody would write, through the whole of `prepare`: bounded time, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from factory import recipe
from tunesmith import ledger
from tunesmith.io import read_json

#: One text each is repeated: where a search begins again and again, or backtracks, it shows.
BOMBS = (
    "a", " ", "\n", "\t", "😀", "👨‍👩‍👧", "\u202eabc שלום مرحبا ", "a\u0301", "\u00a0", "donâ€™t ", "Ã",
    "<script><!-- -->", "<style><script>", "<a ", "<", "<!--", "<pre>", "&amp;", "&a", "`", "``a```", "```\na\n",
    "a\n\n    b\n", "\n    ", "> a\n", "On 1 " + "a" * 200 + "\n", "From: a\n", "--\n", "-", "_", "Thanks\n",
    "https://x.y/?utm_a=1&", "&utm_a=1", "https://google.com/url?", "—", "“", "log ", "log in ",
    "This is a line of some words.\n", "1", "1.", "a:", ":", "+", "(", "DE", "ssn", "://a", "a://b", "@", "/", "=",
    "a@a@", "a@b.co", "a@b.co ", "Dear Jane Doe, ", "my name is jane ", "12 Main Street, ", "Room 5 ",
    "+49 30 1234567 ", "555-0112", "4111 1111 1111 1111 ", "DE89 ", "password=a1 ", "call 1234567 ",
)  # fmt: skip
SHORT = ("a", "😀", "\u200b", "?", "\u202e", "\ufeff", "é", "0")
OPTIONS = {
    "tracking_links": True,
    "quoted_replies": True,
    "signatures": True,
    "boilerplate": {"min_rows": 2},
    "quotes": "straighten",
    "dashes": "straighten",
    "terminology": {"log in": "sign in", "a b": "c"},
    "special_cases": [{"find": "(a+)+$", "replace": "x", "regex": True}],
}
#: Nothing is thrown out for its length, so that every stage to the last sees every text.
LENIENT = {
    "qa_pairs": None,
    "qa": {"max_repetition": None, "min_language_confidence": None},
}


#: Runs a command that the kernel kills after so many CPU seconds: a busy machine changes nothing.
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""


def prepared(folder: Path, texts: list[str], deadline_s: int, **settings: object) -> pl.DataFrame:
    """The ledger of a run over texts as answers and, the shorter ones, as questions.

    Each process of the run has `deadline_s` CPU seconds.
    """
    with (folder / "t.jsonl").open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            question = text if len(text) <= 20_000 else "What is this?"
            row = {"number": str(number), "question": question, "answer": text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    columns = {"question": "question", "answer": "answer", "id": "number"}
    source = {"path": "t.jsonl", "columns": columns, "max_line_mib": 256}
    path = recipe(folder, source, **{"clean": OPTIONS, "check": LENIENT} | settings)
    limited = [sys.executable, "-c", LIMITED, str(deadline_s)]
    command = [*limited, sys.executable, "-m", "tunesmith", "prepare", str(path), "--quiet"]
    done = subprocess.run(
        [*command, "--out", str(folder / "out")],
        env=os.environ, capture_output=True, text=True, check=False, timeout=20 * deadline_s,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    counts = read_json(folder / "out" / "run.json")["counts"]
    assert counts["collected"] == len(texts) == sum(counts[fate] for fate in ledger.FATES)
    return pl.read_parquet(folder / "out" / "ledger.parquet")


def test_bombs_and_single_letters_end_in_time_and_nothing_is_lost(tmp_path) -> None:
    texts = [bomb * (200_000 // len(bomb.encode())) for bomb in BOMBS] + list(SHORT)
    texts += ["<script><!-- -->" * 125_000]  # where time grows with the square: four minutes
    fates = prepared(tmp_path, texts, deadline_s=60)
    assert sorted(fates["line"]) == list(range(1, len(texts) + 1))
    for row in fates.filter(pl.col("fate") == "dropped").iter_rows(named=True):
        assert row["reason"] in {"the answer is missing", "the question is missing"}


def test_a_file_of_single_letters_is_dropped_row_by_row(tmp_path) -> None:
    fates = prepared(tmp_path, list(SHORT), deadline_s=60, clean={}, check={})
    assert fates["fate"].to_list() == ["dropped"] * len(SHORT)
    assert fates["reason"].null_count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["a", "The quick brown fox. ", "😀", "<script><!-- -->", "\u202e👋 "]
)
def test_fifty_megabytes_in_one_text(tmp_path, unit) -> None:
    text = unit * (50_000_000 // len(unit.encode()))
    fates = prepared(tmp_path, ["A short text beside it.", text], deadline_s=150)
    assert fates.height == 2
