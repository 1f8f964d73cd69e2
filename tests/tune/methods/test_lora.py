import pytest
from pydantic import ValidationError

from tunesmith.tune import LoraConfig


def test_the_documents_settings_are_there_by_name() -> None:
    config = LoraConfig(preset="documents")
    assert (config.r, config.alpha, config.dropout, config.target) == (16, 32, 0.05, "attention-qv")
    assert (config.batch_size, config.gradient_accumulation, config.warmup) == (4, 4, 100)
    assert (config.max_steps, config.epochs, config.learning_rate) == (1000, None, 2e-4)


def test_a_given_field_wins_over_the_preset() -> None:
    config = LoraConfig(preset="documents", r=8)
    assert (config.r, config.alpha) == (8, 32)


@pytest.mark.parametrize("preset", ["best", "documents"])
def test_either_length_replaces_the_presets(preset: str) -> None:
    by_steps = LoraConfig.model_validate({"preset": preset, "max_steps": 7})
    by_epochs = LoraConfig.model_validate({"preset": preset, "epochs": 3})
    assert (by_steps.max_steps, by_steps.epochs) == (7, None)
    assert (by_epochs.max_steps, by_epochs.epochs) == (None, 3)


def test_a_configuration_survives_json() -> None:
    for config in (LoraConfig(), LoraConfig(preset="documents", target=("q_proj",), max_steps=3)):
        assert LoraConfig.model_validate(config.model_dump(mode="json")) == config


def test_both_lengths_or_a_wrong_preset_are_refused() -> None:
    with pytest.raises(ValidationError, match="not both"):
        LoraConfig(epochs=1, max_steps=1)
    with pytest.raises(ValidationError, match="preset"):
        LoraConfig.model_validate({"preset": "worst"})


def test_epochs_become_steps() -> None:
    config = LoraConfig(epochs=2, batch_size=4, gradient_accumulation=2)
    assert config.total_steps(100) == 25
    assert config.total_steps(1) == 1
