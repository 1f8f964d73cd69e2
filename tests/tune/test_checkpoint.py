"""Optimizer, schedule and random numbers come back from a checkpoint with the bits they had."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tunesmith.tune.checkpoint import (  # noqa: E402
    load_optimizer,
    load_random,
    load_scheduler,
    save_optimizer,
    save_random,
    save_scheduler,
)

NAMES = ["a.weight", "a.bias", "unused"]


def make(learning_rate: float = 1e-2) -> tuple[list[Any], Any, Any]:
    """Three parameters, the last of which never gets a gradient, an optimizer and a schedule."""
    parameters = [torch.nn.Parameter(torch.ones(shape)) for shape in ((3, 5), (7,), (2,))]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.8, 0.95), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (step + 3))
    return parameters, optimizer, schedule


def step(parameters: list[Any], optimizer: Any, schedule: Any, *, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters[:2]:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()
    schedule.step()


def test_optimizer_and_schedule_go_on_bit_for_bit(tmp_path: Path) -> None:
    one = make()
    for seed in range(3):
        step(*one, seed=seed)
    save_optimizer(tmp_path, one[1], names=NAMES)
    save_scheduler(tmp_path, one[2])
    other = make(learning_rate=0.5)
    with torch.no_grad():
        for mine, saved in zip(other[0], one[0], strict=True):
            mine.copy_(saved)
    load_optimizer(tmp_path, other[1], names=NAMES)
    load_scheduler(tmp_path, other[2])
    assert other[1].param_groups[0]["betas"] == (0.8, 0.95)
    assert other[1].param_groups[0]["lr"] == one[1].param_groups[0]["lr"]
    for seed in range(3, 6):
        step(*one, seed=seed)
        step(*other, seed=seed)
    assert all(torch.equal(a, b) for a, b in zip(one[0], other[0], strict=True))
    assert other[2].state_dict() == one[2].state_dict()


def test_moments_find_their_parameter_by_name(tmp_path: Path) -> None:
    parameters, optimizer, schedule = make()
    step(parameters, optimizer, schedule, seed=0)
    save_optimizer(tmp_path, optimizer, names=NAMES)
    swapped = torch.optim.AdamW([parameters[1], parameters[0], parameters[2]], fused=True)
    names = ["a.bias", "a.weight", "unused"]
    load_optimizer(tmp_path, swapped, names=names)
    for parameter in parameters[:2]:
        for kind in ("exp_avg", "exp_avg_sq", "step"):
            assert torch.equal(swapped.state[parameter][kind], optimizer.state[parameter][kind])
    with pytest.raises(KeyError, match=r"a\.bias"):
        load_optimizer(tmp_path, swapped, names=["other", "a.weight", "unused"])


def draw() -> list[float]:
    """An odd number of normal ones: Python and NumPy make them in pairs and keep the second."""
    values = [random.random(), random.gauss(), float(np.random.normal()), float(np.random.rand())]
    return [*values, *torch.randn(3).tolist()]


def test_random_numbers_go_on_where_they_were(tmp_path: Path) -> None:
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    draw()
    save_random(tmp_path)
    expected = [draw() for _ in range(3)]
    load_random(tmp_path)
    assert [draw() for _ in range(3)] == expected
    assert draw() != expected[0]
