"""Greedy decoding on a tiny model, against transformers' own `generate`."""

from __future__ import annotations

from typing import Any

import pytest

from token_rows import prompts_of
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder

torch = pytest.importorskip("torch")

from tunesmith.decoding import before_prompt, greedy  # noqa: E402


def test_greedy_equals_transformers_generate_row_by_row(
    model: Any, encoder: ChatEncoder, examples: list[Example]
) -> None:
    """Batched, padded and with rows leaving early; transformers runs each row alone."""
    prompts = prompts_of(encoder, examples[:8])
    first = [int(model(torch.tensor([p])).logits[0, -1].argmax()) for p in prompts]
    # End tokens that some rows reach and others do not.
    stops = frozenset({2, first[0]})
    answers = greedy(model, prompts, stop_ids=stops, pad_id=2, max_new_tokens=12)
    for prompt, answer in zip(prompts, answers, strict=True):
        alone = model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            do_sample=False,
            max_new_tokens=12,
            eos_token_id=sorted(stops),
            pad_token_id=2,
        )[0, len(prompt) :].tolist()
        assert answer.ids + alone[len(answer.ids) :] == alone
        assert answer.stopped == (alone[-1] in stops)
        assert answer.tokens == len(alone)
    assert len({answer.tokens for answer in answers}) > 1


def test_an_answer_does_not_depend_on_its_batch(
    model: Any, encoder: ChatEncoder, examples: list[Example]
) -> None:
    prompts = prompts_of(encoder, examples)
    settings: dict[str, Any] = {"stop_ids": frozenset({2}), "pad_id": 2, "max_new_tokens": 10}
    together = greedy(model, prompts, **settings)
    alone = [greedy(model, [prompt], **settings)[0] for prompt in prompts]
    assert together == alone


def test_only_prompt_learning_puts_something_before_a_prompt(model: Any) -> None:
    from peft import LoraConfig, PromptTuningConfig, get_peft_model

    assert before_prompt(model) is None
    lora = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj"]))
    assert before_prompt(lora) is None
    soft = get_peft_model(
        lora.unload(), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    )
    before = before_prompt(soft)
    assert before is not None
    assert before.tokens == 3
