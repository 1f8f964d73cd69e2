"""The ledger of a run in a folder that has one already."""

from __future__ import annotations

import polars as pl
import pytest
import yaml

from factory import recipe, tickets, write_csv
from growth import files, prepared, project
from tunesmith import ledger
from tunesmith.errors import ConservationError
from tunesmith.prepare import ledger as stage
from tunesmith.store.cache import Stage


@pytest.fixture(autouse=True)
def _settled(monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")


def test_files_of_sources_that_alternate_are_one_sorted_ledger(tmp_path) -> None:
    """The source that comes first in the recipe is the last by name; a part holds rows of both."""
    rows = tickets(60)
    for number in range(6):
        write_csv(tmp_path / f"{'zx'[number % 2]}-{number}.csv", rows[10 * number :][:10])
    path = recipe(tmp_path, {"path": "z-*.csv", "name": "zebra"})
    told = yaml.safe_load(path.read_text())
    told["sources"].append(told["sources"][0] | {"path": "x-*.csv", "name": "ant"})
    path.write_text(yaml.safe_dump(told))
    made = prepared(path, tmp_path / "out")
    assert made.ledger.equals(made.ledger.sort(list(ledger.ORDER), nulls_last=True))
    assert made.ledger["source"].unique(maintain_order=True).to_list() == ["ant", "zebra"]
    assert made.counts["collected"] == made.ledger.height == 60


def test_a_lost_fate_fails_the_run(tmp_path, monkeypatch) -> None:
    path = project(tmp_path, dict(zip("ab", files(2), strict=True)))
    whole = Stage.fates_of
    monkeypatch.setattr(Stage, "fates_of", lambda self, number: whole(self, number)[1:])
    with pytest.raises(ConservationError, match="rows were collected but the ledger has"):
        prepared(path, tmp_path / "out")


def test_a_row_with_two_fates_fails_the_run(tmp_path, monkeypatch) -> None:
    """Also where as many rows are missing as are there twice."""
    path = project(tmp_path, dict(zip("ab", files(2), strict=True)))
    removed = stage._removed

    def twice(piece, unique) -> pl.DataFrame:
        fates = removed(piece, unique)
        return pl.concat([fates[:1], fates[:1], fates[2:]])

    monkeypatch.setattr(stage, "_removed", twice)
    with pytest.raises(ConservationError, match="more than one fate"):
        prepared(path, tmp_path / "out")


def test_the_fates_of_rows_that_left_are_those_of_the_ledger(tmp_path) -> None:
    made = prepared(project(tmp_path, dict(zip("abc", files(3), strict=True))), tmp_path / "out")
    assert made.removed.equals(made.ledger.filter(pl.col("fate") != "kept"))
    assert ledger.conserve(made.ledger, collected=made.counts["collected"]) == made.counts
    assert made.counts["dropped"] > 0 < made.counts["merged"]
