"""Training methods as recipes name them: one file each, told apart by `kind`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from tunesmith.prompting.endpoint import EndpointConfig
from tunesmith.prompting.select import BaseConfig, FewShotConfig
from tunesmith.tune.methods.base import TrainedConfig
from tunesmith.tune.methods.full import FullConfig
from tunesmith.tune.methods.lora import LoraConfig
from tunesmith.tune.methods.prefix_tuning import PrefixTuningConfig
from tunesmith.tune.methods.prompt_tuning import PromptTuningConfig

AnyTrained = LoraConfig | FullConfig | PrefixTuningConfig | PromptTuningConfig
"""Any method that is trained."""

Method = Annotated[
    BaseConfig | FewShotConfig | EndpointConfig | AnyTrained, Field(discriminator="kind")
]
"""Any method that a recipe can name."""

trained_method: TypeAdapter[AnyTrained] = TypeAdapter(
    Annotated[AnyTrained, Field(discriminator="kind")]
)
"""Reads the settings of a trained method."""

__all__ = [
    "AnyTrained",
    "FullConfig",
    "LoraConfig",
    "Method",
    "PrefixTuningConfig",
    "PromptTuningConfig",
    "TrainedConfig",
    "trained_method",
]
