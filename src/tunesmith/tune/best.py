"""The weights of the best validation so far, kept on disk and with every checkpoint."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from safetensors.torch import save_file

from tunesmith.io import sync_folder
from tunesmith.tune.launch import ranks
from tunesmith.tune.masters import MASTERS_FILE, Masters

BEST = "best"
"""The folder in a training's work folder, and in each checkpoint, that holds them."""


class Best:
    """Keeps one set of weights beside the newest.

    A checkpoint holds the weights that were best when it was written: a run that is killed later
    and resumed finds them, whatever it had kept since.

    Args:
        masters: The weights that are learned, in float32.
        work: The training's work folder.
    """

    def __init__(self, masters: Masters, work: Path) -> None:
        self.masters, self.folder = masters, work / BEST

    def keep(self) -> None:
        """The weights as they are now are the best; each file is replaced at once or not at all."""
        state = self.masters.state()  # processes that share the weights gather them together
        if ranks.number() > 0:
            return
        torn = self.folder.with_name(f"{BEST}.tmp")
        shutil.rmtree(torn, ignore_errors=True)
        torn.mkdir()
        save_file(state, torn / MASTERS_FILE)
        sync_folder(torn)
        self.folder.mkdir(exist_ok=True)
        for file in torn.iterdir():
            file.replace(self.folder / file.name)
        torn.rmdir()

    def save(self, checkpoint: Path) -> None:
        """Give the best weights to a checkpoint: names for the same files, where it can."""
        if self.folder.exists():
            shutil.copytree(self.folder, checkpoint / BEST, copy_function=_linked)

    def resume(self, checkpoint: Path | None) -> None:
        """Take the best weights that a checkpoint holds for the best so far."""
        if ranks.number() == 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            if checkpoint is not None and (checkpoint / BEST).exists():
                shutil.copytree(checkpoint / BEST, self.folder, copy_function=_linked)
        ranks.wait()

    def restore(self) -> None:
        """Give the best weights back to the model."""
        ranks.wait()  # the first process has written them
        self.masters.load(self.folder)


def _linked(source: str, target: str) -> None:
    """A second name for a file that is never changed in place; a copy where links are not."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
