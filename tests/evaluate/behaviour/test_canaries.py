from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith.evaluate.behaviour.canaries import exposure, others
from tunesmith.evaluate.behaviour.config import AuditConfig, Canary


def test_exposure_is_that_of_the_paper() -> None:
    """Carlini et al. 2019, definition 1: log2 |R| - log2 rank."""
    assert exposure([1.0, *range(2, 257)]) == pytest.approx(math.log2(256))
    assert exposure([300.0, *range(255)]) == pytest.approx(0)
    assert exposure([127.5, *range(255)]) == pytest.approx(math.log2(256) - math.log2(129))
    assert exposure([5.0, 5.0, 5.0, 5.0]) == pytest.approx(math.log2(4) - math.log2(2.5))


def test_what_was_not_learned_stands_out_by_chance_alone() -> None:
    rng = np.random.default_rng(5)
    bits = np.array([exposure(rng.normal(size=256).tolist()) for _ in range(4000)])
    for b in (1, 2, 4):
        assert np.mean(bits >= b) == pytest.approx(2.0**-b, abs=0.02)


@given(st.from_regex(r"[A-Z]{3}-[0-9]{4} [a-z]{2}", fullmatch=True), st.integers(1, 300))
def test_candidates_have_the_form_of_the_secret(secret, count) -> None:
    found = others(secret, count, "seed")
    assert found == others(secret, count, "seed")
    assert len(set(found)) == count
    assert secret not in found
    assert all(re.fullmatch(r"[A-Z]{3}-[0-9]{4} [a-z]{2}", one) for one in found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "123"},
        {"secret": "ÄÖÜÄÖÜÄÖ", "answer": "ÄÖÜÄÖÜÄÖ"},
        {"answer": "It is not here."},
        {"answer": "QX7721 QX7721"},
    ],
)
def test_secrets_that_tell_nothing_are_refused(wrong) -> None:
    good = {"name": "vault", "question": "Which?", "answer": "It is QX7721.", "secret": "QX7721"}
    Canary.model_validate(good)
    with pytest.raises(ValidationError):
        Canary.model_validate(good | wrong)
    with pytest.raises(ValidationError, match="two canaries are named vault"):
        AuditConfig.model_validate({"canaries": [good, good]})
