"""What `tune` says of a finished training."""

from __future__ import annotations

from typing import Any

from tunesmith.tune.api import _kept


def training(*losses: float, kept: int, steps: int = 3) -> dict[str, Any]:
    validation = [{"step": step, "loss": loss} for step, loss in enumerate(losses)]
    return {
        "steps": steps, "kept_step": kept, "kept_loss": losses[kept], "validation": validation,
        "settings": {"learning_rate": 2e-3},
    }  # fmt: skip


def test_weights_that_are_not_the_last_are_told() -> None:
    assert _kept(training(2.0, 1.5, 1.4, 1.3, kept=3)) == []
    assert _kept(training(2.0, 1.2, 1.4, 1.3, kept=1)) == [
        "saved are the weights of step 1, whose validation loss 1.200 is the lowest"
    ]


def test_a_training_that_gained_nothing_is_told_with_a_rate_to_try() -> None:
    [said] = _kept(training(2.0, 3.0, 3.0, 2.5, kept=3))
    assert "validation loss of the untrained model, 2.000, was never beaten" in said
    assert "Try learning_rate: 2e-04, or learning_rate: auto" in said
    without = {**training(2.0, kept=0, steps=0), "kept_loss": None, "validation": []}
    assert _kept(without) == []
