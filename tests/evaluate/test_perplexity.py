from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

from factory import recipe, tickets, write_csv
from tunesmith import ledger, prepare
from tunesmith.errors import JobError, MissingExtraError
from tunesmith.evaluate import perplexity
from tunesmith.io import read_json
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

pytestmark = pytest.mark.slow
TEXTS = ["Where is my parcel?", None, "It left on Friday and comes today.", "", "Where is my parcel?", "ok"]  # fmt: skip


def scores(texts, model, work: Path, **settings) -> pl.Series:
    plain = {"max_tokens": 64, "batch_size": 2, "progress": SilentProgress()}
    return perplexity.perplexities(
        pl.Series(texts, dtype=pl.String), model=model, work=work, **(plain | settings)
    )


def test_scores_are_those_of_the_models_own_loss(tiny_model, tmp_path) -> None:
    import torch

    from tunesmith.models import load_model, load_tokenizer

    found = scores(TEXTS, tiny_model, tmp_path / "work", precision="float32")
    model, tokenizer = (
        load_model(tiny_model.path, precision="float32"),
        load_tokenizer(tiny_model.path),
    )
    for text, score in zip(TEXTS, found, strict=True):
        if not text:
            assert score is None
            continue
        ids = torch.tensor(
            [[tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]]
        )
        with torch.inference_mode():
            expected = math.exp(float(model(input_ids=ids, labels=ids).loss))
        assert score == pytest.approx(expected, rel=1e-3)


def test_a_killed_job_goes_on_where_it_was(tiny_model, tmp_path) -> None:
    work = tmp_path / "work"
    texts = [f"The parcel number {n} is late." for n in range(40)]
    whole = scores(texts, tiny_model, work, batch_size=1)
    parts = sorted(work.glob("part-*.json"))
    assert len(parts) == 3
    kept = parts[0].stat().st_mtime_ns
    parts[1].unlink()
    assert scores(texts, tiny_model, work, batch_size=1).to_list() == whole.to_list()
    assert parts[0].stat().st_mtime_ns == kept


def test_a_model_that_cannot_be_read_is_one_error(tmp_path, tiny_model) -> None:
    broken = type(tiny_model)("x", tmp_path / "nowhere", "x", "folder")
    with pytest.raises(Exception, match="tokenizer cannot be read") as caught:
        scores(["text"], broken, tmp_path / "work")
    assert not isinstance(caught.value, JobError)


def test_nothing_to_read_needs_no_model(tmp_path, tiny_model) -> None:
    broken = type(tiny_model)("x", tmp_path / "nowhere", "x", "folder")
    assert scores([None, "  "], broken, tmp_path / "work").to_list() == [None, None]
    assert not (tmp_path / "work").exists()


def test_a_run_without_the_extra_says_so_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(perplexity, "_PACKAGES", ("no_such_package",))
    write_csv(tmp_path / "tickets.csv", tickets(20))
    path = recipe(tmp_path, {"path": "tickets.csv"}, check={"perplexity": {"max_quantile": 0.9}})
    with pytest.raises(MissingExtraError, match="no_such_package"):
        prepare.prepare(load(path), tmp_path / "out", SilentProgress())


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
    made = prepare.prepare(load(path), out, SilentProgress())
    dropped = made.ledger.filter(pl.col("step") == "perplexity")
    assert dropped.height == 11  # those above the 49th of 60
    assert (dropped["value"] > dropped["threshold"]).all()
    assert dropped["reason"].unique().to_list() == ["the perplexity is above the quantile 0.8"]
    assert made.counts == ledger.conserve(made.ledger, collected=60)
    assert [step.rows_in for step in made.steps if step.step == "perplexity"] == [60]
    assert "perplexity" not in made.frame.columns
    assert not list((out / "work").glob("perplexity-*/scores"))
    again = prepare.prepare(load(path), out, SilentProgress())
    assert again.version.fingerprint == made.version.fingerprint
    assert read_json(next((out / "work").glob("perplexity-*/done.json")))["parts"] == 1
