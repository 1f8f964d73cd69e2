"""The gates that selective full fine-tuning passes before it is used."""

from __future__ import annotations

from typing import Any

from tunesmith.decide.strategy.evidence import evidence
from tunesmith.decide.strategy.gate import Gate, View
from tunesmith.decide.strategy.to_full import audited, earned_gate


def release(view: View) -> list[Gate]:
    """The gates of phase 3."""
    about = {"name": "full_better", "label": "Full fine-tuning is clearly better than LoRA"}
    return [
        earned_gate(view, "full", view.best("lora"), about),
        _forgets(view),
        audited(view, "full", "full fine-tuning"),
    ]


def _forgets(view: View) -> Gate:
    about: dict[str, Any] = {
        "name": "forgetting", "label": "Full fine-tuning keeps what the model knew",
        "wanted": "passed", "unit": None,
    }  # fmt: skip
    full = view.best("full")
    name = None if full is None else str(full["method"])
    found = None if name is None else view.run.read(f"methods/{name}/forgetting.json")
    if found is None:
        words = "What full fine-tuning forgets was not measured (evaluate.forgetting)."
        return Gate(**about, met=None, measured=None, sentence=words)
    if found["gate"]["passed"] is None:
        words = f"What “{name}” forgets could not be measured."
        return Gate(**about, met=None, measured=None, sentence=words)
    passed = bool(found["gate"]["passed"])
    reasons = "; ".join(str(reason) for reason in found["gate"].get("reasons", []))
    words = f"“{name}” keeps what the model knew."
    if not passed:
        words = f"“{name}” forgets too much" + (f": {reasons}" if reasons else ".")
    path = f"methods/{name}/forgetting.json"
    return Gate(
        **about,
        met=passed,
        measured="passed" if passed else "failed",
        sentence=words,
        evidence=[evidence(path, "/gate/passed", found["gate"]["passed"])],
    )
