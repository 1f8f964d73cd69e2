"""When a project may go on from prompting to LoRA, and from LoRA to full fine-tuning."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunesmith.config import Config

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class StrategyConfig(Config):
    """The gates of the plan (`decide --plan`)."""

    wanted_quality: float | None = Field(default=None, allow_inf_nan=False)
    """What the deciding metric has to reach, in its unit; null: as much as is worth its price."""

    min_examples: int = Field(default=1_000, ge=1)
    """Question/answer pairs before a model is trained (the documents: 1,000 to 5,000 a task)."""

    max_payback_months: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Months in which training has to repay itself at the expected volume; null: the horizon."""

    stable_versions: int = Field(default=2, ge=1)
    """Changes from one dataset version to the next that are looked at for stability."""

    max_change: Share = 0.1
    """The share of a version's rows that the next one may remove or change; new rows are none."""

    max_training_hours: float = Field(default=48.0, gt=0, allow_inf_nan=False)
    """Hours that a training may take (the documents speak of days for full fine-tuning)."""

    critical: tuple[str, ...] = ()
    """Categories that justify full fine-tuning; empty: those where LoRA is clearly worst."""

    components: int = Field(default=5, ge=1)
    """The most categories that count as critical; all of them would not be selective."""
