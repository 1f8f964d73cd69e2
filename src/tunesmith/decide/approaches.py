"""The source documents' table of approaches, with what this project has measured in its place.

The table of document B (section 8, "Comparative Analysis") rates four approaches by training time,
computational cost, performance, flexibility and maintenance, and says what each is best for. Here
a cell says what was measured where something was, and is marked as the documents' opinion where
nothing was. Prompt tuning and prefix tuning are not in that table (document A, 2.2 and 2.3, has
them): they are listed once they were measured, without an opinion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import cost_of
from tunesmith.decide.words import figure, money

Scorecard = Mapping[str, Any]
UseCase = Literal[
    "prototype",
    "production",
    "high_volume",
    "frequent_updates",
    "multi_task",
    "maximum_quality",
    "limited_data",
    "long_term",
]
"""The uses that the documents' lists speak of."""

CELLS = ("training_time", "computational_cost", "performance", "flexibility", "maintenance")
"""The columns of the documents' table."""

HOUR_S = 3600


@dataclass(frozen=True, kw_only=True)
class Approach:
    """What the documents say of one approach."""

    name: str
    label: str
    opinion: Mapping[str, str]
    """The documents' word for each of `CELLS`; none for an approach they do not rate."""
    best_for: tuple[str, ...] = ()
    """Uses, in the documents' words."""
    not_for: tuple[str, ...] = ()
    suits: tuple[UseCase, ...] = ()
    """The use cases that `best_for` names."""
    unsuited: tuple[UseCase, ...] = ()
    """The use cases that `not_for` names."""


def _opinion(*words: str) -> dict[str, str]:
    return dict(zip(CELLS, words, strict=True))


APPROACHES: tuple[Approach, ...] = (
    Approach(
        name="full",
        label="Full fine-tuning",
        opinion=_opinion("High (days)", "Very high", "Excellent", "Low", "High"),
        best_for=(
            "large-scale production systems",
            "domain-specific applications",
            "maximum performance requirements",
            "long-term deployment",
        ),
        not_for=(
            "rapid prototyping",
            "limited computational resources",
            "frequent model updates",
            "small datasets",
        ),
        suits=("production", "high_volume", "maximum_quality", "long_term"),
        unsuited=("prototype", "frequent_updates", "limited_data"),
    ),
    Approach(
        name="lora",
        label="LoRA",
        opinion=_opinion("Medium (hours)", "Medium", "Very good", "Medium", "Medium"),
        best_for=(
            "production systems with resource constraints",
            "frequent model updates",
            "multi-task applications",
            "moderate performance requirements",
        ),
        not_for=("maximum performance requirements", "very small datasets", "simple tasks"),
        suits=("production", "frequent_updates", "multi_task"),
        unsuited=("maximum_quality", "limited_data"),
    ),
    Approach(
        name="prompt_based",
        label="Prompt-based",
        opinion=_opinion("Low (minutes)", "Low", "Good", "High", "Low"),
        best_for=(
            "rapid prototyping",
            "limited training data",
            "frequent requirement changes",
            "cost-sensitive applications",
        ),
        not_for=(
            "high-volume production",
            "consistent performance requirements",
            "complex reasoning tasks",
        ),
        suits=("prototype", "limited_data", "frequent_updates"),
        unsuited=("high_volume", "production"),
    ),
    Approach(
        name="instruction",
        label="Instruction tuning",
        opinion=_opinion("High (days)", "High", "Excellent", "Medium", "Medium"),
        best_for=(
            "general-purpose business assistants",
            "multi-task applications",
            "human-like interaction requirements",
            "long-term deployment",
        ),
        not_for=(
            "simple, single-task applications",
            "limited computational resources",
            "rapid deployment needs",
        ),
        suits=("multi_task", "long_term"),
        unsuited=("prototype",),
    ),
)
"""The documents' table and lists, in their order."""

_UNRATED = {
    "prefix_tuning": Approach(name="prefix_tuning", label="Prefix tuning", opinion={}),
    "prompt_tuning": Approach(name="prompt_tuning", label="Prompt tuning", opinion={}),
}
_PROMPTED = {"few_shot", "endpoint"}


def approach_of(scorecard: Scorecard) -> str | None:
    """The approach that a method is one of; None for the model as it is and for other kinds.

    A method that was trained under instructions (`format: instruction`) is instruction tuning,
    whichever weights it changes.
    """
    kind = str(scorecard["kind"])
    if kind in _PROMPTED:
        return "prompt_based"
    settings = (scorecard.get("training") or {}).get("settings") or {}
    if (settings.get("format") or {}).get("kind") == "instruction":
        return "instruction"
    return kind if kind in {"full", "lora", *_UNRATED} else None


def approaches(scorecards: Sequence[Scorecard], config: DecideConfig) -> list[dict[str, Any]]:
    """The documents' table, filled from measurements.

    Args:
        scorecards: The content of every method's metrics.json.
        config: The deciding metric and the prices.

    Returns:
        For each approach `approach`, `label`, `methods` (names of those measured), the cells
        `CELLS`, `best_for`, `not_for`. A cell is `{text, basis, opinion}`: what to show, whether it
        was `measured`, is the documents' `opinion` or `none`, and their word (or null).
    """
    mine: dict[str, list[Scorecard]] = {}
    for scorecard in scorecards:
        name = approach_of(scorecard)
        if name is not None:
            mine.setdefault(name, []).append(scorecard)
    wanted = [*APPROACHES, *(_UNRATED[name] for name in _UNRATED if name in mine)]
    return [_row(approach, mine.get(approach.name, []), config) for approach in wanted]


def _row(approach: Approach, methods: Sequence[Scorecard], config: DecideConfig) -> dict[str, Any]:
    found = {
        "training_time": [_training_time(card) for card in methods],
        "computational_cost": [_cost(card, config) for card in methods],
        "performance": [_performance(card, config) for card in methods],
        "flexibility": [_flexibility(card) for card in methods],
        "maintenance": [],
    }
    several = len(methods) > 1
    cells = {
        name: _cell(
            [
                f"{card['method']}: {text}" if several else text
                for card, text in zip(methods, found[name], strict=False)
                if text is not None
            ],
            approach.opinion.get(name),
        )
        for name in CELLS
    }
    return {
        "approach": approach.name,
        "label": approach.label,
        "methods": [str(card["method"]) for card in methods],
        **cells,
        "best_for": list(approach.best_for),
        "not_for": list(approach.not_for),
    }


def _cell(texts: Sequence[str], opinion: str | None) -> dict[str, Any]:
    if texts:
        return {"text": "; ".join(texts), "basis": "measured", "opinion": opinion}
    if opinion is None:
        return {"text": "not measured", "basis": "none", "opinion": None}
    return {"text": opinion, "basis": "opinion", "opinion": opinion}


def training_seconds(scorecard: Scorecard) -> float | None:
    """Seconds of the training and of the search for its settings; None where none is recorded."""
    training = scorecard.get("training") or {}
    seconds = training.get("seconds")
    if seconds is None:
        return None
    return float(seconds + (training.get("search") or {}).get("seconds", 0.0))


def _training_time(scorecard: Scorecard) -> str | None:
    if scorecard["kind"] in _PROMPTED:
        return "none: nothing is trained"
    seconds = training_seconds(scorecard)
    if seconds is None:
        return None
    training = scorecard["training"]
    epochs = training.get("epochs")
    passes = "" if epochs is None else f", {epochs:.2g} {_passes(epochs)} over"
    rows = training.get("examples")
    return span(seconds) + ("" if rows is None else f"{passes or ' on'} {rows:,} rows")


def _cost(scorecard: Scorecard, config: DecideConfig) -> str | None:
    cost = cost_of(scorecard, config)
    said = []
    if cost.training:
        said.append(f"training {money(cost.training, config.currency)}")
    if cost.per_answer is not None:
        said.append(f"{money(1000 * cost.per_answer, config.currency)} for 1,000 answers")
    peak = (scorecard.get("training") or {}).get("peak_memory_mib")
    if peak:
        said.append(f"{peak / 1024:.1f} GiB to train")
    return ", ".join(said) or None


def _performance(scorecard: Scorecard, config: DecideConfig) -> str | None:
    found = scorecard["metrics"].get(config.metric)
    if found is None or found["value"] is None:
        return None
    text = f"{found['label']} {figure(found['value'], found['unit'])}"
    if found["low"] is not None and found["high"] is not None:
        text += f" ({figure(found['low'], found['unit'])} to {figure(found['high'], found['unit'])}"
        text += f", n {found['n']:,})"
    return text


def _flexibility(scorecard: Scorecard) -> str | None:
    """What another variant takes: the measurable side of flexibility."""
    if scorecard["kind"] in _PROMPTED:
        return "a change takes no training, only other examples"
    seconds = training_seconds(scorecard)
    if seconds is None:
        return None
    size = scorecard["training"].get("adapter_mib")
    kept = "" if size is None else f" and {size:,.2g} MiB" if size < 1 else f" and {size:,.1f} MiB"
    return f"a change takes {span(seconds)} of training{kept}"


def span(seconds: float) -> str:
    """Seconds in the unit that fits.

    >>> span(42), span(437.3), span(8000)
    ('42 s', '7.3 min', '2.2 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / HOUR_S:.1f} h"


def _passes(epochs: float) -> str:
    return "pass" if epochs == 1 else "passes"
