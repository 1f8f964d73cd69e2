"""Prompts and worked examples: what can be had from a model whose weights stay as they are."""

from tunesmith.prompting.endpoint import EndpointConfig
from tunesmith.prompting.example import Example
from tunesmith.prompting.select import BaseConfig, FewShotConfig, select_shots
from tunesmith.prompting.template import PromptConfig

__all__ = [
    "BaseConfig",
    "EndpointConfig",
    "Example",
    "FewShotConfig",
    "PromptConfig",
    "select_shots",
]
