"""What source document B says of approaches: starting figures, cost factors, what each is best for.

"Development Costs" and "Use Case Recommendations". Hours and money there are one team's experience,
so they are the editable default for what no run can measure, and marked wherever they show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from tunesmith.config import Config

Approach = Literal["prompt_based", "lora", "full_fine_tuning", "instruction_tuning"]
"""The documents' four approaches."""
APPROACHES: tuple[Approach, ...] = get_args(Approach)
IN_WORDS: dict[Approach, str] = {
    "prompt_based": "prompting",
    "lora": "LoRA tuning",
    "full_fine_tuning": "full fine-tuning",
    "instruction_tuning": "instruction tuning",
}
Hours = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]

WorkPart = Literal["development", "data_preparation", "maintenance"]
WORK_PARTS: tuple[WorkPart, ...] = get_args(WorkPart)


class WorkConfig(Config):
    """Hours of work of one method; what is not given is taken from the documents, and marked."""

    development_hours: Hours | None = None
    """Hours to build and set up: prompts, trials, deployment."""

    data_preparation_hours: Hours | None = None
    """Hours to prepare the data if this were the only method. Methods of one project share a
    dataset: nobody pays for it twice, so these hours are never added up over methods."""

    maintenance_hours_per_month: Hours | None = None
    """Hours a month to keep it good: new data, new training, watching it."""

    def hours(self, part: WorkPart) -> float | None:
        """The hours given for a part, those of maintenance by the month."""
        return {
            "development": self.development_hours,
            "data_preparation": self.data_preparation_hours,
            "maintenance": self.maintenance_hours_per_month,
        }[part]


class CostFactors(Config):
    """How much each kind of cost weighs in the index of effort; together they are 1."""

    development: Share = 0.3
    """Hours of development."""
    compute: Share = 0.4
    """Money for training and answers."""
    data_preparation: Share = 0.2
    """Hours of data preparation."""
    maintenance: Share = 0.1
    """Hours of maintenance."""

    @model_validator(mode="after")
    def _together_one(self) -> Self:
        total = self.development + self.compute + self.data_preparation + self.maintenance
        if abs(total - 1) > 1e-6:
            msg = f"the cost factors together must be 1, not {total:g}"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class Starting:
    """The documents' figures of one approach."""

    development: float
    """Hours."""
    compute: float
    """USD. Never used where seconds were measured."""
    data_preparation: float
    """Hours."""
    maintenance: float
    """Hours a month."""

    def hours(self, part: WorkPart) -> float:
        """The hours of a part, those of maintenance by the month."""
        return float(getattr(self, part))


STARTING: dict[Approach, Starting] = {
    "prompt_based": Starting(20, 100, 20, 5),
    "lora": Starting(80, 1000, 60, 10),
    "full_fine_tuning": Starting(160, 5000, 80, 20),
    "instruction_tuning": Starting(120, 3000, 100, 15),
}

_OF_KIND: dict[str, Approach] = {
    "base": "prompt_based",
    "few_shot": "prompt_based",
    "endpoint": "prompt_based",
    "full": "full_fine_tuning",
}


KINDS = (*_OF_KIND, "lora", "prefix_tuning", "prompt_tuning")
"""Kinds of method that hours of work can be given for."""


def format_of(scorecard: Mapping[str, Any]) -> str | None:
    """What a trained method has learned from: `qa`, `instruction`, …; None if not trained."""
    settings = (scorecard.get("training") or {}).get("settings") or {}
    found = (settings.get("format") or {}).get("kind")
    return None if found is None else str(found)


def approach_of(scorecard: Mapping[str, Any]) -> Approach:
    """The documents' approach that a method belongs to.

    Whatever learns under instructions is instruction tuning. Prefix and prompt tuning have no
    figures there: as ways of training a small part they take those of LoRA.
    """
    if format_of(scorecard) == "instruction":
        return "instruction_tuning"
    return _OF_KIND.get(str(scorecard["kind"]), "lora")


UseCase = Literal[
    "prototype", "production", "high_volume", "frequent_updates", "multi_task", "maximum_quality",
    "little_data", "limited_compute", "cost_sensitive", "domain", "assistant", "long_term",
    "simple_task", "consistency", "complex_reasoning",
]  # fmt: skip
"""What the model is for, in the words of the documents' recommendations."""


@dataclass(frozen=True)
class Preference:
    """What the documents say for one use case."""

    label: str
    """To follow "for"."""
    best: tuple[Approach, ...] = ()
    not_for: tuple[Approach, ...] = ()

    def rank(self, approach: Approach) -> int:
        """0 recommended, 1 not mentioned, 2 advised against."""
        return 0 if approach in self.best else 2 if approach in self.not_for else 1


_PROMPT: Approach = "prompt_based"
_FULL: Approach = "full_fine_tuning"
_INSTRUCTION: Approach = "instruction_tuning"
PREFERENCES: dict[UseCase, Preference] = {
    "prototype": Preference("rapid prototyping", (_PROMPT,), (_FULL, _INSTRUCTION)),
    "production": Preference("production with limited resources", ("lora",)),
    "high_volume": Preference("production at a large scale", (_FULL,), (_PROMPT,)),
    "frequent_updates": Preference("frequent updates", ("lora", _PROMPT), (_FULL,)),
    "multi_task": Preference("several tasks in one model", ("lora", _INSTRUCTION)),
    "maximum_quality": Preference("the highest performance", (_FULL,), ("lora",)),
    "little_data": Preference("little training data", (_PROMPT,), (_FULL, "lora")),
    "limited_compute": Preference("limited computing resources", ("lora",), (_FULL, _INSTRUCTION)),
    "cost_sensitive": Preference("applications where cost counts most", (_PROMPT,)),
    "domain": Preference("applications of one domain", (_FULL,)),
    "assistant": Preference("a general business assistant", (_INSTRUCTION,)),
    "long_term": Preference("long-term deployment", (_FULL, _INSTRUCTION)),
    "simple_task": Preference("simple tasks", (), ("lora", _INSTRUCTION)),
    "consistency": Preference("consistent performance", (), (_PROMPT,)),
    "complex_reasoning": Preference("complex reasoning", (), (_PROMPT,)),
}
