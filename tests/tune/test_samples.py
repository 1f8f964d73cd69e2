"""Rows answered while a model trains, beside transformers' own generate and evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from token_rows import PROMPT
from tunesmith.answers import token_f1
from tunesmith.decoding import greedy
from tunesmith.models import BaseModel, load_model
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune.formats import encode_examples
from tunesmith.tune.samples import Sample, Sampler, sample_rows

torch = pytest.importorskip("torch")


def row(*runs: tuple[int, bool]) -> dict[str, list[int]]:
    """A row of runs of tokens, labelled or not; each token is its place."""
    labelled = [learned for length, learned in runs for _ in range(length)]
    ids = list(range(len(labelled)))
    return {
        "input_ids": ids,
        "labels": [i if on else -100 for i, on in zip(ids, labelled, strict=True)],
    }


def test_the_last_labelled_run_is_the_answer() -> None:
    assert sample_rows([row((3, False), (2, True))], 4) == [Sample([0, 1, 2], [3, 4])]
    turns = row((2, False), (2, True), (3, False), (1, True), (2, False))
    assert sample_rows([turns], 1) == [Sample([0, 1, 2, 3, 4, 5, 6], [7])]
    assert sample_rows([row((4, True)), row((4, False))], 2) == []
    rows = [row((n, False), (1, True)) for n in range(1, 9)]
    assert [len(s.prompt) for s in sample_rows(rows, 2)] == [3, 7]
    assert len(sample_rows(rows, 100)) == 8
    assert sample_rows(rows, 0) == []


def test_the_figures_are_those_of_transformers_own_answers(
    tiny_model: BaseModel, encoder: ChatEncoder, examples: list[Example]
) -> None:
    model = load_model(tiny_model.path, precision="float32")
    rows = encode_examples(encoder, examples[:5], prompt=PROMPT, max_length=512).rows
    samples = sample_rows(rows, 5)
    longest = max(len(sample.answer) for sample in samples)
    sampler = Sampler(model, encoder, samples)
    sampler.stop_ids = frozenset()
    model.train()
    assert sampler()["stopped"] == 0
    assert model.training
    open_ended = [
        set(answer.ids)
        for answer in greedy(
            model.eval(), [sample.prompt for sample in samples],
            stop_ids=frozenset(), pad_id=2, max_new_tokens=longest,
        )
    ]  # fmt: skip
    some = set.union(*open_ended) - set.intersection(*open_ended)
    sampler.stop_ids = frozenset({min(some)})
    figures = sampler()
    scores, stopped = [], 0
    model.eval()
    for sample, example in zip(samples, examples, strict=False):
        ids = model.generate(
            torch.tensor([sample.prompt]),
            attention_mask=torch.ones(1, len(sample.prompt), dtype=torch.long),
            do_sample=False,
            max_new_tokens=-(-longest * 5 // 4),
            eos_token_id=sorted(sampler.stop_ids),
            pad_token_id=2,
        )[0, len(sample.prompt) :].tolist()
        end = ids[-1] in sampler.stop_ids
        stopped += end
        scores.append(token_f1(encoder.decode(ids[: len(ids) - end]), example.answer))
    assert 0 < stopped < 5
    assert figures == {"token_f1": pytest.approx(sum(scores) / 5), "stopped": stopped / 5}


@pytest.mark.parametrize("method", ["lora", "prefix", "prompt", "full"])
def test_a_method_answers_in_training_as_it_does_when_it_is_loaded(
    tiny_model: BaseModel, train: Any, encoder: ChatEncoder, examples: list[Example],
    tmp_path: Path, method: str,
) -> None:  # fmt: skip
    """Trained hard on the rows that it is asked, it knows some of their words."""
    from tunesmith.evaluate.loaded import load_method
    from tunesmith.tune import (
        FullConfig,
        LoraConfig,
        PrefixTuningConfig,
        PromptTuningConfig,
        tuned,
    )

    kinds: dict[str, Any] = {
        "lora": LoraConfig, "full": FullConfig, "prefix": PrefixTuningConfig,
        "prompt": PromptTuningConfig,
    }  # fmt: skip
    config = kinds[method](
        max_steps=30, eval_steps=15, precision="float32", validation_rows=6, sample_rows=6,
        learning_rate=0.01, keep="last", patience=None,
    )  # fmt: skip
    result = train(config, tmp_path)
    loaded = load_method(tiny_model.path, weights=tuned(tmp_path), precision="float32")
    rows = encode_examples(encoder, examples[18:], prompt=PROMPT, max_length=512).rows
    cuts = [r["labels"].count(-100) for r in rows]
    answers = greedy(
        loaded.model, [r["input_ids"][:cut] for r, cut in zip(rows, cuts, strict=True)],
        stop_ids=frozenset({2}), pad_id=2, before=loaded.before,
        max_new_tokens=-(-max(len(r["labels"]) - cut for r, cut in zip(rows, cuts, strict=True)) * 5 // 4),
    )  # fmt: skip
    scores = [
        token_f1(encoder.decode(answer.ids), example.answer)
        for answer, example in zip(answers, examples[18:], strict=True)
    ]
    last = result["validation"][-1]
    assert last["token_f1"] == pytest.approx(sum(scores) / 6)
    assert last["stopped"] == sum(answer.stopped for answer in answers) / 6
    if method in {"lora", "full"}:
        assert last["token_f1"] > 0.1 > result["validation"][0]["token_f1"]
