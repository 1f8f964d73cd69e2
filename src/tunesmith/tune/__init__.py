"""Changing a model's weights: methods, formats, and one trainer for them all."""

from tunesmith.tune.api import tune
from tunesmith.tune.config import LoraConfig, Method

__all__ = ["LoraConfig", "Method", "tune"]
