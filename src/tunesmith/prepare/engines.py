"""Opening the engine that a recipe names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunesmith.engine import Engine, LocalEngine, RayEngine
from tunesmith.recipe import Recipe
from tunesmith.store.secret import secret


@contextmanager
def opened_engine(recipe: Recipe, folder: Path) -> Iterator[Engine]:
    """The engine that the recipe names, ready to work and closed again.

    Args:
        recipe: Names it.
        folder: The run's work folder.

    Raises:
        MissingExtraError: The engine is not installed.
        ClusterError: The cluster cannot be reached, or cannot do the work.
    """
    if recipe.engine == "local":
        yield LocalEngine(recipe.workers)
        return
    # Machines have secrets of their own otherwise, and pseudonyms that differ.
    environment = {"TUNESMITH_SECRET": secret().decode()}
    with RayEngine(recipe.ray, folder, workers=recipe.workers, environment=environment) as engine:
        yield engine
