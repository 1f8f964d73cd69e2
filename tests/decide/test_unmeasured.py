"""Settings that ask for what is never measured are refused before anything runs."""

from __future__ import annotations

import pytest

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.unmeasured import problems
from tunesmith.evaluate.config import EvaluateConfig


@pytest.mark.parametrize(
    ("decide", "evaluate", "place", "said"),
    [
        ({"metric": "accuracy"}, {}, "decide.metric", "accuracy is not measured"),
        ({"limits": {"min_quality": 40}}, {}, "decide.limits.min_quality", "between 0 and 1"),
        ({"strategy": {"wanted_quality": 2}}, {}, "decide.strategy.wanted_quality", "never"),
        ({"limits": {"max_forgetting": 1.1}}, {"forgetting": None},
         "decide.limits.max_forgetting", "evaluate.forgetting is null"),
        ({}, {"cross_validation": {"methods": ["lorra"]}},
         "evaluate.cross_validation.methods", "lorra; there are base, lora"),
    ],
)  # fmt: skip
def test_what_is_never_measured_is_refused(
    decide: dict[str, object], evaluate: dict[str, object], place: str, said: str
) -> None:
    found = problems(DecideConfig(**decide), EvaluateConfig(**evaluate), ["base", "lora"])  # type: ignore[arg-type]
    assert [".".join(where) for where, _ in found] == [place]
    assert said in found[0][1]


@pytest.mark.parametrize(
    "decide",
    [{}, {"metric": "bleu", "limits": {"min_quality": 40}}, {"limits": {"max_forgetting": 1.1}}],
)
def test_what_can_be_reached_is_not_refused(decide: dict[str, object]) -> None:
    assert problems(DecideConfig(**decide), EvaluateConfig(), ["base"]) == []  # type: ignore[arg-type]
