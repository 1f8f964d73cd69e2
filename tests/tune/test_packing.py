"""Packed rows against the same rows alone, through transformers' own forward."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from token_rows import PROMPT, SHORT, plain_nll
from tunesmith.errors import ModelError
from tunesmith.models import BaseModel, load_model
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import FullConfig, LoraConfig, PrefixTuningConfig, PromptTuningConfig
from tunesmith.tune.formats import encode_examples

torch = pytest.importorskip("torch")

Rows = list[dict[str, list[int]]]


def alone(model: Any, rows: Rows) -> Any:
    """The sum of the rows' losses, each from transformers' own logits and loss."""
    total = torch.zeros(())
    for row in rows:
        logits = model(input_ids=torch.tensor([row["input_ids"]]), use_cache=False).logits[0]
        total = total + torch.nn.functional.cross_entropy(
            logits[:-1], torch.tensor(row["labels"][1:]), reduction="sum", ignore_index=-100
        )
    return total


def gradients(model: Any, loss: Any) -> dict[str, Any]:
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_loss_and_gradients_of_a_packed_batch_are_those_of_its_rows(
    tiny_model: BaseModel, rows: Rows, attention: str
) -> None:
    from tunesmith.tune.forward import answer_nll
    from tunesmith.tune.packing import PackedCollator

    model = load_model(tiny_model.path, precision="float32").train()
    model.set_attn_implementation(attention)
    ours, count = answer_nll(model, **PackedCollator()(rows))
    theirs = alone(model, rows)
    assert count == sum(len(row["labels"]) - row["labels"].count(-100) for row in rows)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    packed, plain = gradients(model, ours), gradients(model, alone(model, rows))
    assert packed.keys() == plain.keys()
    for name in plain:
        assert (packed[name] - plain[name]).norm() <= 1e-5 * plain[name].norm(), name


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6), seed=st.integers(0, 999))
def test_any_lengths_even_of_one_token(
    tiny_model: BaseModel, lengths: list[int], seed: int
) -> None:
    from tunesmith.tune.forward import answer_nll
    from tunesmith.tune.packing import PackedCollator

    model = load_model(tiny_model.path, precision="float32")
    torch.manual_seed(seed)
    rows = []
    for length in lengths:
        ids = torch.randint(0, 259, (length,)).tolist()
        rows.append({"input_ids": ids, "labels": ids})  # the first has a label: nothing learns it
    total, count = answer_nll(model, **PackedCollator()(rows))
    with torch.no_grad():
        theirs = sum(
            plain_nll(model(torch.tensor([row["input_ids"]])).logits[0], row["labels"])
            for row in rows
        )
    assert count == sum(length - 1 for length in lengths)
    assert total.item() == pytest.approx(theirs, rel=1e-5, abs=1e-5)


def test_a_model_that_isolates_its_rows_passes_and_one_that_does_not_is_refused(
    tiny_model: BaseModel, rows: Rows
) -> None:
    from tunesmith.tune.forward import answer_nll
    from tunesmith.tune.packing import check_isolation

    model = load_model(tiny_model.path, precision="float32")
    how: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
    check_isolation(partial(answer_nll, model), rows, **how)
    decoder, honest = model.get_decoder(), model.get_decoder().forward

    def with_cache(**given: Any) -> Any:
        return honest(**{**given, "use_cache": True})

    decoder.forward = with_cache  # transformers' default
    with pytest.raises(ModelError, match="see each other"):
        check_isolation(partial(answer_nll, model), rows, **how)

    def every_token_is_a_row(**given: Any) -> Any:
        positions = given["position_ids"]
        return honest(**{**given, "position_ids": None if positions is None else 2 * positions})

    decoder.forward = every_token_is_a_row
    with pytest.raises(ModelError, match="another loss"):
        check_isolation(partial(answer_nll, model), rows, **how)


@pytest.mark.parametrize("kind", [PrefixTuningConfig, PromptTuningConfig])
def test_methods_with_learned_tokens_are_never_packed(kind: Any) -> None:
    with pytest.raises(ValidationError, match="packing puts the"):
        kind(packing=True)


@pytest.mark.parametrize("config", [LoraConfig, FullConfig])
def test_a_packed_training_is_the_padded_one(train: Any, tmp_path: Path, config: Any) -> None:
    settings = {**SHORT, "learning_rate": 2e-3}
    padded = train(config(**settings), tmp_path / "padded")
    packed = train(config(**settings, packing=True), tmp_path / "packed")
    ours = [point["loss"] for point in packed["curve"]]
    assert ours == pytest.approx([point["loss"] for point in padded["curve"]], rel=1e-4)
    for one, other in zip(packed["validation"], padded["validation"], strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_a_training_with_a_model_that_leaks_is_refused_before_its_first_step(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.models.llama import modeling_llama

    honest = modeling_llama.LlamaModel.forward

    def leaks(self: Any, *given: Any, **named: Any) -> Any:
        named.pop("position_ids", None)
        return honest(self, *given, **named)

    monkeypatch.setattr(modeling_llama.LlamaModel, "forward", leaks)
    with pytest.raises(ModelError, match="packing"):
        train(LoraConfig(**SHORT, packing=True), tmp_path)
    assert not list(tmp_path.glob("checkpoint-*"))


def test_an_encoder_of_examples_gives_rows_that_pack(
    encoder: ChatEncoder, examples: list[Example]
) -> None:
    from tunesmith.tune.packing import PackedCollator

    rows = encode_examples(encoder, examples[:2], prompt=PROMPT, max_length=512).rows
    batch = PackedCollator()(rows)
    first = len(rows[0]["input_ids"])
    assert batch["position_ids"][0, first] == 0
    assert batch["position_ids"][0, first - 1] == first - 1
    assert batch["labels"][0, first] == -100
    assert "attention_mask" not in batch
