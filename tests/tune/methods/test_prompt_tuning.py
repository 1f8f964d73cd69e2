"""Prompt tuning against embeddings put together by hand."""

from __future__ import annotations

from typing import Any

import pytest

from token_rows import SHORT, padded, plain_nll
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import PromptTuningConfig
from tunesmith.tune.methods.prefix_tuning import text_ids

torch = pytest.importorskip("torch")

CONFIG = PromptTuningConfig(virtual_tokens=5, **SHORT)
TEXT = "Answer briefly."


def adapted(model: BaseModel, config: PromptTuningConfig) -> Any:
    tokenizer = load_tokenizer(model.path)
    return config.adapt(load_model(model.path, precision="float32"), tokenizer, prompt=TEXT).eval()


@pytest.mark.parametrize("start", ["text", "vocabulary", "random"])
def test_the_loss_is_that_of_embeddings_put_before_the_words(
    tiny_model: BaseModel, rows: list[dict[str, list[int]]], start: Any
) -> None:
    from peft import get_peft_model_state_dict

    from tunesmith.tune.forward import answer_nll

    torch.manual_seed(0)
    model = adapted(tiny_model, CONFIG.model_copy(update={"start": start}))
    with torch.no_grad():
        found, _ = answer_nll(model, **padded(rows))
        learned = get_peft_model_state_dict(model)["prompt_embeddings"]
    base = load_model(tiny_model.path, precision="float32").eval()
    expected = 0.0
    for row in rows:
        words = base.get_input_embeddings()(torch.tensor([row["input_ids"]]))
        with torch.no_grad():
            whole = base(inputs_embeds=torch.cat([learned[None], words], dim=1)).logits[0, 5:]
        expected += plain_nll(whole, row["labels"])
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_short_text_is_repeated(encoder: ChatEncoder) -> None:
    assert text_ids(encoder.tokenizer, "ab", 5) == text_ids(encoder.tokenizer, "ababa", 5)


def test_the_documents_settings() -> None:
    config = PromptTuningConfig(preset="documents")
    assert (config.virtual_tokens, config.start, config.max_steps) == (20, "random", 1000)
