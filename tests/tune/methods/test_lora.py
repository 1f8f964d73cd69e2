from typing import Any

import pytest
from pydantic import ValidationError

from tunesmith.errors import ModelError
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.tune import LoraConfig

torch = pytest.importorskip("torch")


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


def test_layers_that_the_model_does_not_have_are_named(tiny_model: BaseModel) -> None:
    model, tokenizer = load_model(tiny_model.path), load_tokenizer(tiny_model.path)
    with pytest.raises(ModelError, match="has no layers named c_attn") as error:
        LoraConfig(target=("c_attn", "q_proj")).adapt(model, tokenizer, prompt="")
    assert "down_proj, gate_proj" in error.value.todo


def test_query_and_value_projections_are_found_by_the_type_of_the_model() -> None:
    """GPT-2 has one layer for queries, keys and values."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokens = {"vocab_size": 16, "bos_token_id": 1, "eos_token_id": 2}
    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=2, **tokens))
    adapted: Any = LoraConfig(preset="documents").adapt(model, None, prompt="")  # type: ignore[arg-type]
    learned = {name.split(".lora")[0] for name, p in adapted.named_parameters() if p.requires_grad}
    assert {name.rpartition(".")[2] for name in learned} == {"c_attn"}


@pytest.mark.parametrize("rslora", [False, True])
def test_the_forward_pass_adds_the_scaled_product_of_the_adapters(
    tiny_model: BaseModel, rslora: bool
) -> None:
    """W x + (alpha / r) B A x, with sqrt(r) for rank-stabilised adapters; merged, the same."""
    config = LoraConfig(r=4, alpha=12, rslora=rslora, precision="float32")
    base = load_model(tiny_model.path, precision="float32")
    frozen = base.model.layers[0].mlp.up_proj.weight.detach().clone()
    adapted: Any = config.adapt(base, load_tokenizer(tiny_model.path), prompt="")
    layer = adapted.get_base_model().model.layers[0].mlp.up_proj
    with torch.no_grad():
        for value in (layer.lora_A["default"].weight, layer.lora_B["default"].weight):
            value.normal_(std=0.5)
        x = torch.randn(3, 32)
        product = layer.lora_B["default"].weight @ layer.lora_A["default"].weight
        expected = x @ (frozen + 12 / (2 if rslora else 4) * product).T
        assert torch.allclose(layer(x), expected, atol=1e-4)
        ids = torch.arange(3, 40)[None]
        before = adapted(ids).logits
        assert torch.allclose(adapted.merge_and_unload()(ids).logits, before, atol=1e-3)


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="orthogonal needs an even r"):
        LoraConfig(start="orthogonal", r=3)
