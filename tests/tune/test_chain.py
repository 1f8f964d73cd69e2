"""A method that starts from what another has learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from token_rows import PROMPT, SHORT
from tunesmith.errors import ModelError, TunesmithError
from tunesmith.models import BaseModel, load_model
from tunesmith.prompting import Example
from tunesmith.tune import FullConfig, LoraConfig, PromptTuningConfig, start_from, tuned
from tunesmith.tune.formats import CompletionFormat, Document

torch = pytest.importorskip("torch")

FAST = {**SHORT, "learning_rate": 0.02}


def pages(examples: list[Example]) -> list[Document]:
    return [Document(row.id, row.answer) for row in examples]


@pytest.mark.parametrize(
    "first",
    [LoraConfig(r=4, format=CompletionFormat(), **FAST),
     FullConfig(format=CompletionFormat(), **{**FAST, "learning_rate": 0.002})],
    ids=["lora", "full"],
)  # fmt: skip
def test_the_start_is_what_the_first_method_answers_with(
    tiny_model: BaseModel,
    train: Any,
    in_process: None,
    examples: list[Example],
    tmp_path: Path,
    first: Any,
) -> None:
    from tunesmith.evaluate.generate import generate
    from tunesmith.evaluate.loaded import load_method

    train(first, tmp_path / "domain", rows=pages(examples))
    start = start_from(tiny_model, tmp_path / "domain")
    assert start.name == "tiny+domain"
    known = load_method(tiny_model.path, weights=tuned(tmp_path / "domain"), precision="float32")
    there = load_model(start.path, precision="float32")
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        assert torch.equal(there(ids).logits, known.model(ids).logits)
        base = load_model(tiny_model.path, precision="float32")
        assert not torch.equal(there(ids).logits, base(ids).logits)
    assert start_from(tiny_model, tmp_path / "domain") == start

    second = LoraConfig(r=4, after="domain", **FAST)
    result = train(second, tmp_path / "second", model=start)
    rows: dict[str, Any] = {
        "examples": examples[18:], "weights": tuned(tmp_path / "second"), "prompt": PROMPT,
        "max_new_tokens": 2, "precision": "float32",
    }  # fmt: skip
    answered = generate(second, model=start, out=tmp_path / "out", **rows).predictions
    mean = sum(r["reference_nll"] for r in answered) / sum(r["reference_tokens"] for r in answered)
    assert mean == pytest.approx(result["validation"][-1]["loss"], rel=1e-4)
    with pytest.raises(ModelError, match=r"on 'tiny\+domain', after method 'domain'"):
        generate(second, model=tiny_model, out=tmp_path / "wrong", **rows)


@pytest.mark.slow
def test_the_start_follows_what_was_learned(
    tiny_model: BaseModel, train: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "first"
    train(LoraConfig(r=2, **FAST), folder)
    before = start_from(tiny_model, folder)
    import shutil

    shutil.rmtree(folder / "adapter")
    for old in folder.glob("checkpoint-*"):
        shutil.rmtree(old)
    train(LoraConfig(r=2, **{**FAST, "learning_rate": 0.01}), folder)
    after = start_from(tiny_model, folder)
    assert after.fingerprint != before.fingerprint
    weights = load_model(after.path, precision="float32").state_dict()
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_what_cannot_be_a_start_is_refused(
    tiny_model: BaseModel, train: Any, in_process: None, tmp_path: Path
) -> None:
    with pytest.raises(TunesmithError, match="has not been trained"):
        start_from(tiny_model, tmp_path)
    train(PromptTuningConfig(virtual_tokens=2, **FAST), tmp_path / "soft")
    with pytest.raises(TunesmithError, match="cannot be merged into weights"):
        start_from(tiny_model, tmp_path / "soft")
    assert not (tmp_path / "soft" / "merged").exists()
