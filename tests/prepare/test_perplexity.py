from __future__ import annotations

import polars as pl
import pytest

from factory import recipe, tickets, write_csv
from tunesmith import ledger
from tunesmith.errors import MissingExtraError
from tunesmith.evaluate import perplexity
from tunesmith.io import read_json
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load


def test_a_run_without_the_extra_says_so_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(perplexity, "_PACKAGES", ("no_such_package",))
    write_csv(tmp_path / "tickets.csv", tickets(20))
    path = recipe(tmp_path, {"path": "tickets.csv"}, check={"perplexity": {"max_quantile": 0.9}})
    with pytest.raises(MissingExtraError, match="no_such_package"):
        prepare(load(path), tmp_path / "out", SilentProgress())
    assert not (tmp_path / "out").exists()  # nothing was read before


@pytest.mark.slow
def test_rows_are_dropped_before_duplicates_are_merged(tiny_model, tmp_path) -> None:
    rows = tickets(60)
    write_csv(tmp_path / "tickets.csv", rows)
    path = recipe(
        tmp_path,
        {"path": "tickets.csv"},
        model=str(tiny_model.path),
        check={"perplexity": {"max_quantile": 0.8, "max_tokens": 64}},
        dedup={"near": None},
    )
    out = tmp_path / "out"
    made = prepare(load(path), out, SilentProgress())
    dropped = made.ledger.filter(pl.col("step") == "perplexity")
    assert dropped.height == 11  # those above the 49th of 60
    assert (dropped["value"] > dropped["threshold"]).all()
    assert dropped["reason"].unique().to_list() == ["the perplexity is above the quantile 0.8"]
    assert made.counts == ledger.conserve(made.ledger, collected=60)
    assert [step.rows_in for step in made.steps if step.step == "perplexity"] == [60]
    assert "perplexity" not in made.frame.columns
    assert not list((out / "work").glob("perplexity-*/scores"))
    again = prepare(load(path), out, SilentProgress())
    assert again.version.fingerprint == made.version.fingerprint
    assert read_json(next((out / "work").glob("perplexity-*/done.json")))["parts"] == 1
