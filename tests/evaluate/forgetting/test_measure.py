from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.audits import forgetting_failures
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.forgetting import measure
from tunesmith.evaluate.forgetting.config import ForgettingConfig
from tunesmith.evaluate.forgetting.content import outside
from tunesmith.evaluate.likelihood import Subject
from tunesmith.io import read_json
from tunesmith.models import BaseModel, load_model
from tunesmith.progress import SilentProgress

EVALUATION = EvaluateConfig(resamples=2000)
MODEL = BaseModel("x", Path("x"), "x", "folder")


def read(surprise: list[float], right: list[int]) -> measure.Read:
    """What a model makes of texts of 10 tokens each, and of one task."""
    texts = np.array([[nll, 10.0] for nll in surprise])
    return measure.Read(texts, {"facts": np.array(right, dtype=float)})


def forgotten(
    monkeypatch: pytest.MonkeyPatch, out: Path, before: measure.Read, after: measure.Read, **config: Any
) -> dict[str, Any]:  # fmt: skip
    texts = out / "texts.txt"
    texts.write_text("\n\n".join(f"text {n}" for n in range(len(before.texts))))
    items = "\n".join("  - [q, a, b]" for _ in before.right["facts"])
    (out / "tasks.yaml").write_text(f"- name: facts\n  label: Facts\n  items:\n{items}\n")
    monkeypatch.setattr(
        measure, "read", lambda _, subject, **__: after if subject.name == "lora" else before
    )
    return measure.forgetting(
        Subject("lora", MODEL, None),
        Subject("base", MODEL, None),
        config=ForgettingConfig(texts=("texts.txt",), tasks=("tasks.yaml",), **config),
        evaluation=EVALUATION,
        base=out,
        store=out,
        out=out,
        progress=SilentProgress(),
    )


def test_the_ratio_is_that_of_the_perplexities(monkeypatch, tmp_path) -> None:
    rng = np.random.default_rng(3)
    before = rng.uniform(20, 40, size=24)
    after = before + rng.uniform(2, 4, size=24)
    right = [1, 0] * 10
    found = forgotten(monkeypatch, tmp_path, read(before.tolist(), right), read(after.tolist(), right))  # fmt: skip
    perplexity = found["perplexity"]
    assert perplexity["before"]["value"] == pytest.approx(math.exp(before.sum() / 240))
    assert perplexity["after"]["value"] == pytest.approx(math.exp(after.sum() / 240))
    ratio = perplexity["ratio"]
    assert ratio["value"] == pytest.approx(math.exp((after.sum() - before.sum()) / 240))
    assert ratio["low"] < ratio["value"] < ratio["high"]
    # Pairing: the ratio is known far better than either perplexity.
    spread = perplexity["after"]["high"] / perplexity["after"]["low"]
    assert ratio["high"] / ratio["low"] < 1 + (spread - 1) / 5
    assert found["gate"]["passed"]
    assert read_json(tmp_path / "forgetting.json") == found
    assert "Of 20 questions outside the domain it answers 50% right, after 50%: no change." in found["sentences"]  # fmt: skip


def test_the_gate_fails_over_its_limits(monkeypatch, tmp_path) -> None:
    texts = [30.0 + n for n in range(12)]
    worse = [nll + 5 for nll in texts]  # exp(0.5) = 1.65
    held, lost = [1] * 18 + [0] * 2, [1] * 8 + [0] * 12
    found = forgotten(monkeypatch, tmp_path, read(texts, held), read(worse, lost))
    assert not found["gate"]["passed"]
    assert len(found["gate"]["reasons"]) == 2
    assert found["tasks"][-1]["difference"]["clear"]
    assert any(said.startswith("The gate failed: general texts surprise it 1.65") for said in found["sentences"])  # fmt: skip
    loose = {"max_perplexity_ratio": 1.7, "max_accuracy_drop": 0.5}
    assert forgotten(monkeypatch, tmp_path, read(texts, held), read(worse, lost), **loose)["gate"]["passed"]  # fmt: skip


def test_a_loss_that_may_be_chance_does_not_fail_the_gate(monkeypatch, tmp_path) -> None:
    texts = [30.0] * 12
    found = forgotten(
        monkeypatch, tmp_path, read(texts, [1] * 3 + [0] * 9), read(texts, [0] * 1 + [1] + [0] * 10)
    )
    assert found["tasks"][-1]["difference"]["value"] == pytest.approx(-2 / 12)
    assert found["gate"]["passed"]
    assert "may be chance" in found["sentences"][-1]


def test_what_ships_is_balanced_and_has_one_right_choice() -> None:
    content = outside(("default",), ("default",), Path())
    assert len(content.texts) == 24
    assert [len(task.items) for task in content.tasks] == [10, 10, 10, 10]
    assert all(40 <= len(text.split()) <= 80 for text in content.texts)
    assert all(len(set(item)) == 5 for task in content.tasks for item in task.items)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.yaml", "- {name: a, label: A, items: [[q, a], [q, b]]}", "item 1 of task 'a'"),
        ("t.yaml", "- {name: a, label: A, items: [[q, a, a], [q, b, c]]}", "item 1 of task 'a'"),
        ("t.yaml", "- {name: a, items: [[q, a, b], [q, b, c]]}", "0.label: Field required"),
        ("t.yaml", "- [", "not valid YAML"),
        ("none.yaml", None, "cannot be read"),
    ],
)
def test_wrong_tasks_are_refused(tmp_path, name, text, words) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(TunesmithError, match=words):
        outside(("default",), (name,), tmp_path)


def test_texts_of_ones_own(tmp_path) -> None:
    (tmp_path / "t.txt").write_text("One text\nof two lines.\n\n \nAnother.\n\n\nAnother.\n")
    assert outside(("t.txt",), (), tmp_path).texts == ["One text\nof two lines.", "Another."]
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(TunesmithError, match="no text in the file"):
        outside(("empty.txt",), (), tmp_path)


@pytest.mark.slow
def test_the_base_model_beside_itself_has_forgotten_nothing(
    tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    pytest.importorskip("torch")
    base = load_model(tiny_model.path, precision="float32")
    same, worse = tmp_path / "same" / "model", tmp_path / "worse" / "model"
    base.save_pretrained(same)
    with __import__("torch").no_grad():
        for weight in base.parameters():
            weight.add_(__import__("torch").randn_like(weight) * 0.5)
    base.save_pretrained(worse)
    (tmp_path / "t.txt").write_text("\n\n".join(f"The parcel {n} is late." for n in range(12)))
    (tmp_path / "t.yaml").write_text(
        "- {name: a, label: A, items: [[q, blue, red], [r, red, blue]]}"
    )
    config = ForgettingConfig(texts=("t.txt",), tasks=("t.yaml",), max_tokens=20)
    found = {
        weights.parent.name: measure.forgetting(
            Subject(weights.parent.name, tiny_model, weights),
            Subject("base", tiny_model, None),
            config=config,
            evaluation=EVALUATION,
            base=tmp_path,
            store=tmp_path / "store",
            out=weights.parent,
            progress=SilentProgress(),
        )
        for weights in (same, worse)
    }
    assert found["same"]["perplexity"]["ratio"]["value"] == pytest.approx(1, abs=0.02)
    assert found["worse"]["perplexity"]["ratio"]["value"] > 1.5
    assert not found["worse"]["gate"]["passed"]


def test_a_gate_without_anything_measured_is_not_shown() -> None:
    nothing = {"ratio": {"value": None}, "before": {"value": None}, "after": {"value": None}}
    gate = measure._gate(nothing, [], ForgettingConfig())
    assert gate["passed"] is None
    assert measure._sentences(nothing, [], gate) == [
        "Nothing could be measured, so whether it passes the gate is not shown."
    ]
    assert forgetting_failures([{"method": "lora", "gate": gate}]) == [
        "lora: what it forgot could not be measured."
    ]
