"""The main job: from raw files to a verdict and one report."""

from tunesmith.pipeline.job import run
from tunesmith.pipeline.state import Run, Until

__all__ = ["Run", "Until", "run"]
