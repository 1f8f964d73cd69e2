from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

from tunesmith.errors import JobError
from tunesmith.evaluate import perplexity
from tunesmith.progress import SilentProgress

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
