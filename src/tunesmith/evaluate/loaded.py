"""A method loaded to answer: a plain model, and what it remembers before every prompt.

LoRA's adapters are merged into the weights. What prefix tuning and prompt tuning have learned is
keys and values for every layer (prompt tuning's embeddings pass through the layers once, when they
are loaded): both become a cache that each prompt continues, at no cost while it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from tunesmith.decoding import Before, before_prompt
from tunesmith.models import compute_dtype, load_model
from tunesmith.tune.folders import ADAPTER


@dataclass(frozen=True)
class Loaded:
    """A model ready to answer."""

    model: PreTrainedModel
    before: Before | None = None


def load_method(path: Path, *, weights: Path | None, precision: Any) -> Loaded:
    """Load a method.

    Args:
        path: The base model.
        weights: What a training has left: an adapter's folder, or a model's; None: the base model.
        precision: The number format to answer in. LoRA's adapters are merged in float32 and rounded
            once: small adapter weights added to bfloat16 ones would be lost.
    """
    if weights is None or weights.name != ADAPTER:
        return Loaded(_placed(load_model(weights or path, precision=precision)))
    from peft import PeftConfig, PeftModel

    learned = PeftConfig.from_pretrained(weights)
    if not learned.is_prompt_learning:
        base = load_model(path, precision="float32")
        merged = PeftModel.from_pretrained(base, weights).merge_and_unload()
        return Loaded(_placed(merged.to(getattr(torch, compute_dtype(precision)))))
    soft: Any = PeftModel.from_pretrained(_placed(load_model(path, precision=precision)), weights)
    model = soft.get_base_model()
    return Loaded(model, before_prompt(soft.eval()))


def _placed(model: PreTrainedModel) -> PreTrainedModel:
    placed: PreTrainedModel = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    return placed
