"""Changing a model's weights: methods, formats, and one trainer for them all."""

from tunesmith.tune.api import tune
from tunesmith.tune.chain import start_from
from tunesmith.tune.folders import tuned
from tunesmith.tune.methods import (
    FullConfig,
    LoraConfig,
    Method,
    PrefixTuningConfig,
    PromptTuningConfig,
    TrainedConfig,
)
from tunesmith.tune.told import Price

__all__ = [
    "FullConfig",
    "LoraConfig",
    "Method",
    "PrefixTuningConfig",
    "Price",
    "PromptTuningConfig",
    "TrainedConfig",
    "start_from",
    "tune",
    "tuned",
]
