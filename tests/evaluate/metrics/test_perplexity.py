from __future__ import annotations

import math

import numpy as np
import pytest

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS

CONFIG = EvaluateConfig()


def test_perplexity_weighs_tokens_not_rows():
    predictions = [
        {"prediction": "", "reference": "", "reference_nll": nll, "reference_tokens": tokens}
        for nll, tokens in [(10.0, 10), (90.0, 30), (None, None), (5.0, 0), (math.inf, 3)]
    ]
    statistics = METRICS["perplexity"].rows(predictions, CONFIG)
    assert np.isnan(statistics).any(axis=1).tolist() == [False, False, True, True, True]
    figure = METRICS["perplexity"].figure(statistics[:2].sum(axis=0))
    assert figure == pytest.approx(math.exp(100 / 40))
