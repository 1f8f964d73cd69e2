"""The recipes for the Bitext tickets are right, and tune in every way with equal budgets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunesmith.recipe import check, load
from tunesmith.tune import TrainedConfig

BITEXT = Path(__file__).parents[2] / "examples" / "bitext"


@pytest.mark.parametrize("name", ["recipe", "methods"])
def test_a_recipe_has_no_mistake(shared_data: Path, name: str) -> None:
    loaded = load(BITEXT / f"{name}.yaml")
    check(loaded)


def test_every_way_of_tuning_has_the_same_budget() -> None:
    methods = load(BITEXT / "methods.yaml").recipe.methods
    tuned = {name: one for name, one in methods.items() if isinstance(one, TrainedConfig)}
    assert list(tuned) == ["full", "lora", "instruction", "prefix", "prompt"]
    assert {(one.max_steps, one.batch_size, one.seed) for one in tuned.values()} == {(120, 4, None)}
    assert all(one.learning_rate == "auto" for one in tuned.values())
