"""Merging again after settings, or what rows are held against, have changed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from factory import recipe, tickets, write_csv
from growth import prepared


def project(folder: Path, **dedup: object) -> Path:
    """Sixty tickets, and ten of them once more with a word changed."""
    rows = tickets(60)
    copies = [
        row | {"number": f"N-{row['number']}", "answer": row["answer"].replace("Sorry", "Regrets")}
        for row in rows[:10]
    ]
    write_csv(folder / "t.csv", rows + copies)
    return recipe(folder, {"path": "t.csv"}, dedup=dedup)


@pytest.mark.parametrize("held", [False, True])
def test_other_settings_merge_other_rows(tmp_path, held, monkeypatch) -> None:
    """Rows of the version that the same rows have made are no earlier rows."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    path = project(tmp_path, against_versions=held)
    strict = prepared(path, tmp_path / "out", "dedup.near.threshold=1")
    assert strict.counts["merged"] == 0
    loose = prepared(path, tmp_path / "out", "dedup.near.threshold=0.6")
    assert loose.counts["merged"] == 10
    fresh = prepared(path, tmp_path / "fresh", "dedup.near.threshold=0.6")
    assert loose.ledger.drop("split").equals(fresh.ledger.drop("split"))  # rows keep their splits


def test_a_set_whose_rows_changed_is_held_against_again(tmp_path) -> None:
    path = project(tmp_path, against=[{"path": "eval.csv", "match": "question"}])
    rows = tickets(60)
    for chosen in (rows[20:22], rows[30:35]):
        write_csv(tmp_path / "eval.csv", chosen)
        made = prepared(path, tmp_path / "out")
        gone = made.ledger.filter(pl.col("step") == "against")
        assert set(gone["source_id"]) == {row["number"] for row in chosen}


def test_near_duplicates_that_are_not_merged_share_a_split(tmp_path) -> None:
    """Their questions differ: only the pair as a whole says so."""
    rows, copies = tickets(60), []
    for number, row in enumerate(rows):
        steps = " ".join(f"step {number * step % 101} and {step}" for step in range(1, 40))
        row["answer"] = f"{row['answer']} {steps}"
        question = f"Lost again, my dear people of matter {number}: whom do I ask?"
        named = {"number": f"N-{number}", "customer": f"other {number}"}
        copies.append(row | named | {"question": question})
    write_csv(tmp_path / "t.csv", rows + copies)
    path = recipe(tmp_path, {"path": "t.csv"}, dedup={"near": None})
    made = prepared(path, tmp_path / "out").frame
    split = dict(made.select("source_id", "split").iter_rows())
    assert len(set(split.values())) == 3
    assert all(split[f"T-{number}"] == split[f"N-{number}"] for number in range(60))
