"""How forgetting is measured, and how much of it is too much."""

from __future__ import annotations

from pydantic import Field

from tunesmith.config import Config


class ForgettingConfig(Config):
    """Texts and tasks outside the domain, before and after each training.

    Scored by likelihood alone, so that it costs seconds.
    """

    texts: tuple[str, ...] = Field(default=("default",), min_length=1)
    """General texts: `default` are those that ship; a path from the recipe's folder is a text file
    whose texts have a blank line between them."""
    tasks: tuple[str, ...] = ("default",)
    """Questions with choices: `default` are those that ship; a path is a YAML file like them."""
    max_tokens: int = Field(default=256, ge=16)
    """So many tokens of a text are read."""
    max_perplexity_ratio: float = Field(default=1.5, gt=0)
    """The gate: the largest perplexity of the texts, over that of the base model."""
    max_accuracy_drop: float = Field(default=0.1, ge=0, le=1)
    """The gate: the largest share of all tasks' items that may be lost, where the loss is clear."""
    batch_size: int = Field(default=8, ge=1)
    """Texts and choices read together."""
    gate: bool = False
    """Whether `tunesmith run` ends with exit code 3 when a method fails the gate."""
