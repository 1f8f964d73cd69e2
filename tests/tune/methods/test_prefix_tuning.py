"""Prefix tuning against the base model that reads the same text, and against itself."""

from __future__ import annotations

from typing import Any

import pytest

from token_rows import SHORT, padded, plain_nll
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import PrefixTuningConfig, PromptTuningConfig
from tunesmith.tune.methods.prefix_tuning import text_ids

torch = pytest.importorskip("torch")

CONFIG = PrefixTuningConfig(virtual_tokens=5, **SHORT)
TEXT = "Answer briefly."


def adapted(model: BaseModel, config: Any) -> Any:
    tokenizer = load_tokenizer(model.path)
    return config.adapt(load_model(model.path, precision="float32"), tokenizer, prompt=TEXT).eval()


@pytest.mark.parametrize(
    "config", [CONFIG, PromptTuningConfig(virtual_tokens=5, **SHORT)], ids=["prefix", "prompt"]
)
def test_what_starts_as_text_is_the_base_model_reading_that_text(
    tiny_model: BaseModel, rows: list[dict[str, list[int]]], encoder: ChatEncoder, config: Any
) -> None:
    from tunesmith.tune.forward import answer_nll

    with torch.no_grad():
        found, count = answer_nll(adapted(tiny_model, config), **padded(rows))
    base = load_model(tiny_model.path, precision="float32").eval()
    begin = text_ids(encoder.tokenizer, TEXT, 5)
    expected = 0.0
    for row in rows:
        with torch.no_grad():
            logits = base(torch.tensor([begin + row["input_ids"]])).logits[0, 5:]
        expected += plain_nll(logits, row["labels"])
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert count == sum(label != -100 for row in rows for label in row["labels"])


@pytest.mark.parametrize(
    ("start", "projection"), [("random", True), ("zero", False), ("zero", True)]
)
def test_the_loss_is_that_of_hand_built_keys_and_values(
    tiny_model: BaseModel, rows: list[dict[str, list[int]]], start: Any, projection: bool
) -> None:
    """Each layer's keys and values from the saved numbers, given to the base model row by row."""
    from peft import get_peft_model_state_dict
    from transformers import DynamicCache

    from tunesmith.tune.forward import answer_nll

    torch.manual_seed(0)
    model = adapted(
        tiny_model, CONFIG.model_copy(update={"start": start, "projection": projection})
    )
    with torch.no_grad():
        found, _ = answer_nll(model, **padded(rows))
        flat = get_peft_model_state_dict(model)["prompt_embeddings"]
    base = load_model(tiny_model.path, precision="float32").eval()
    # (tokens, layers, keys and values, key/value heads, width of a head)
    parts = flat.view(5, 2, 2, 2, 8).permute(1, 2, 3, 0, 4)
    expected = 0.0
    for row in rows:
        cache = DynamicCache([(layer[0][None], layer[1][None]) for layer in parts])
        with torch.no_grad():
            logits = base(torch.tensor([row["input_ids"]]), past_key_values=cache).logits[0]
        expected += plain_nll(logits, row["labels"])
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_projection_that_would_start_from_text_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot start from text"):
        PrefixTuningConfig(projection=True)
    with pytest.raises(ValueError, match="drops the prefix"):
        PrefixTuningConfig(gradient_checkpointing=True)


def test_the_documents_settings() -> None:
    config = PrefixTuningConfig(preset="documents")
    assert (config.virtual_tokens, config.projection, config.max_steps) == (20, True, 1000)
