"""Adapters that compute in bfloat16 and learn in float32.

A bfloat16 number has eight bits of precision: most of Adam's small steps would round to nothing.
So the optimizer works on float32 copies, and after every step the model gets them rounded
(Micikevicius et al. 2018, "Mixed Precision Training", arXiv:1710.03740).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from tunesmith.tune.launch import ranks
from tunesmith.tune.launch.whole import sharded_like, whole

MASTERS_FILE = "masters.safetensors"


class Masters:
    """Float32 copies of a model's trainable parameters, which become bfloat16.

    Args:
        model: Its trainable parameters are float32 when this is made.
        compute: The number format that they compute in from now on.
    """

    def __init__(self, model: torch.nn.Module, compute: torch.dtype) -> None:
        self.model, self.dtype = model, compute
        self.copies = {
            name: torch.nn.Parameter(p.detach().float().clone())
            for name, p in model.named_parameters()
            if p.requires_grad
        }
        self.compute = self._rounded()

    def optimizer(self, *, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
        """AdamW on the copies, which takes the model's gradients and gives back its weights."""
        optimizer = torch.optim.AdamW(
            self.copies.values(), lr=learning_rate, weight_decay=weight_decay, fused=True
        )
        optimizer.register_step_pre_hook(self._take_gradients)
        optimizer.register_step_post_hook(self._give_weights)
        return optimizer

    def state(self) -> dict[str, torch.Tensor]:
        """The float32 weights by parameter name, whole; processes that share them call together."""
        return {name: whole(copy) for name, copy in self.copies.items()}

    def give_back(self) -> None:
        """Training is over: the model's own parameters become the float32 copies."""
        for name, copy in self.copies.items():
            self.compute[name].data = copy.data

    def save(self, folder: Path) -> None:
        """Write the float32 weights into a checkpoint."""
        state = self.state()
        if ranks.number() == 0:
            save_file(state, folder / MASTERS_FILE)

    def load(self, folder: Path) -> None:
        """Read the float32 weights of a checkpoint, and give them to the model."""
        saved = load_file(folder / MASTERS_FILE)
        with torch.no_grad():
            for name, copy in self.copies.items():
                copy.copy_(sharded_like(saved[name], copy))
        self._give_weights()

    def _rounded(self) -> dict[str, torch.nn.Parameter]:
        """The model's trainable parameters, made to compute in the number format."""
        trainable = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        for parameter in trainable.values():
            if parameter.dtype != self.dtype:  # a shard's data must stay where it is
                parameter.data = parameter.data.to(self.dtype)
        return trainable

    def _take_gradients(self, *_: Any) -> None:
        for name, copy in self.copies.items():
            gradient = self.compute[name].grad
            copy.grad = None if gradient is None else gradient.float()

    def _give_weights(self, *_: Any) -> None:
        with torch.no_grad():
            for name, copy in self.copies.items():
                copy.grad = None  # else it would stay through the next batch's activations
                self.compute[name].copy_(copy)
