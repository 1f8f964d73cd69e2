"""The plan: which phase a project is in, which gate is unmet, and what the next phase takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tunesmith.decide.approach_table import span
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import answer_seconds
from tunesmith.decide.strategy.evidence import PROMPTED, project
from tunesmith.decide.strategy.forecast import training_forecast
from tunesmith.decide.strategy.gate import Gate, View
from tunesmith.decide.strategy.release import release
from tunesmith.decide.strategy.roadmap import roadmap
from tunesmith.decide.strategy.to_full import to_full
from tunesmith.decide.strategy.to_lora import to_lora
from tunesmith.decide.words import money
from tunesmith.evaluate.endpoint.price import pays_by_token

_PHASES: tuple[tuple[str, Callable[[View], list[Gate]]], ...] = (
    ("Prompt prototype", to_lora),
    ("LoRA fine-tuning", to_full),
    ("Selective full fine-tuning", release),
)
_ENDS = {
    1: "The plan stops at phase 1: nothing says that training is worth it. Use the prompt.",
    2: "The plan stops at phase 2: nothing says that full fine-tuning is worth it. Use LoRA.",
}


def make_plan(out: Path, name: str, config: DecideConfig) -> dict[str, Any]:
    """Where a project stands in the documents' plan, from what its run folders hold.

    The gates of a phase are what has to be met before the next one begins; those of the last phase,
    what has to be met before its model is used. A gate that was not measured is not met.

    Args:
        out: The current run folder; one that does not exist has nothing done.
        name: The recipe's name: run folders beside `out` with the same one are earlier runs.
        config: The deciding metric, prices, volume, and the gates' settings.

    Returns:
        The content of plan.json: `phase` (1 to 3), `phases`, `stopped` (null, or the phase at which
        the plan ends and why), `missing`, `next`, `roadmap`, `earlier_runs`, `sentences`.

    Raises:
        TunesmithError: A file of a run folder cannot be read.
    """
    view = View(project(out, name), config)
    gates = [made(view) for _, made in _PHASES]
    passed = [all(gate.met for gate in of_phase) for of_phase in gates]
    phase = next((place + 1 for place, done in enumerate(passed) if not done), len(_PHASES))
    stopped = _stopped(phase, gates[phase - 1])
    finished = all(passed)
    unmet = [gate for gate in gates[phase - 1] if not gate.met]
    following = _next(view, phase, unmet, stopped=stopped is not None or finished)
    return {
        "phase": phase,
        "phases": [
            {
                "number": place + 1,
                "name": title,
                "state": _state(place + 1, phase, finished=finished),
                "gates": [gate.as_json() for gate in gates[place]],
            }
            for place, (title, _) in enumerate(_PHASES)
        ],
        "stopped": stopped,
        "missing": [] if stopped else [_missing(gate) for gate in unmet],
        "next": following,
        "roadmap": roadmap(view),
        "earlier_runs": [folder.path.name for folder in view.project.earlier],
        "metric": config.metric,
        "sentences": _sentences(phase, stopped, unmet, following, finished=finished),
    }


def _state(number: int, phase: int, *, finished: bool) -> str:
    if number < phase or finished:
        return "done"
    return "current" if number == phase else "open"


def _stopped(phase: int, gates: Sequence[Gate]) -> dict[str, Any] | None:
    """Why the plan ends here: a gate that was measured and leaves no reason to go on."""
    final = [gate for gate in gates if gate.final and gate.met is False]
    if not final or phase not in _ENDS:
        return None
    return {
        "phase": phase,
        "gates": [gate.name for gate in final],
        "sentence": " ".join([_ENDS[phase], *(gate.sentence for gate in final)]),
    }


def _missing(gate: Gate) -> dict[str, Any]:
    return {
        "gate": gate.name,
        "measured": gate.measured,
        "wanted": gate.wanted,
        "gap": gate.gap,
        "unit": gate.unit,
        "rows": gate.rows,
        "sentence": gate.sentence,
    }


def _next(view: View, phase: int, unmet: Sequence[Gate], *, stopped: bool) -> dict[str, Any]:
    """The machine work until the next phase can be judged: `items`, and their sum."""
    currency, price = view.config.currency, view.config.machine_hour / 3600
    items = [
        {"cost": None if item["seconds"] is None else item["seconds"] * price, **item}
        for item in ([] if stopped else _work(view, phase) + _more_rows(view, unmet))
    ]
    known, cost = (_sum([item[part] for item in items]) for part in ("seconds", "cost"))
    order = ("unknown", "predicted", "measured")
    bases = [str(item["basis"]) for item in items]
    return {
        "items": items,
        "seconds": known,
        "cost": cost,
        "currency": currency,
        "basis": min(bases, key=order.index) if bases else "measured",
    }


def _sum(amounts: Sequence[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return float(sum(known)) if len(known) == len(amounts) else None


def _work(view: View, phase: int) -> list[dict[str, Any]]:
    items = []
    if phase == 1 and not any(folder.of_kind(*PROMPTED) for folder in view.project):
        items.append(_answering(view, "measure a few-shot prompt"))
    kind, label = ("lora", "LoRA") if phase == 1 else ("full", "full fine-tuning")
    if not view.run.of_kind(kind):
        forecast = training_forecast(view, kind)
        items.append(
            {
                "text": f"train {label}",
                "seconds": forecast.seconds,
                "basis": forecast.basis,
                "sentence": f"training {label}: {forecast.sentence}",
                "evidence": forecast.path,
            }
        )
        items.append(_answering(view, f"answer the test rows with {label}"))
    return items


def _more_rows(view: View, unmet: Sequence[Gate]) -> list[dict[str, Any]]:
    """Answering as many more test rows as a gate asks for, with every method."""
    rows = max((gate.rows or 0 for gate in unmet), default=0)
    if not rows:
        return []
    each = [answer_seconds(card) for card in view.run.cards.values()]
    known = _sum(each)
    price = _sum([cost.per_answer for cost in view.costs.values()])
    text = f"answer about {rows:,} more test rows with every method"
    return [
        {
            "text": text,
            "seconds": None if known is None else rows * known,
            "cost": None if price is None else rows * price,
            "basis": "unknown" if known is None else "predicted",
            "sentence": f"{text}: as long as an answer took, and at what it cost",
            "evidence": "decision.json",
        }
    ]


def _answering(view: View, text: str) -> dict[str, Any]:
    """The time of answering the test rows, as long as the last method of this machine took."""
    for folder in view.project:
        for card in reversed(list(folder.cards.values())):
            each = None if pays_by_token(card) else answer_seconds(card)
            if each is not None:
                path = view.project.path(folder, f"methods/{card['method']}/metrics.json")
                return {
                    "text": text, "seconds": each * card["n"], "basis": "predicted",
                    "sentence": f"{text}: as long as “{card['method']}” took for "
                    f"{card['n']:,} rows", "evidence": path,
                }  # fmt: skip
    return {
        "text": text, "seconds": None, "basis": "unknown", "evidence": None,
        "sentence": f"{text}: not known, for nothing was measured in this project",
    }  # fmt: skip


def _sentences(
    phase: int,
    stopped: dict[str, Any] | None,
    unmet: Sequence[Gate],
    following: dict[str, Any],
    *,
    finished: bool,
) -> list[str]:
    title = _PHASES[phase - 1][0]
    if finished:
        return ["The plan is done: full fine-tuning has passed every gate."]
    if stopped is not None:
        return [str(stopped["sentence"])]
    said = [f"The project is in phase {phase} of 3: “{title}”."]
    said += [gate.sentence for gate in unmet]
    if following["items"]:
        texts = " and ".join(item["text"] for item in following["items"])
        said.append(f"Next: {texts}{_takes(following)}.")
    return said


def _takes(following: dict[str, Any]) -> str:
    if following["seconds"] is None:
        return "; how long that takes is not known"
    cost = "a cost that is not known"
    if following["cost"] is not None:
        cost = money(following["cost"], following["currency"])
    return f" ({span(following['seconds'])}, {cost}, {following['basis']})"
