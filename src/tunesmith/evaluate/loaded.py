"""A method loaded to answer: a plain model, and what it remembers before every prompt.

LoRA's adapters are merged into the weights they were trained beside: those of QLoRA into weights
that were quantised and opened again. What prefix tuning and prompt tuning have learned is
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
from tunesmith.io import read_json
from tunesmith.models import compute_dtype, load_model
from tunesmith.tune.folders import ADAPTER, QUANTIZATION_FILE


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
        base = _trained_beside(path, weights)
        merged = PeftModel.from_pretrained(base, weights).merge_and_unload()
        return Loaded(_placed(merged.to(getattr(torch, compute_dtype(precision)))))
    soft: Any = PeftModel.from_pretrained(_placed(load_model(path, precision=precision)), weights)
    model = soft.get_base_model()
    return Loaded(model, before_prompt(soft.eval()))


def _trained_beside(path: Path, weights: Path) -> PreTrainedModel:
    """The weights that LoRA's adapters were trained beside, in float32.

    QLoRA's have learned to make up for what 4 bits lose: merged into the original weights they
    would correct errors that are not there. So the weights are quantised as in training, opened,
    and merged: the answers are those of the model that was trained, at the speed of a plain one.
    """
    file = weights / QUANTIZATION_FILE
    if not file.exists():
        return load_model(path, precision="float32")
    how = read_json(file)
    quantised = load_model(path, precision=how["precision"], quantize=how["quantize"])
    quantised.dequantize(dtype=torch.float32)
    quantised.is_loaded_in_4bit = False  # PEFT and transformers ask for it; it no longer is
    whole: PreTrainedModel = quantised.to(torch.float32)
    return whole


def _placed(model: PreTrainedModel) -> PreTrainedModel:
    placed: PreTrainedModel = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    return placed
