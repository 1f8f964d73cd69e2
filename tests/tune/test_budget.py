"""A training that does not fit is refused, and what is advised does fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.models import BaseModel
from tunesmith.tune import (
    FullConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    TrainedConfig,
)
from tunesmith.tune.formats import PreferenceFormat
from tunesmith.tune.launch import LaunchConfig

torch = pytest.importorskip("torch")

#: Rows of the tiny model whose activations outweigh its weights by far.
ROWS = [{"input_ids": [3] * n, "labels": [-100] * (n - 20) + [3] * 20} for n in range(180, 220)]


def budget(model: BaseModel, config: TrainedConfig) -> Any:
    from tunesmith.tune.budget import Budget
    from tunesmith.tune.formats import Encoded

    encoded = Encoded(rows=ROWS, too_long=0)
    return Budget(
        config, model=model.path, encoded=encoded, validation=ROWS[:3], launch=LaunchConfig()
    )


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`room(mib)` sets what is there."""
    from tunesmith.tune import budget

    def give(mib: float) -> None:
        monkeypatch.setattr(budget, "room_mib", lambda: mib)

    return give


def test_what_fits_starts_and_is_told(tiny_model: BaseModel, room: Any) -> None:
    room(1e6)
    told = budget(tiny_model, LoraConfig(max_steps=5)).check(range(20), seed=1)
    assert told["room_mib"] == 1e6
    assert sum(told["parts_mib"].values()) == pytest.approx(told["peak_mib"], abs=1)
    assert told["peak_mib"] == max(told["moments_mib"].values())


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(max_steps=5, batch_size=8),
        FullConfig(max_steps=5, batch_size=8),
        PrefixTuningConfig(max_steps=5, batch_size=6),
        PromptTuningConfig(max_steps=5, batch_size=8),
    ],
    ids=lambda config: config.kind,
)
def test_what_does_not_fit_is_refused_and_what_is_advised_fits(
    tiny_model: BaseModel, room: Any, config: TrainedConfig
) -> None:
    whole = budget(tiny_model, config)
    order = list(range(40))
    peak = whole.predict(config, order).peak_mib
    least = min(whole.predict(other, order).peak_mib for _, other in whole.alternatives())
    assert least < peak
    enough = (least + peak) / 2
    room(enough)
    with pytest.raises(TunesmithError, match="training needs about") as caught:
        whole.check(order, seed=1)
    advice = str(caught.value.todo)
    named = dict(whole.alternatives())
    told = [part for part in named if f"{part} (" in advice]
    assert told
    assert min(whole.predict(named[words], order).peak_mib for words in told) <= enough
    peaks = [float(mib) for mib in re.findall(r"\((\d+) MiB\)", advice)]
    assert all(mib <= enough + 1 for mib in peaks)


def test_nothing_fits_is_said(tiny_model: BaseModel, room: Any) -> None:
    room(1.0)
    with pytest.raises(TunesmithError) as caught:
        budget(tiny_model, LoraConfig(max_steps=5)).check(range(8), seed=1)
    assert "no setting of this model was found that fits" in str(caught.value.todo)


def test_it_can_be_ignored(tiny_model: BaseModel, room: Any) -> None:
    room(1.0)
    config = LoraConfig(max_steps=5, memory="ignore")
    assert budget(tiny_model, config).check(range(8), seed=1)["peak_mib"] > 1


def test_batches_are_cut_from_the_order() -> None:
    from tunesmith.tune.budget import _Sizes
    from tunesmith.tune.memory import Batch

    rows = [{"labels": [-100] * (n - k) + [3] * k} for n, k in ((5, 1), (9, 2), (7, 3))]
    sizes = _Sizes(LoraConfig(max_steps=1), rows)
    cut = sizes.batches([2, 0, 1], size=2, packed=False)
    assert cut == [Batch(2, 7, 4), Batch(1, 9, 2)]
    assert sizes.batches([2, 0, 1], size=2, packed=True) == [Batch(1, 12, 4), Batch(1, 9, 2)]


def test_a_pair_is_two_rows_as_long_as_the_longer() -> None:
    from tunesmith.tune.budget import _Sizes
    from tunesmith.tune.memory import Batch

    pair = {"labels": [-100, 3, 3], "rejected_labels": [-100, 3, 3, 3, 3]}
    config = LoraConfig(max_steps=1, format=PreferenceFormat())
    assert _Sizes(config, [pair]).batches([0], size=1, packed=False) == [Batch(2, 5, 6)]


def test_alternatives_train_on_as_many_rows_a_step(tiny_model: BaseModel) -> None:
    config = FullConfig(max_steps=5, batch_size=6, gradient_accumulation=2)
    for words, other in budget(tiny_model, config).alternatives():
        assert other.batch_size * other.gradient_accumulation == 12, words
        assert "quantize" not in words


def test_the_job_refuses_before_it_loads_the_model(
    train: Any, tmp_path: Path, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunesmith.tune import job

    monkeypatch.setattr(job, "load_model", lambda *_, **__: pytest.fail("it was loaded"))
    room(1.0)
    with pytest.raises(TunesmithError, match="are left"):
        train(LoraConfig(max_steps=2), tmp_path)


def test_a_training_says_what_was_predicted(train: Any, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    result = train(LoraConfig(max_steps=2, precision="float32"), tmp_path, events.append)
    assert events[0]["plan"]["memory"] == result["predicted_memory"]
    assert result["predicted_memory"]["where"] == "cpu"
    assert result["predicted_memory"]["trainable_state_mib"] == pytest.approx(
        result["trainable_parameters"] * (4 + 4 + 8 + 4) / 2**20, abs=0.1
    )
