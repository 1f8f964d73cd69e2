"""Generation on a tiny model, against transformers' own `generate` and plain log-probabilities."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from token_rows import PROMPT, prompts_of
from tunesmith.errors import JobError, TunesmithError
from tunesmith.evaluate.generate import generate
from tunesmith.io import read_jsonl
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.progress import SilentProgress
from tunesmith.prompting import BaseConfig, Example, FewShotConfig
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import LoraConfig

torch = pytest.importorskip("torch")


def save_adapter(tiny_model: BaseModel, folder: Path) -> Any:
    """A LoRA adapter with random weights that change the model markedly; returns the model."""
    from peft import LoraConfig as PeftLora
    from peft import get_peft_model

    torch.manual_seed(3)
    base = load_model(tiny_model.path, precision="float32")
    adapted = get_peft_model(
        base, PeftLora(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    with torch.no_grad():
        for name, value in adapted.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.3)
    adapted.save_pretrained(folder)
    return adapted.eval()


def test_reference_nll_is_the_sum_over_answer_and_end_token(
    model: Any, encoder: ChatEncoder, examples: list[Example]
) -> None:
    from tunesmith.evaluate.decode import reference_nll

    prompts = prompts_of(encoder, examples[:5])
    answers = [encoder.answer_ids(example.answer) for example in examples[:5]]
    sums = reference_nll(model, prompts, answers, pad_id=2)
    for prompt, answer, got in zip(prompts, answers, sums, strict=True):
        with torch.no_grad():
            chances = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        expected = -sum(
            float(chances[len(prompt) - 1 + i, token]) for i, token in enumerate(answer)
        )
        assert got == pytest.approx(expected, rel=1e-5)


def test_a_merged_adapter_gives_the_logits_of_an_unmerged_one(
    tiny_model: BaseModel, model: Any, tmp_path: Path
) -> None:
    from tunesmith.evaluate.loaded import load_method

    adapted = save_adapter(tiny_model, tmp_path / "adapter")
    merged = load_method(tiny_model.path, weights=tmp_path / "adapter", precision="float32").model
    ids = torch.arange(3, 60)[None]
    with torch.no_grad():
        assert torch.allclose(merged(ids).logits, adapted(ids).logits, atol=1e-3)
        assert not torch.allclose(merged(ids).logits, model(ids).logits, atol=1.0)


def test_the_plan_covers_every_row_once() -> None:
    from tunesmith.evaluate.decode import plan

    lengths = [5, 50, 20, 20, 7, 90, 3]
    units = plan(lengths, batch_size=2, alone=3)
    assert units[:3] == [[0], [2], [4]]
    assert sorted(i for unit in units for i in unit) == list(range(7))
    assert units[3:] == [[5, 1], [3, 6]]
    assert plan(lengths, batch_size=10, alone=0) == [[5, 1, 2, 3, 4, 0, 6]]
    assert len(plan(lengths, batch_size=2, alone=7)) == 7


def test_no_rows_are_refused(tiny_model: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(TunesmithError, match="no rows"):
        generate(BaseConfig(), [], model=tiny_model, out=tmp_path)


def test_few_shot_without_training_rows_is_refused(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    with pytest.raises(TunesmithError, match="needs training rows"):
        generate(FewShotConfig(), examples, model=tiny_model, out=tmp_path)
    with pytest.raises(TunesmithError, match="k: auto is chosen on validation rows"):
        generate(FewShotConfig(k="auto"), examples, model=tiny_model, out=tmp_path)


@pytest.mark.slow
def test_the_whole_job_writes_predictions_and_is_not_run_twice(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "model": tiny_model,
        "prompt": PROMPT,
        "batch_size": 4,
        "max_new_tokens": 6,
        "latency_rows": 3,
        "precision": "float32",
    }
    asked = examples[16:]
    base = generate(BaseConfig(), asked, out=tmp_path / "base", **settings)
    few = generate(FewShotConfig(k=2), asked, out=tmp_path / "few", train=examples[:16], **settings)
    save_adapter(tiny_model, tmp_path / "adapter")
    lora = generate(
        LoraConfig(), asked, out=tmp_path / "lora", weights=tmp_path / "adapter", **settings
    )
    for generation in (base, few, lora):
        rows = generation.predictions
        assert [row["id"] for row in rows] == [example.id for example in asked]
        assert [row["reference"] for row in rows] == [example.answer for example in asked]
        assert sum(row["latency_s"] is not None for row in rows) == 3
        assert all(row["finish"] in {"stop", "length"} for row in rows)
        assert all(1 <= row["tokens_out"] <= 6 for row in rows)
        assert generation.stats["peak_memory_mib"] > 100
    encoder = ChatEncoder(load_tokenizer(tiny_model.path))
    assert [row["tokens_in"] for row in base.predictions] == [
        len(ids) for ids in prompts_of(encoder, asked)
    ]
    assert all(
        a["tokens_in"] > b["tokens_in"]
        for a, b in zip(few.predictions, base.predictions, strict=True)
    )
    assert [r["reference_nll"] for r in lora.predictions] != [
        r["reference_nll"] for r in base.predictions
    ]
    assert read_jsonl(tmp_path / "base" / "predictions.jsonl") == base.predictions
    assert not (tmp_path / "base" / "work-generate").exists()
    written = (tmp_path / "base" / "predictions.jsonl").stat().st_mtime_ns
    assert generate(BaseConfig(), asked, out=tmp_path / "base", **settings) == base
    assert (tmp_path / "base" / "predictions.jsonl").stat().st_mtime_ns == written


@pytest.mark.slow
def test_a_killed_job_continues_with_what_is_left(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "model": tiny_model,
        "prompt": PROMPT,
        "batch_size": 4,
        "max_new_tokens": 6,
        "latency_rows": 0,
        "precision": "float32",
    }
    whole = generate(BaseConfig(), examples, out=tmp_path / "whole", **settings)
    work = tmp_path / "cut" / "work-generate"

    class Killer(SilentProgress):
        def stage(self, name: str, total: float | None = None) -> Any:
            import contextlib

            import psutil

            class Stage:
                def advance(self, amount: float = 1, *, note: str | None = None) -> None:
                    if (work / "part-00001.json").exists():
                        for child in psutil.Process().children():
                            os.kill(child.pid, signal.SIGKILL)

                def total(self, total: float) -> None:
                    pass

            return contextlib.nullcontext(Stage())

    with pytest.raises(JobError, match="SIGKILL"):
        generate(BaseConfig(), examples, out=tmp_path / "cut", progress=Killer(), **settings)
    kept = (work / "part-00001.json").stat().st_mtime_ns
    resumed = generate(
        BaseConfig(), examples, out=tmp_path / "cut", progress=_Watch(work, kept), **settings
    )
    assert resumed.predictions == whole.predictions


class _Watch(SilentProgress):
    """Sees that a finished part is not written again."""

    def __init__(self, work: Path, kept: int) -> None:
        self.work, self.kept = work, kept

    def stage(self, name: str, total: float | None = None) -> Any:
        import contextlib

        work, kept = self.work, self.kept

        class Stage:
            def advance(self, amount: float = 1, *, note: str | None = None) -> None:
                assert (work / "part-00001.json").stat().st_mtime_ns == kept

            def total(self, total: float) -> None:
                pass

        return contextlib.nullcontext(Stage())
