"""What counts in the decision: the figure, the prices, the volume and the limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from tunesmith.config import Config
from tunesmith.decide.approaches import APPROACHES, KINDS, CostFactors, UseCase, WorkConfig
from tunesmith.decide.limits import LimitsConfig
from tunesmith.decide.strategy.config import StrategyConfig
from tunesmith.evaluate.config import MetricName

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]

MIN_GAINS = {"bleu": 2.0, "chrf": 2.0, "perplexity": 0.1}
"""Defaults of `min_gain` for metrics that are no share of 1."""


class DecideConfig(Config):
    """Settings of the decision. The prices are assumptions of ours: put in your own."""

    metric: MetricName = "token_f1"
    """The quality figure that decides; it must be among the evaluation's metrics. In a
    classification task (`evaluate.task`) the default is `accuracy`."""

    min_gain: float = Field(default=0.02, ge=0, allow_inf_nan=False)
    """The smallest gain that is worth the trouble, in the metric's unit (0.02 of token F1).

    The default is 2 where the metric counts points to 100 (`bleu`, `chrf`), and 0.1 of perplexity.

    A method that takes more effort must be clearly better, and by at least this much. Put 0 to
    accept any gain that is clear.
    """

    min_rows: int = Field(default=30, ge=2)
    """With fewer independent test rows (threads count once) no verdict is given."""

    limits: LimitsConfig = LimitsConfig()
    """What a method must keep to at all; one that does not is out before methods are compared."""

    use_case: UseCase | None = None
    """What the model is for: where methods cannot be told apart, the documents' recommendation
    for it decides. It never overrules a clear difference."""

    currency: str = Field(default="USD", min_length=1, max_length=8)
    """Currency of all prices, used in sentences as it stands."""

    machine_hour: Price = 0.10
    """Price of one hour of a machine like the one that trained and answered.

    The default is a guess at a rented machine with two CPU cores.
    """

    engineer_hour: Price = 60.0
    """Price of one hour of an engineer's work."""

    work: dict[str, WorkConfig] = Field(default_factory=dict)
    """Hours of work by a method's name, its kind, or its approach (`prompt_based`, `lora`,
    `full_fine_tuning`, `instruction_tuning`): `lora: {development_hours: 8}`.

    A part that is given for one method counts for all; where a method has no hours of its own,
    those are the source documents' starting figures, marked wherever they show. Parts that are
    given for none are shown and left out of the decision (see `assumed_hours`).
    """

    engineer_hours: dict[str, Price] = Field(default_factory=dict)
    """Short for `work: {NAME: {development_hours: …}}`: `lora: 8`."""

    assumed_hours: Literal["show", "count"] = "show"
    """What the documents' hours do for parts of the work that you gave for no method: `show` leaves
    them out of what decides, but for one question: a saving alone makes a method worth more effort
    only if it is there with these hours as well. `count` lets them count everywhere."""

    cost_factors: CostFactors = CostFactors()
    """Weights of the index of effort, as the source documents have them."""

    answers_per_month: int = Field(default=10_000, ge=0)
    """How many answers the model will give in a month."""

    horizon_months: float = Field(default=12.0, gt=0, allow_inf_nan=False)
    """Months over which costs are added up before methods are compared."""

    samples: int = Field(default=10, ge=0)
    """Test rows to show with every method's answer."""

    strategy: StrategyConfig = StrategyConfig()
    """The gates of the plan from prompting to LoRA to full fine-tuning."""

    @model_validator(mode="before")
    @classmethod
    def _smallest_gain_in_its_unit(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "min_gain" in given:
            return given
        default = MIN_GAINS.get(str(given.get("metric")))
        return given if default is None else {**given, "min_gain": default}

    @model_validator(mode="after")
    def _hours_once(self) -> Self:
        twice = [
            name
            for name in self.engineer_hours
            if name in self.work and self.work[name].development_hours is not None
        ]
        if twice:
            msg = (
                f"the hours of {', '.join(twice)} are given twice: keep either engineer_hours or "
                "work.NAME.development_hours"
            )
            raise ValueError(msg)
        return self

    def strangers(self, methods: Mapping[str, str]) -> list[str]:
        """Names that hours are given for and that no method, kind or approach has.

        Args:
            methods: The kind of each method of the recipe, by its name.
        """
        known = {*methods, *methods.values(), *KINDS, *APPROACHES}
        return sorted({*self.work, *self.engineer_hours} - known)


def decided_by_the_task(recipe: Any) -> Any:
    """A recipe's raw settings, decided by accuracy where the task is classification."""
    if not isinstance(recipe, dict):
        return recipe
    evaluate, decide = recipe.get("evaluate"), recipe.get("decide") or {}
    if not isinstance(evaluate, dict) or evaluate.get("task") != "classification":
        return recipe
    if not isinstance(decide, dict) or "metric" in decide:
        return recipe
    return {**recipe, "decide": {**decide, "metric": "accuracy"}}
