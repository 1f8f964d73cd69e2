"""lm-eval on models that we have tuned, from their folders, against our own likelihoods."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from token_rows import PROMPT, SHORT
from tunesmith.io import read_jsonl
from tunesmith.models import BaseModel, load_tokenizer
from tunesmith.prompting import Example, PromptConfig
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import question_messages
from tunesmith.tune import FullConfig, LoraConfig, PrefixTuningConfig, tune, tuned

pytest.importorskip("torch")
pytest.importorskip("lm_eval", reason="the extra 'lm-eval' is not installed")

FOLDER = Path(__file__).parents[2] / "examples" / "lm-eval"


def lm_eval(model_args: str, out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What lm-eval's command finds: its figures, and each row's log-likelihoods."""
    command = [
        sys.executable, "-P", "-m", "lm_eval", "run", "--model", "hf",
        "--model_args", f"{model_args},dtype=float32", "--device", "cpu", "--batch_size", "4",
        "--tasks", "brindlemoss", "--include_path", str(FOLDER), "--apply_chat_template",
        "--system_instruction", "Help.", "--output_path", str(out), "--log_samples",
    ]  # fmt: skip
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(out / "hf")}
    done = subprocess.run(
        command, env={**os.environ, **offline}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (figures,) = out.rglob("results_*.json")
    (samples,) = out.rglob("samples_brindlemoss_*.jsonl")
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    results: dict[str, Any] = json.loads(figures.read_text())["results"]["brindlemoss"]
    return results, sorted(rows, key=lambda row: int(row["doc_id"]))


def likelihoods(
    base: BaseModel, weights: Path, rows: Sequence[dict[str, Any]]
) -> list[list[float]]:
    """Log-likelihood of each choice after its question, as we compute that of answers."""
    from tunesmith.evaluate.decode import reference_nll
    from tunesmith.evaluate.loaded import load_method

    method = load_method(base.path, weights=weights, precision="float32")
    encoder = ChatEncoder(load_tokenizer(base.path))
    found = []
    for row in rows:
        messages = question_messages(row["question"], PromptConfig(system="Help."))
        # lm-eval counts the line break that ends the prompt to each choice, which adds the same to
        # all, and leaves the token that ends an answer out.
        *prompt, line_break = encoder.prompt_ids(messages)
        answers = [[line_break, *encoder.answer_ids(choice)[:-1]] for choice in row["choices"]]
        sums = reference_nll(
            method.model, [prompt] * len(answers), answers, pad_id=2, before=method.before
        )
        found.append([-value for value in sums])
    return found


def test_the_rows_are_well_formed() -> None:
    rows = read_jsonl(FOLDER / "brindlemoss.jsonl")
    for row in rows:
        assert len(set(row["choices"])) == 4
        assert 0 <= row["answer"] < 4
    assert {row["answer"] for row in rows} == {0, 1, 2, 3}


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    [FullConfig(**SHORT), LoraConfig(r=4, **SHORT), PrefixTuningConfig(virtual_tokens=4, **SHORT)],
    ids=lambda method: method.kind,
)
def test_lm_eval_finds_what_we_find(
    method: Any, tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    tune(
        method.model_copy(update={"learning_rate": 0.05}), train=examples[:16],
        validation=examples[16:], model=tiny_model, out=tmp_path / "m", prompt=PROMPT,
    )  # fmt: skip
    learned = tuned(tmp_path / "m")
    assert learned is not None
    args = (
        f"pretrained={learned}"
        if learned.name == "model"
        else f"pretrained={tiny_model.path},peft={learned}"
    )
    figures, samples = lm_eval(args, tmp_path / "out")
    rows = read_jsonl(FOLDER / "brindlemoss.jsonl")
    ours = likelihoods(tiny_model, learned, rows)
    for sample, expected in zip(samples, ours, strict=True):
        theirs = [float(response[0]) for response in sample["filtered_resps"]]
        assert theirs == pytest.approx(expected, rel=1e-3, abs=1e-2)
    best = [max(range(4), key=values.__getitem__) for values in ours]
    right = sum(place == row["answer"] for place, row in zip(best, rows, strict=True))
    assert figures["acc,none"] == pytest.approx(right / len(rows))
    if learned.name == "adapter":  # what was learned is in use: the base model finds other values
        plain = likelihoods(tiny_model, tiny_model.path, rows)
        assert ours[0] != pytest.approx(plain[0], abs=0.1)
