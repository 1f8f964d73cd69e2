"""What all stages of a run share: the recipe, the cache, the engine, how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunesmith.dedup.forest import Forests
from tunesmith.engine import Cluster, Engine, RayEngine, Task
from tunesmith.io import fingerprint
from tunesmith.progress import Progress
from tunesmith.recipe import LoadedRecipe, Recipe
from tunesmith.store.cache import RunCache, Stage


@dataclass(frozen=True)
class Context:
    """One run's recipe and its means."""

    loaded: LoadedRecipe
    """The recipe, and where it was read."""
    out: Path
    """The run folder."""
    cache: RunCache
    """What earlier runs made, and this one."""
    engine: Engine
    """Works on batches."""
    progress: Progress
    """Where to say how far it is."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds by stage."""

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.loaded.recipe

    @property
    def base(self) -> Path:
        """The folder that the recipe's paths start from."""
        return self.loaded.base

    @property
    def table(self) -> Path:
        """The dataset's table, with its versions."""
        return self.out / "dataset"

    @property
    def cluster(self) -> Cluster | None:
        """The engine, if it has machines but this one."""
        return self.engine if isinstance(self.engine, RayEngine) else None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note the seconds that a stage takes."""
        started = time.perf_counter()
        yield
        self.timings[stage] = time.perf_counter() - started

    def each(self, tasks: Sequence[Task]) -> Iterator[int]:
        """Run tasks where the work is done: on the cluster, or here one after the other."""
        if self.cluster is not None:
            return self.cluster.run(tasks)
        return (task.run() for task in tasks)

    def work_off(self, tasks: Sequence[Task]) -> None:
        """Run tasks for the files that they write."""
        for _ in self.each(tasks):
            pass

    def beside(
        self, rows: Stage, name: str, settings: dict[str, Any], suffix: str = "npy"
    ) -> list[Path]:
        """For each part, the file of something that was worked out of it with some settings."""
        key = fingerprint(settings)
        return [
            self.cache.beside(rows, number, f"{name}-{key}.{suffix}").resolve()
            for number in range(len(rows))
        ]

    def forests(self, rows: Stage, name: str, settings: dict[str, Any]) -> Forests:
        """The verified pairs that the last search with some settings has left."""
        folder = self.cache.stage(name, fingerprint(settings)).folder
        return Forests(folder / "pairs.npz", [rows.name(number) for number in range(len(rows))])
