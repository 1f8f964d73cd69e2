"""Engines: where batches are worked on. `map(steps, batches)` is the whole interface."""

from tunesmith.engine.base import Engine
from tunesmith.engine.local import LocalEngine

__all__ = ["Engine", "LocalEngine"]
