"""The settings of cross-validation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tunesmith.config import Config


class CrossValidationConfig(Config):
    """Every method is trained as many times as there are folds, and answers every row once."""

    folds: int = Field(default=5, ge=2, le=50)
    """Into how many parts the rows are dealt; each is held out once."""

    methods: tuple[str, ...] | None = None
    """The methods to cross-validate, by their names in the recipe; null: all of them. What a method
    starts after is trained in every fold too."""

    over: Literal["train_and_validation", "all"] = "train_and_validation"
    """The rows that are dealt to folds. `train_and_validation` leaves the test split untouched, for
    the verdict. `all` takes its rows too: a method chosen by that has been chosen on the test
    split, whose figures then flatter it."""

    validation: float = Field(default=0.1, gt=0, le=0.5)
    """The share of a fold's own training rows that tuning watches, to stop early or keep the best
    weights: never the held-out rows. It is dealt like the folds."""

    rows_per_fold: int | None = Field(default=None, ge=1)
    """Answer at most this many held-out rows of each fold; null: all of them."""

    seed: int = Field(default=13, ge=0)
    """Decides between groups of rows that would do equally well in several folds."""

    parallel: Literal["auto"] | Annotated[int, Field(ge=1, le=64)] = "auto"
    """Folds worked on at a time. `auto`: one on each GPU; without GPUs as many as memory allows,
    each with at least 8 cores: more than one training on a few cores is slower than one after the
    other."""
