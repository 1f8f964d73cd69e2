"""Ends a training in the middle, by an error or by a kill, for tests of resuming."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tunesmith.progress import SilentProgress


class StopHereError(Exception):
    """Ends a run in the middle."""


def stop_at(step: int) -> Callable[[dict[str, Any]], None]:
    """An `emit` that ends the run when the step has been reported."""

    def emit(event: dict[str, Any]) -> None:
        if event.get("step") == step:
            raise StopHereError

    return emit


class Killer(SilentProgress):
    """Kills processes when a training's checkpoint is there: nothing is told to them before.

    Args:
        checkpoint: Its folder.
        rank: Which of several processes that train together is killed; None: the one there is.
    """

    def __init__(self, checkpoint: Path, *, rank: int | None = None) -> None:
        self.checkpoint, self.rank = checkpoint, rank
        #: Servers that other tests have running are nobody's training.
        self.others = set(psutil.Process().children(recursive=True))

    def stage(self, name: str, total: float | None = None) -> Any:
        """A stage whose every advance looks for the checkpoint."""
        context = super().stage(name, total)
        stage = context.__enter__()

        def advance(amount: float = 1, *, note: str | None = None) -> None:
            if not (self.checkpoint / "tunesmith.json").exists():
                return
            mine = psutil.Process().children(recursive=self.rank is not None)
            for child in set(mine) - self.others:
                if self.rank is None or child.environ().get("RANK") == str(self.rank):
                    os.kill(child.pid, signal.SIGKILL)

        stage.advance = advance  # type: ignore[method-assign]

        class _Stage:
            def __enter__(self) -> Any:
                return stage

            def __exit__(self, *error: object) -> None:
                context.__exit__(None, None, None)

        return _Stage()
