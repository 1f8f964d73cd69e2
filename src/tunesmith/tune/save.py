"""What a training leaves: an adapter beside the base model, or a model of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import PreTrainedTokenizerBase

from tunesmith.io import sync_folder, write_json
from tunesmith.tune.folders import ADAPTER, MODEL, QUANTIZATION_FILE, weight_files
from tunesmith.tune.forward import base_of

ADAPTER_FILE = "adapter_model.safetensors"


def parameters(model: torch.nn.Module) -> tuple[int, int]:
    """Numbers that are learned, and all numbers; shared ones count once."""
    every = list(model.parameters())
    learned = sum(_numbers(parameter) for parameter in every if parameter.requires_grad)
    return learned, sum(_numbers(parameter) for parameter in every)


def _numbers(parameter: Any) -> int:
    """A parameter's numbers; in 4 bits, two lie in a byte, and DeepSpeed's may lie elsewhere."""
    packed = getattr(parameter, "quant_state", None)
    whole = getattr(parameter, "ds_numel", parameter.numel())
    return int(whole if packed is None else packed.shape.numel())


def save_tuned(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    *,
    base: str,
    weights: dict[str, torch.Tensor] | None = None,
) -> float:
    """Write what was learned into `folder/adapter` or `folder/model`; returns its MiB.

    Args:
        model: The trained model.
        tokenizer: Saved beside a model of its own.
        folder: The method's folder.
        base: The base model's name, which an adapter remembers.
        weights: Those of a model of its own that is sharded; None: the model has them.
    """
    if isinstance(model, PeftModel):
        target = folder / ADAPTER
        target.mkdir(exist_ok=True)
        learned = {
            name: value.detach().cpu().contiguous()
            for name, value in get_peft_model_state_dict(model).items()
        }
        save_file(learned, target / ADAPTER_FILE, metadata={"format": "pt"})
        config = model.peft_config["default"]
        config.inference_mode = True
        config.base_model_name_or_path = base
        config.save_pretrained(target)
        _save_quantization(base_of(model), target)
    else:
        target = folder / MODEL
        model.save_pretrained(target, state_dict=weights)
        tokenizer.save_pretrained(target)
    sync_folder(target)
    return round(sum(file.stat().st_size for file in weight_files(target)) / 2**20, 3)


def _save_quantization(base: Any, folder: Path) -> None:
    """Write how the weights were quantised that an adapter has learned beside."""
    if getattr(base, "is_loaded_in_4bit", False):
        dtype = str(base.get_input_embeddings().weight.dtype).removeprefix("torch.")
        write_json(folder / QUANTIZATION_FILE, {"quantize": "nf4", "precision": dtype})
