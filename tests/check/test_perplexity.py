from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from factory import pairs
from tunesmith.check.perplexity import SCORES, Perplexity
from tunesmith.step import apply

SCORE = st.none() | st.floats(1, 1e6)


def scored(scores, kinds=None):
    frame = pairs(*({"kind": kind} for kind in kinds or ["qa"] * len(scores)))
    return frame.with_columns(frame["id"].alias("who")).with_columns(
        **{SCORES: pl.Series(scores, dtype=pl.Float64)}
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(SCORE, min_size=1, max_size=40), st.floats(0.05, 0.95))
def test_a_quantile_drops_no_more_than_its_share(scores, quantile) -> None:
    frame = scored(scores)
    outcome = apply([Perplexity(max_quantile=quantile)], frame)
    assert outcome.frame.height + outcome.fates.height == frame.height
    known = [score for score in scores if score is not None]
    assert outcome.fates.height <= (1 - quantile) * len(known) + 1e-9
    if outcome.fates.height:
        assert min(outcome.fates["value"]) > max(
            score for score in outcome.frame[SCORES] if score is not None
        )


def test_kinds_are_judged_apart() -> None:
    frame = scored([10.0, 20.0, 900.0, 1000.0], ["qa", "qa", "document", "document"])
    gone = apply([Perplexity(max_quantile=0.5)], frame).fates
    assert gone.height == 0  # of two, neither lies above the higher median
    gone = apply([Perplexity(max_perplexity=15, records=("qa",))], frame).fates
    assert gone.select("value", "threshold", "reason").rows() == [
        (20.0, 15.0, "the perplexity is too high")
    ]


def test_it_needs_a_limit() -> None:
    with pytest.raises(ValidationError, match=r"max_quantile such as 0\.99"):
        Perplexity()
    with pytest.raises(ValidationError, match="records names no kind"):
        Perplexity(max_perplexity=100, records=())
