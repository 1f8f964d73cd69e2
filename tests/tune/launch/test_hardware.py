"""What several processes cannot train is refused before anything is loaded."""

from __future__ import annotations

import importlib.util

import pytest

from tunesmith.errors import MissingExtraError, TunesmithError
from tunesmith.tune import FullConfig, LoraConfig, PrefixTuningConfig, PromptTuningConfig
from tunesmith.tune.launch.hardware import check_strategy


@pytest.mark.parametrize("strategy", ["fsdp", "deepspeed"])
def test_weights_in_4_bits_are_not_sharded(strategy: str) -> None:
    with pytest.raises(TunesmithError, match="weights in 4 bits") as caught:
        check_strategy(strategy, LoraConfig(quantize="nf4"), reshard=False)  # type: ignore[arg-type]
    assert "ddp" in str(caught.value.todo)
    check_strategy("ddp", LoraConfig(quantize="nf4"), reshard=True)


@pytest.mark.parametrize("method", [PrefixTuningConfig(), PromptTuningConfig()])
def test_stage_3_is_for_lora_and_full_fine_tuning(
    method: PrefixTuningConfig | PromptTuningConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(TunesmithError, match="prefix and prompt tuning") as caught:
        check_strategy("deepspeed", method, reshard=True)
    assert "reshard: false" in str(caught.value.todo)
    check_strategy("deepspeed", method, reshard=False)
    check_strategy("fsdp", method, reshard=True)
    check_strategy("deepspeed", LoraConfig(), reshard=True)
    check_strategy("deepspeed", FullConfig(), reshard=True)


def test_deepspeed_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="deepspeed"):
        check_strategy("deepspeed", LoraConfig(), reshard=True)
