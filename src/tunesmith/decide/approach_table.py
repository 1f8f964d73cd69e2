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
from typing import Any

from tunesmith.decide.approaches import approach_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, costs_by
from tunesmith.decide.words import figure, money

Scorecard = Mapping[str, Any]

CELLS = ("training_time", "computational_cost", "performance", "flexibility", "maintenance")
"""The columns of the documents' table."""

HOUR_S = 3600


@dataclass(frozen=True, kw_only=True)
class Rated:
    """What the documents say of one approach."""

    name: str
    label: str
    opinion: Mapping[str, str]
    """The documents' word for each of `CELLS`; none for an approach they do not rate."""
    best_for: tuple[str, ...] = ()
    """Uses, in the documents' words."""
    not_for: tuple[str, ...] = ()


def _opinion(*words: str) -> dict[str, str]:
    return dict(zip(CELLS, words, strict=True))


RATED: tuple[Rated, ...] = (
    Rated(
        name="full_fine_tuning",
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
    ),
    Rated(
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
    ),
    Rated(
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
    ),
    Rated(
        name="instruction_tuning",
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
    ),
)
"""The documents' table and lists, in their order."""

_UNRATED = {
    "prefix_tuning": Rated(name="prefix_tuning", label="Prefix tuning", opinion={}),
    "prompt_tuning": Rated(name="prompt_tuning", label="Prompt tuning", opinion={}),
}
_PROMPTED = {"few_shot", "endpoint"}


def row_of(scorecard: Scorecard) -> str | None:
    """The row of the table that a method belongs to; None for the model as it is."""
    kind = str(scorecard["kind"])
    if kind == "base" or kind in _UNRATED:
        return kind if kind in _UNRATED else None
    return approach_of(scorecard)


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
        name = row_of(scorecard)
        if name is not None:
            mine.setdefault(name, []).append(scorecard)
    wanted = [*RATED, *(_UNRATED[name] for name in _UNRATED if name in mine)]
    costs = costs_by(scorecards, config)
    return [_row(approach, mine.get(approach.name, []), costs, config) for approach in wanted]


def _row(
    approach: Rated,
    methods: Sequence[Scorecard],
    costs: Mapping[str, Cost],
    config: DecideConfig,
) -> dict[str, Any]:
    found = {
        "training_time": [_training_time(card) for card in methods],
        "computational_cost": [_cost(card, costs[str(card["method"])], config) for card in methods],
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


def _cost(scorecard: Scorecard, cost: Cost, config: DecideConfig) -> str | None:
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
    ('42 s', '7 min 17 s', '2.2 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s" if minutes < 60 else "1.0 h"
    return f"{seconds / HOUR_S:.1f} h"


def _passes(epochs: float) -> str:
    return "pass" if epochs == 1 else "passes"
