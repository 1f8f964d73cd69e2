"""A run as far as it has come: what its stages hand on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.choose_k import drawn
from tunesmith.models import BaseModel
from tunesmith.prepare import Prepared
from tunesmith.progress import Progress
from tunesmith.prompting import Example
from tunesmith.recipe import LoadedRecipe

#: How far a run goes. Every stage takes what earlier runs left in the folder.
Until = Literal["prepare", "tune", "evaluate", "decide", "report"]
_ORDER: tuple[Until, ...] = get_args(Until)
_Found = TypeVar("_Found")


@dataclass
class Run:
    """A run as far as it has come."""

    loaded: LoadedRecipe
    out: Path
    progress: Progress
    until: Until = "report"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    data: Prepared | None = None
    scorecards: list[dict[str, Any]] = field(default_factory=list)
    predictions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    decision: dict[str, Any] | None = None
    slices: dict[str, Any] | None = None
    cross_validation: dict[str, Any] | None = None
    models: dict[str, BaseModel] = field(default_factory=dict)
    audits: list[dict[str, Any]] = field(default_factory=list)
    forgotten: list[dict[str, Any]] = field(default_factory=list)
    failed_gates: list[str] = field(default_factory=list)
    timings_s: dict[str, float] = field(default_factory=dict)
    mlflow_run: str | None = None

    def reaches(self, stage: Until) -> bool:
        """Whether the run goes as far as a stage."""
        return _ORDER.index(self.until) >= _ORDER.index(stage)

    def timed(self, name: str, work: Callable[[], _Found]) -> _Found:
        """Do a piece of work and keep its seconds."""
        started = time.perf_counter()
        done = work()
        self.timings_s[name] = self.timings_s.get(name, 0.0) + time.perf_counter() - started
        return done

    @property
    def prepared(self) -> Prepared:
        """The dataset, once it is prepared."""
        if self.data is None:
            raise AssertionError("the dataset is prepared first")
        return self.data

    def test_rows(self) -> list[Example]:
        """The test split, or `evaluate.test_rows` rows of it, drawn by the seed and kept in order.

        Raises:
            TunesmithError: There are no test rows.
        """
        rows, settings = self.prepared.examples("test"), self.loaded.recipe.evaluate
        if not rows:
            raise TunesmithError(
                "the test split has no rows, so nothing can be measured",
                todo="give split.test a larger share, or loosen the checks",
            )
        return drawn(rows, settings.test_rows, seed=settings.seed)
