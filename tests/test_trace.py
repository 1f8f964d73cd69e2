from __future__ import annotations

import polars as pl
import pytest

from factory import recipe, tickets, write_csv
from tunesmith.io import read_json, write_json
from tunesmith.pipeline import run
from tunesmith.recipe import load
from tunesmith.trace import trace


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trace")
    rows = tickets(60)
    rows.append(rows[4] | {"number": "T-copy"})
    rows.append(rows[5] | {"number": "T-short", "answer": "ok"})
    write_csv(folder / "t.csv", rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNESMITH_SECRET", "a secret for tests only")
        run(load(recipe(folder, {"path": "t.csv"})), folder / "out", until="prepare")
    return folder / "out"


def test_a_merged_row_names_the_row_that_stands_for_it(made) -> None:
    [story] = trace(made, "T-copy")
    words = "\n".join(story.sentences())
    assert "merged     same text: matched" in words
    [kept] = trace(made, story.row["kept_id"])
    assert kept.row["source_id"] == "T-4"
    assert "stands for" in "\n".join(kept.sentences())


def test_a_dropped_row_says_what_was_measured(made) -> None:
    [story] = trace(made, "T-short")
    assert (
        story.sentences()[-1]
        == "dropped    at qa_pairs: the answer is too short (letters) (2, limit 20)"
    )


def test_a_row_is_found_by_id_by_its_beginning_and_by_its_place(made) -> None:
    ledger = pl.read_parquet(made / "ledger.parquet")
    row = ledger.filter(pl.col("source_id") == "T-7").row(0, named=True)
    for wanted in (row["id"], row["id"][:8], f"t.csv:{row['line']}", "T-7"):
        assert [story.row["id"] for story in trace(made, wanted)] == [row["id"]]


def test_the_models_that_learned_from_a_row_are_named(made) -> None:
    dataset = read_json(made / "run.json")["dataset"]
    for name, split in (("lora", "train"), ("base", None)):
        write_json(
            made / "methods" / name / "lineage.json",
            {
                "dataset": dataset,
                "model": {},
                "learned_from": ["knowledge", split],
                "shown_examples_from": None,
            },
        )
    old = dataset | {"fingerprint": "of another version"}
    write_json(
        made / "methods" / "old" / "lineage.json",
        {"dataset": old, "model": {}, "learned_from": ["train"], "shown_examples_from": None},
    )
    ledger = pl.read_parquet(made / "ledger.parquet")
    learned = ledger.filter(pl.col("split") == "train")["id"][0]
    tested = ledger.filter(pl.col("split") == "test")["id"][0]
    assert trace(made, learned)[0].models == ["lora"]
    assert trace(made, tested)[0].models == []
