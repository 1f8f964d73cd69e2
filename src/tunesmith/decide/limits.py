"""Hard limits: what a method must keep to before it is compared at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from tunesmith.config import Config
from tunesmith.decide.evidence import Evidence

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Standing = Literal["met", "failed", "unclear"]


class LimitsConfig(Config):
    """Hard limits; what is not set limits nothing."""

    min_quality: float | None = Field(default=None, allow_inf_nan=False)
    """The worst value of the deciding metric that will do (of perplexity: the highest)."""

    max_p95_latency_s: Positive | None = None
    """The longest that 19 of 20 answers may take, asked for one at a time, in seconds."""

    max_memory_mib: Positive | None = None
    """The most memory that answering may take on this machine, in MiB."""

    max_total_cost: Positive | None = None
    """The most money for set-up, answers and maintenance until the horizon."""

    max_forgetting: Positive | None = None
    """How much perplexity outside the domain may grow by training: 1.1 is by a tenth. Needs
    `forgetting.json` of a method."""

    data_stays_here: bool = False
    """Data may not leave this machine: a recipe with a model behind an endpoint elsewhere, as a
    method or as the judge, is refused before anything is asked."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """One method held against one limit."""

    method: str
    standing: Standing
    value: float | None
    """What was measured."""
    low: float | None = None
    high: float | None = None
    sure: bool = True
    """Whether the whole interval says so."""
    excess: float = 0.0
    """How far beyond the limit, as a share of the limit; to find the method nearest to it."""
    sentence: str = ""
    """Why it failed or is unclear."""
    todo: str = ""
    """What would settle it, where it is not sure; empty if nothing is known to."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit of the settings, and how every method stands to it."""

    name: str
    limit: float | bool
    label: str
    held: tuple[Held, ...]

    def those(self, standing: Standing) -> list[Held]:
        """The methods that stand so."""
        return [held for held in self.held if held.standing == standing]

    def as_json(self) -> dict[str, Any]:
        """An entry of `verdict.limits`."""
        return {
            "name": self.name,
            "limit": self.limit,
            "label": self.label,
            "met": [held.method for held in self.those("met")],
            **{
                standing: [
                    {
                        "method": held.method,
                        "value": held.value,
                        "low": held.low,
                        "high": held.high,
                        "sure": held.sure,
                        "sentence": held.sentence,
                    }
                    for held in self.those(standing)
                ]
                for standing in ("failed", "unclear")
            },
        }
