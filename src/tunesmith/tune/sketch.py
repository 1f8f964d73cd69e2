"""A model without its weights: how many numbers it has, and what its forward pass keeps.

The model is built on torch's `meta` device, adapted by the method itself, and run once on fake
tensors, which have shapes and no content. What autograd would keep for the backward pass is counted
as it is saved, so no formula for an architecture can be wrong here. It takes a second or two and
next to no memory, whatever the size of the model.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_layers import GradientCheckpointingLayer

from tunesmith.heads import head_of
from tunesmith.tune.fast import make_faster
from tunesmith.tune.forward import base_of, hidden_states
from tunesmith.tune.methods import TrainedConfig

#: How each kind of method starts where there are no values to start from.
_START: dict[str, dict[str, Any]] = {
    "lora": {"start": "default", "quantize": None},
    "prefix_tuning": {"start": "random"},
    "prompt_tuning": {"start": "random"},
}


@dataclass(frozen=True, slots=True)
class Sketch:
    """The sizes of an adapted model and of what one batch makes it keep."""

    numbers: int
    """All numbers of the model and its adapter; shared ones count once."""
    trainable: int
    """Numbers that are learned."""
    linear: int
    """Numbers in frozen linear layers other than the head: what `quantize` holds in 4 bits."""
    largest: int
    """Numbers of the largest of these layers."""
    head: int
    """Numbers of the output head that are learned."""
    vocabulary: int
    """Scores that the head gives a token."""
    capped: bool
    """The head changes its scores in a way that needs all of them at once (`heads.Head.cap`)."""
    kept: int
    """Bytes that a batch's forward pass keeps for the backward pass, the head's left out."""
    layer: int
    """Of these, those of the largest decoder layer; 0 where the model has no such layers."""
    inputs: int
    """Bytes of the inputs of all decoder layers: what is kept of them with checkpointing."""
    outside: int
    """Of `kept`, what is not in a decoder layer."""


def sketch(
    config: TrainedConfig, model: Path, *, dtype: torch.dtype, rows: int, length: int
) -> Sketch:
    """The sizes of a method on a model, for a batch of `rows` rows of `length` tokens.

    Args:
        config: The method.
        model: The base model's folder; its `config.json` is read, its weights are not.
        dtype: The number format it computes in.
        rows: Rows of the batch.
        length: Tokens of its longest row.

    Raises:
        Exception: The model computes something that depends on its inputs' values (a mixture of
            experts may), so that it cannot be run without any.
    """
    settings = AutoConfig.from_pretrained(model, local_files_only=True)
    with torch.device("meta"):
        base = AutoModelForCausalLM.from_config(settings, dtype=dtype)
    adapted = config.model_copy(update=_START.get(config.kind, {})).adapt(base, None, prompt="")  # type: ignore[attr-defined]
    with FakeTensorMode(allow_non_fake_inputs=True):
        _replace(adapted, dtype)
        make_faster(adapted)
        kept, inputs = _kept(adapted, rows, length)
        numbers = [(p.numel(), p.requires_grad) for p in adapted.parameters()]
        head = base_of(adapted).get_output_embeddings().weight
        linear = [layer.weight.numel() for layer in _linear(adapted, head)]
        layers = [size for name, size in kept.items() if name is not None]
        return Sketch(
            numbers=sum(count for count, _ in numbers),
            trainable=sum(count for count, learned in numbers if learned),
            linear=sum(linear),
            largest=max(linear, default=0),
            head=head.numel() if head.requires_grad else 0,
            vocabulary=head.shape[0],
            capped=head_of(base_of(adapted)).cap is not None,
            kept=sum(kept.values()),
            layer=max(layers, default=0),
            inputs=inputs,
            outside=kept[None],
        )


def _replace(model: torch.nn.Module, dtype: torch.dtype) -> None:
    """Give a model fake tensors of its parameters' shapes, shared where those were shared.

    What is learned is in `dtype` as well: `Masters` sees to that.
    """
    made: dict[int, Any] = {}
    for module in model.modules():
        for name, old in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            if id(old) not in made:
                empty = torch.empty(old.shape, dtype=dtype)
                made[id(old)] = torch.nn.Parameter(empty, requires_grad=old.requires_grad)
            setattr(module, name, made[id(old)])
        for name, buffer in list(module.named_buffers(recurse=False, remove_duplicate=False)):
            setattr(module, name, torch.empty(buffer.shape, dtype=buffer.dtype))


def _kept(model: torch.nn.Module, rows: int, length: int) -> tuple[Counter[str | None], int]:
    """Bytes that autograd keeps by decoder layer (None: in none), and bytes of their inputs."""
    own = {id_of(tensor) for tensor in [*model.parameters(), *model.buffers()]}
    kept: Counter[str | None] = Counter({None: 0})
    held: dict[int, Any] = {}
    inside: list[str | None] = [None]
    inputs = 0

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        place = id_of(tensor)
        if place not in own and place not in held:
            held[place] = tensor  # keeps its number from being given to another
            kept[inside[-1]] += tensor.untyped_storage().nbytes()
        return tensor

    def enter(name: str, _: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        nonlocal inputs
        inside.append(name)
        hidden = given[0] if given else named["hidden_states"]
        inputs += hidden.untyped_storage().nbytes()

    def leave(*_: Any) -> None:
        inside.pop()

    for name, module in model.named_modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.register_forward_pre_hook(partial(enter, name), with_kwargs=True)
            module.register_forward_hook(leave)
    model.train()
    ids = torch.zeros(rows, length, dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        hidden_states(model, ids, torch.ones_like(ids))
    return kept, inputs


def id_of(tensor: torch.Tensor) -> int:
    """What tensors that share their memory have in common."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001


def _linear(model: torch.nn.Module, head: torch.nn.Parameter) -> list[Any]:
    """The base model's frozen linear layers, but for its head."""
    return [
        module
        for name, module in model.named_modules()
        if (isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D")
        and module.weight is not head
        and not module.weight.requires_grad
        and "lora_" not in name
    ]
