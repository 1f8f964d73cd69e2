from __future__ import annotations

import csv
import random

import polars as pl
import pytest
from pydantic import ValidationError

from dedup_frames import Merged, One
from factory import pairs, recipe, tickets, write_csv
from tunesmith.dedup.clusters import find
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.earlier import EarlierRows, write_delta
from tunesmith.errors import TunesmithError
from tunesmith.io import read_json
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load
from tunesmith.store.versions import read_version, versions

CONFIG = DedupConfig(against_versions=True)


def against(frame: pl.DataFrame, *before: pl.DataFrame, folder) -> Merged:
    folders = []
    for number, rows in enumerate(before):
        folders.append(folder / str(number))
        folders[-1].mkdir()
        write_delta(folders[-1], rows, CONFIG, EarlierRows(folders[:-1]))
    found = find(One(frame), CONFIG, earlier=EarlierRows(folders))
    return Merged(*found.outcome(0), found.near_sizes)


@pytest.fixture(scope="module")
def replies(shared_data) -> pl.DataFrame:
    """400 real replies, the last 200 of them near copies of earlier ones."""
    with (shared_data / "bitext-support" / "tickets.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:200]
    dice = random.Random(3)
    copies = []
    for row in rows:
        words = row["response"].split()
        for _ in range(dice.choice([0, 1, 2, 9])):
            words[dice.randrange(len(words))] = f"n{dice.randrange(99)}"
        copies.append(row | {"response": " ".join(words)})
    return pairs(*({"question": r["instruction"], "answer": r["response"]} for r in rows + copies))


def test_new_rows_are_merged_into_earlier_ones(replies, tmp_path) -> None:
    """What merges with an earlier row is what merges with it when all are given at once."""
    first = find(One(replies[:200]), DedupConfig()).outcome(0)[0]
    together = find(One(pl.concat([first, replies[200:]])), DedupConfig()).outcome(0)
    merged = against(replies[200:], first, folder=tmp_path)
    assert set(merged.fates["id"]) | set(first["id"]) >= set(together[1]["id"])
    assert merged.fates.height == together[1].height > 100
    into = set(first["id"]) | set(merged.frame["id"])
    assert set(merged.fates["kept_id"]) <= into
    assert merged.fates.filter(pl.col("step") == "near_duplicates").height > 20
    told = merged.fates.filter(pl.col("reason") == "same text as a row of an earlier version")
    assert told.height > 20
    assert (told["similarity"] == 1).all()
    near = merged.fates.filter(pl.col("step") == "near_duplicates")
    assert (near["similarity"] >= 0.8).all()


def test_rows_of_the_version_stay_and_are_not_compared_again(replies, tmp_path) -> None:
    first = find(One(replies[:200]), DedupConfig()).outcome(0)[0]
    merged = against(replies, first, folder=tmp_path)
    assert set(first["id"]) <= set(merged.frame["id"])
    whole = find(One(replies), DedupConfig()).outcome(0)[1]
    assert merged.fates.height == whole.height


def test_a_chain_of_new_rows_reaches_the_earlier_row(tmp_path) -> None:
    def changed(*places: int) -> str:
        return " ".join("x" if n in places else f"w{n}" for n in range(60))

    frame = pairs(
        *({"question": "why so?", "answer": changed(*at)} for at in ((), (10,), (10, 40)))
    )
    merged = against(frame[1:], frame[:1], folder=tmp_path)
    fates = {row["id"]: row for row in merged.fates.iter_rows(named=True)}
    assert merged.frame.height == 0
    assert fates["row00002"]["matched_id"] == "row00001"
    assert {row["kept_id"] for row in fates.values()} == {"row00000"}


def test_a_changed_row_is_a_new_row(tmp_path) -> None:
    before = pairs({"answer": "We answer the old way to this."}, {"answer": "Something else."})
    after = pairs({"answer": "We answer in another way."}, {"answer": "Something else."})
    merged = against(after, before, folder=tmp_path)
    assert merged.frame["id"].to_list() == ["row00000", "row00001"]


def test_a_row_that_changed_into_another_is_merged_into_it(tmp_path) -> None:
    before = pairs({"answer": "The old answer."}, {"question": "And?", "answer": "Another one."})
    after = pairs({"question": "And?", "answer": "another one!"})
    merged = against(after, before, folder=tmp_path)
    assert merged.fates.select("id", "kept_id").rows() == [("row00000", "row00001")]


def test_each_row_is_indexed_with_the_first_version_that_has_it(replies, tmp_path) -> None:
    against(replies[:1], replies[:150], replies[:200], replies[100:300], folder=tmp_path)
    sizes = [read_json(tmp_path / str(n) / "done.json")["rows"] for n in range(3)]
    assert sizes == [150, 50, 100]


def run(folder, names: list[str]):
    path = recipe(folder, {"path": "*.csv"}, dedup={"against_versions": True})
    for name in list(folder.glob("*.csv")):
        name.unlink()
    rows = tickets(80)
    if "old" in names:
        write_csv(folder / "old.csv", rows[:60])
    if "new" in names:
        copies = [row | {"number": f"N-{row['number']}"} for row in rows[40:]]
        write_csv(folder / "new.csv", copies)
    return prepare(load(path), folder / "out", SilentProgress())


@pytest.mark.parametrize("second", [["new"], ["old", "new"]])
def test_two_runs_in_one_folder(tmp_path, second) -> None:
    first = run(tmp_path, ["old"])
    done = run(tmp_path, second)
    table = tmp_path / "out" / "dataset"
    assert len(versions(table)) == 2
    fates = done.ledger
    merged = fates.filter(pl.col("fate") == "merged")
    assert merged.height == 20
    assert set(merged["matched_id"]) <= set(first.frame["id"])
    assert all(name.startswith("N-") for name in merged["source_id"])
    again = run(tmp_path, second)
    assert again.ledger.equals(fates)
    assert len(versions(table)) == 2
    assert read_version(table).height == (20 if second == ["new"] else 80)


def test_a_version_that_is_not_there(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(9))
    given = recipe(tmp_path, {"path": "t.csv"}, dedup={"against_versions": [4]})
    with pytest.raises(TunesmithError, match="there is no version 4") as told:
        prepare(load(given), tmp_path / "out", SilentProgress())
    assert f"tunesmith versions --out {tmp_path / 'out'}" in told.value.message


def test_it_needs_both_kinds() -> None:
    with pytest.raises(ValidationError, match="needs both"):
        DedupConfig(against_versions=True, near=None)
