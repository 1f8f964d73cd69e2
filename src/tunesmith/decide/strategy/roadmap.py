"""The documents' roadmap of twelve weeks, ticked by what the run folder holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tunesmith.decide.strategy.evidence import PROMPTED
from tunesmith.decide.strategy.gate import View

Proof = str | None
"""The file that shows that an item is done, as seen from the run folder; None: it is open."""


@dataclass(frozen=True)
class Item:
    """One line of the roadmap."""

    text: str
    """In the documents' words."""
    proof: Callable[[View], Proof]
    todo: str
    """What makes it done."""


def _file(*names: str) -> Callable[[View], Proof]:
    """Done where the current run, or an earlier one of the project, has one of some files."""

    def proof(view: View) -> Proof:
        for folder in view.project:
            for name in names:
                if folder.has(name):
                    return view.project.path(folder, name)
        return None

    return proof


def _collected(view: View) -> Proof:
    return "run.json" if view.run.run.get("counts", {}).get("collected") else None


def _enough(view: View) -> Proof:
    splits = view.run.run.get("splits") or {}
    pairs = sum(splits.get(name, 0) for name in ("train", "validation", "test"))
    return "run.json" if pairs >= view.config.strategy.min_examples else None


def _validated(view: View) -> Proof:
    steps = {step["step"] for step in view.run.run.get("steps", [])}
    return "ledger.parquet" if "qa_pairs" in steps and view.run.has("ledger.parquet") else None


def _measured(*kinds: str) -> Callable[[View], Proof]:
    def proof(view: View) -> Proof:
        for folder in view.project:
            for card in folder.of_kind(*kinds):
                return view.project.path(folder, f"methods/{card['method']}/metrics.json")
        return None

    return proof


def _template(view: View) -> Proof:
    """A prompt was written once a method has answered with it."""
    return "recipe.yaml" if view.run.has("recipe.yaml") and view.run.cards else None


def _trained(view: View) -> Proof:
    """Plain LoRA where there is one, else LoRA in another format (instruction, completion)."""
    for folder in view.project:
        lora = [
            (name, training["settings"])
            for name, training in folder.trainings.items()
            if (training.get("settings") or {}).get("kind") == "lora"
        ]
        if lora:
            plain = [name for name, settings in lora if _is_plain(settings.get("format"))]
            name = plain[0] if plain else lora[0][0]
            return view.project.path(folder, f"methods/{name}/training.json")
    return None


def _is_plain(form: Mapping[str, Any] | None) -> bool:
    """Questions and answers as they are, the format where none is named."""
    return form is None or form.get("kind") == "qa"


def _searched(view: View) -> Proof:
    """A search has chosen settings, or several settings of LoRA were trained."""
    for folder in view.project:
        lora = {
            name: training
            for name, training in folder.trainings.items()
            if (training.get("settings") or {}).get("kind") == "lora"
        }
        for name, training in lora.items():
            if training.get("search") or len(lora) > 1:
                return view.project.path(folder, f"methods/{name}/training.json")
    return None


def _compared(view: View) -> Proof:
    lora = {str(card["method"]) for card in view.run.of_kind("lora")}
    pairs = view.run.decision.get("comparisons", [])
    others = any((row["a"] in lora) != (row["b"] in lora) for row in pairs)
    return "decision.json" if others else None


def _improved(view: View) -> Proof:
    return "dataset" if len(view.run.versions) > 1 else None


def _fast(view: View) -> Proof:
    choice = (view.run.decision.get("verdict") or {}).get("choice")
    name = f"methods/{choice}/performance.json"
    return name if choice is not None and view.run.has(name) else None


def _never(view: View) -> Proof:
    """Nothing that tunesmith writes shows it: it stays open until something does."""
    del view
    return None


WEEKS: tuple[tuple[str, str, tuple[Item, ...]], ...] = (
    (
        "1-2",
        "Data collection and preparation",
        (
            Item("Implement data collection pipeline", _collected, "tunesmith prepare RECIPE"),
            Item("Set up quality assurance framework", _file("quality.json"),
                 "tunesmith prepare RECIPE"),
            Item("Create initial dataset with 1,000+ examples", _enough, "collect more examples"),
            Item("Establish validation processes", _validated, "tunesmith prepare RECIPE"),
        ),
    ),
    (
        "3-4",
        "Prompt-based prototype",
        (
            Item("Develop prompt templates", _template, "measure a method with prompt.system"),
            Item("Implement few-shot learning", _measured(*PROMPTED),
                 "measure a method of kind few_shot"),
            Item("Create evaluation framework", _measured("base", *PROMPTED, "lora", "full"),
                 "tunesmith evaluate RECIPE"),
            Item("Initial performance baseline", _measured("base"),
                 "measure a method of kind base"),
        ),
    ),
    (
        "5-8",
        "LoRA fine-tuning",
        (
            Item("Prepare dataset for fine-tuning", _file("export"), "tunesmith prepare RECIPE"),
            Item("Implement LoRA training pipeline", _trained, "tune a method of kind lora"),
            Item("Optimize hyperparameters", _searched, "learning_rate: auto, or search"),
            Item("Performance evaluation and comparison", _compared, "tunesmith decide RECIPE"),
        ),
    ),
    (
        "9-12",
        "Production deployment",
        (
            Item("Deploy chosen approach", _never,
                 "stays open: tunesmith does not serve models yet, so nothing records it"),
            Item("Implement monitoring and feedback loops", _file("audits/history.jsonl"),
                 "tunesmith evaluate --audit, again and again"),
            Item("Continuous improvement process", _improved,
                 "prepare a second version of the dataset"),
            Item("Performance optimization", _fast, "measure the speed of the chosen method"),
        ),
    ),
)  # fmt: skip
"""Document B, section 9, "Implementation Roadmap"."""


def roadmap(view: View) -> list[dict[str, Any]]:
    """The documents' weeks, each item done or open with the file that shows it.

    Returns:
        `[{weeks, title, items: [{text, done, evidence, todo}]}]`; `todo` is null where it is done.
    """
    weeks = []
    for number, title, items in WEEKS:
        rows = []
        for item in items:
            proof = item.proof(view)
            done = proof is not None
            rows.append(
                {
                    "text": item.text,
                    "done": done,
                    "evidence": proof,
                    "todo": None if done else item.todo,
                }
            )
        weeks.append({"weeks": number, "title": title, "items": rows})
    return weeks
