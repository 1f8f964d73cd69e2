"""The trainer on one processor or on many: one process for each, the same steps."""

from tunesmith.tune.launch.config import LaunchConfig

__all__ = ["LaunchConfig"]
