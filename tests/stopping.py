"""Ends a training in the middle, as a kill would, for tests of resuming."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class StopHereError(Exception):
    """Ends a run in the middle."""


def stop_at(step: int) -> Callable[[dict[str, Any]], None]:
    """An `emit` that ends the run when the step has been reported."""

    def emit(event: dict[str, Any]) -> None:
        if event.get("step") == step:
            raise StopHereError

    return emit
