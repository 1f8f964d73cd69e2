"""LoRA over 4-bit weights: what is quantised, what flows through it, what answers afterwards."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from conftest import save_tokenizer
from token_rows import PROMPT
from tunesmith.errors import MissingExtraError, ModelError
from tunesmith.models import BaseModel, load_model
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import LoraConfig, tune, tuned
from tunesmith.tune.folders import weight_files
from tunesmith.tune.formats import encode_examples

torch = pytest.importorskip("torch")
needs = pytest.mark.skipif(
    importlib.util.find_spec("bitsandbytes") is None, reason="the extra `qlora` is not installed"
)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    """A Llama of width 64: bitsandbytes opens layers wrongly whose inputs are no multiple of it."""
    return llama(tmp_path_factory.mktemp("model") / "wide", width=64)


def llama(folder: Path, *, width: int) -> BaseModel:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(7)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=259, hidden_size=width, intermediate_size=128, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
            initializer_range=0.3, bos_token_id=1, eos_token_id=2, pad_token_id=2,
        )
    ).save_pretrained(folder)  # fmt: skip
    save_tokenizer(folder)
    return BaseModel(name="wide", path=folder, fingerprint="wide", source="folder")


QLORA = LoraConfig(
    r=4, quantize="nf4", max_steps=4, batch_size=2, precision="float32", save_steps=2,
    eval_steps=1, validation_rows=6, learning_rate=0.02,
)  # fmt: skip

#: The 16 values of 4-bit NormalFloat: Dettmers et al. 2023, appendix E.
NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0,
)  # fmt: skip


def opened(model: Any) -> Any:
    """The model with its 4-bit weights opened into plain float32 layers."""
    model.dequantize(dtype=torch.float32)
    model.is_loaded_in_4bit = False
    return model.to(torch.float32)


def test_without_the_package_the_extra_is_named(
    tiny_model: BaseModel, examples: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bitsandbytes" else real(name)
    )
    with pytest.raises(MissingExtraError, match=r"tunesmith\[qlora\]"):
        tune(QLORA, train=examples, validation=[], model=tiny_model, out=tmp_path)
    with pytest.raises(MissingExtraError, match=r"tunesmith\[qlora\]"):
        load_model(tiny_model.path, quantize="nf4")


@needs
def test_linear_layers_hold_the_nearest_values_of_normal_float(tiny_model: BaseModel) -> None:
    whole = dict(load_model(tiny_model.path, precision="float32").named_parameters())
    quantised = load_model(tiny_model.path, precision="float32", quantize="nf4")
    linear = [name for name, p in quantised.named_parameters() if p.dtype == torch.uint8]
    assert len(linear) == 2 * 7
    assert all(quantised.get_parameter(name).numel() * 2 == whole[name].numel() for name in linear)
    plain = dict(opened(quantised).named_parameters())
    table = torch.tensor(NF4)
    for name, weight in whole.items():
        if name not in linear:
            assert torch.equal(plain[name], weight)
            continue
        blocks = weight.detach().reshape(-1, 64)
        scale = blocks.abs().amax(1, keepdim=True)
        nearest = table[(blocks[..., None] / scale[..., None] - table).abs().argmin(-1)] * scale
        error = (plain[name].reshape(-1, 64) - nearest).norm() / nearest.norm()
        assert error < 0.03  # the scales themselves are in 8 bits


@needs
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_validation_does_not_change_the_gradients(tiny_model: BaseModel, precision: Any) -> None:
    """bitsandbytes packs weights anew at the first pass in evaluation mode, without gradients."""
    model = load_model(tiny_model.path, precision=precision, quantize="nf4")
    model = QLORA.adapt(model, None, prompt="")  # type: ignore[arg-type]
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    ids = torch.arange(3, 43).reshape(2, 20)

    def gradients() -> dict[str, Any]:
        model.train()
        model.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    before = gradients()
    model.eval()
    with torch.no_grad():
        model(input_ids=ids)
    after = gradients()
    assert before
    assert all(torch.equal(after[name], gradient) for name, gradient in before.items())


@needs
def test_it_learns_as_lora_beside_the_opened_weights_does(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Losses and validations of QLoRA are those of plain LoRA on the same weights in float32."""
    from tunesmith.tune import job

    result = train(QLORA, tmp_path / "quantised")
    load = job.load_model

    def as_opened(path: Path, *, precision: Any, quantize: Any) -> Any:
        return opened(load(path, precision=precision, quantize="nf4"))

    adapted = job._adapted

    def rounded(*given: Any) -> Any:
        """TRL rounds a quantised model's new adapters to bfloat16."""
        model = adapted(*given)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(torch.bfloat16)
        return model

    monkeypatch.setattr(job, "load_model", as_opened)
    monkeypatch.setattr(job, "_adapted", rounded)
    plain = train(QLORA.model_copy(update={"quantize": None}), tmp_path / "plain")
    for kind in ("curve", "validation"):
        ours = [point["loss"] for point in result[kind]]
        assert ours == pytest.approx([point["loss"] for point in plain[kind]], rel=1e-3)
    assert result["total_parameters"] == plain["total_parameters"]


@needs
def test_checkpointing_changes_nothing_but_memory(train: Any, tmp_path: Path) -> None:
    plain = train(QLORA, tmp_path / "plain")
    saving = QLORA.model_copy(update={"gradient_checkpointing": True})
    checked = train(saving, tmp_path / "checked")
    losses = [[point["loss"] for point in run["curve"]] for run in (plain, checked)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@needs
def test_it_answers_as_it_was_trained(
    tiny_model: BaseModel, train: Any, examples: list[Example], encoder: ChatEncoder, tmp_path: Path
) -> None:
    """The references' loss, as evaluation computes it, is the last validation loss."""
    from tunesmith.evaluate.decode import reference_nll
    from tunesmith.evaluate.loaded import load_method

    result = train(QLORA, tmp_path)
    method = load_method(tiny_model.path, weights=tuned(tmp_path), precision="float32")
    assert {p.dtype for p in method.model.parameters()} == {torch.float32}
    rows = encode_examples(encoder, examples[18:], prompt=PROMPT, max_length=512).rows
    cuts = [row["labels"].count(-100) for row in rows]
    prompts = [row["input_ids"][:cut] for row, cut in zip(rows, cuts, strict=True)]
    answers = [row["input_ids"][cut:] for row, cut in zip(rows, cuts, strict=True)]
    sums = reference_nll(method.model, prompts, answers, pad_id=2, before=None)
    mean = sum(sums) / sum(map(len, answers))
    assert mean == pytest.approx(result["validation"][-1]["loss"], rel=1e-4)


class StopHereError(Exception):
    """Ends a run in the middle."""


@needs
def test_resumed_it_ends_like_one_that_was_not_interrupted(train: Any, tmp_path: Path) -> None:
    def stop(event: dict[str, Any]) -> None:
        if event.get("step") == 3:
            raise StopHereError

    whole = train(QLORA, tmp_path / "whole")
    with pytest.raises(StopHereError):
        train(QLORA, tmp_path / "cut", stop)
    resumed = train(QLORA, tmp_path / "cut")
    assert resumed["resumed_from_step"] == 2
    assert resumed["validation"] == whole["validation"]
    folders = [tuned(tmp_path / name) for name in ("cut", "whole")]
    ours, theirs = (load_file(weight_files(folder)[0]) for folder in folders if folder)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@needs
@pytest.mark.skipif(torch.cuda.is_available(), reason="it is a fault of the CPU's kernel")
def test_layers_that_would_be_opened_wrongly_are_refused(tmp_path: Path) -> None:
    """A width of 96: bitsandbytes' own error is three times that of its blocks read by hand."""
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    weight = torch.randn(64, 96) * torch.linspace(0.5, 2, 64)[:, None]
    packed, state = quantize_4bit(weight, quant_type="nf4")
    pairs = torch.stack([packed.reshape(-1) >> 4, packed.reshape(-1) & 15], 1).reshape(-1).long()
    by_hand = (state.code[pairs] * state.absmax.repeat_interleave(64)).reshape(64, 96)
    errors = [(weight - other).norm() for other in (dequantize_4bit(packed, state), by_hand)]
    assert errors[0] > 2 * errors[1]  # mended? then the refusal can go
    model = llama(tmp_path / "odd", width=96)
    with pytest.raises(ModelError, match="has 96 inputs"):
        load_model(model.path, quantize="nf4")


def test_starts_that_change_the_weights_cannot_be_quantised() -> None:
    with pytest.raises(ValueError, match="changes the weights that quantize holds"):
        LoraConfig(quantize="nf4", start="pissa")
