"""Engines: where batches are worked on. `map(steps, batches)` is the whole interface."""

from tunesmith.engine.base import Cluster, Engine, Task
from tunesmith.engine.config import RayConfig
from tunesmith.engine.local import LocalEngine
from tunesmith.engine.ray import RayEngine

__all__ = ["Cluster", "Engine", "LocalEngine", "RayConfig", "RayEngine", "Task"]
