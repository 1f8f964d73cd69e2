"""How a method's settings are looked for before it is trained."""

from __future__ import annotations

from pydantic import Field

from tunesmith.config import Config


class SearchConfig(Config):
    """Short trainings that try settings, the learning rate first (extra `search`)."""

    minutes: float = Field(default=10.0, gt=0, le=10_000)
    """Time for all trials together; half of it goes to the learning rate. The first trial is
    always finished, however long it takes."""
    trials: int | None = Field(default=None, ge=1)
    """At most this many trials, half of them for the learning rate. None: as many as the time
    allows."""
    steps: int = Field(default=40, ge=4)
    """Optimizer steps of a trial, whose learning rate falls to zero as in a whole training."""
    rows: int = Field(default=256, ge=4)
    """Training rows that trials learn from, drawn once by the seed."""
    fields: tuple[str, ...] | None = None
    """The settings to look for. None: the learning rate and those that the method names: `r` and
    `alpha` of LoRA, `virtual_tokens` of prefix and prompt tuning, `weight_decay` of full
    fine-tuning."""
