"""Invented methods of known quality, measured on the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.scorecard import Method, scorecard

EVALUATION = EvaluateConfig(resamples=1000, metrics=("token_f1", "perplexity"))
LABELS = {"base": "Base model", "few_shot": "Few-shot, 4 examples", "lora": "LoRA, r 16"}


def make_predictions(quality, n, seed):
    """Answers that share about `quality` of their 20 words with the reference."""
    tickets, answers = np.random.default_rng(100), np.random.default_rng(seed)
    out = []
    for i in range(n):
        reference = [f"word{number}" for number in tickets.integers(0, 300, 20)]
        hard = tickets.normal(0, 0.1)
        keep = answers.random(20) < np.clip(quality + hard, 0, 1)
        words = [word if kept else "other" for word, kept in zip(reference, keep, strict=True)]
        out.append(
            {
                "id": f"t{i:04d}", "category": f"category {i % 6}", "group": None,
                "question": f"question {i}", "reference": " ".join(reference),
                "prediction": " ".join(words), "tokens_in": 40, "tokens_out": 20,
                "finish": "stop", "latency_s": None,
                "reference_nll": 20 * (2 - quality) + answers.normal(), "reference_tokens": 20,
            }
        )  # fmt: skip
    return out


def make_card(
    name, predictions, *, tokens_per_s=40.0, training_s=600.0, kind=None, evaluation=EVALUATION
):
    kind = kind or name
    return scorecard(
        Method(name=name, kind=kind, label=LABELS.get(kind, name)),
        predictions,
        config=evaluation,
        training=None if kind in {"base", "few_shot"} else {"seconds": training_s},
        generation={"seconds": 999.0, "tokens_per_s": tokens_per_s},
    )


@pytest.fixture
def world():
    """`world(qualities, n, **settings)` gives (decision, scorecards, predictions)."""

    def make(
        qualities, n=120, *, speeds=None, training_s=600.0, seed=0, evaluation=None, **settings
    ):
        rows = {
            name: make_predictions(quality, n, seed * 10 + place + 1)
            for place, (name, quality) in enumerate(qualities.items())
        }
        evaluation = evaluation or EVALUATION
        cards = [
            make_card(
                name,
                rows[name],
                tokens_per_s=(speeds or {}).get(name, 40.0),
                training_s=training_s,
                evaluation=evaluation,
            )
            for name in qualities
        ]
        return decide(cards, rows, DecideConfig(**settings), evaluation=evaluation), cards, rows

    return make


EXACT = EvaluateConfig(resamples=1000, metrics=("exact_match",))


@pytest.fixture
def answered():
    """`answered({NAME: (kind, answers)}, **settings)`: right, wrong, or None for no answer."""

    def make(methods, *, generation=None, measured=None, **settings):
        rows, cards = {}, []
        for name, (kind, answers) in methods.items():
            rows[name] = [
                {
                    "id": f"t{i:04d}", "category": "c", "group": None, "question": "q",
                    "reference": "yes",
                    "prediction": None if right is None else "yes" if right else "no",
                    "tokens_in": 40, "tokens_out": 20, "finish": "stop", "latency_s": None,
                    "reference_nll": None, "reference_tokens": None,
                }
                for i, right in enumerate(answers)
            ]  # fmt: skip
            cards.append(
                scorecard(
                    Method(name=name, kind=kind, label=name),
                    rows[name],
                    config=EXACT,
                    training=None
                    if kind in {"base", "few_shot", "endpoint"}
                    else {"seconds": 60.0},
                    generation={
                        "seconds": 30.0,
                        "tokens_per_s": 40.0,
                        **(generation or {}).get(name, {}),
                    },
                )
            )
        config = DecideConfig(**{"metric": "exact_match", **settings})
        return decide(cards, rows, config, evaluation=EXACT, measured=measured), cards, rows

    return make
