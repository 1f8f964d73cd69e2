"""A model over the processes that train together: whole in each, or sharded."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, OffloadPolicy, fully_shard

from tunesmith.tune.forward import base_of
from tunesmith.tune.launch import ranks
from tunesmith.tune.launch.config import LaunchConfig
from tunesmith.tune.launch.whole import whole
from tunesmith.tune.launch.wrapped import has_engine, work_through_call


def settled(request: dict[str, Any]) -> LaunchConfig:
    """How the processes of a training job share the model; a request need not say."""
    return LaunchConfig.model_validate(request.get("launch", {}))


def spread(model: Any, launch: LaunchConfig) -> Any:
    """Make a model ready to be trained by several processes; one alone gets it as it is.

    `ddp` is left to accelerate, which wraps the model when training starts. `fsdp` is done here by
    `torch.distributed.fsdp.fully_shard`, which accelerate's own plugin calls on GPUs alone: each
    decoder layer is a unit, and the rest is another. What an adapter adds is small and stays whole
    in every process, with its gradients averaged by transformers' trainer. `deepspeed` begins with
    the optimizer (`zero.ZeroMasters`).
    """
    if ranks.count() == 1:
        return model
    work_through_call(model)
    if launch.strategy == "fsdp":
        _shard(model, launch)
    return model


def gathered(model: torch.nn.Module) -> dict[str, torch.Tensor] | None:
    """The weights of a sharded model by name, whole, on the processor; None of one that is whole.

    All processes gather; the first keeps, the others have an empty dictionary.
    """
    if not is_sharded(model):
        return None
    weights: dict[str, torch.Tensor] = {}
    seen: dict[int, torch.Tensor] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:  # tied weights stay one tensor
            seen[id(tensor)] = whole(tensor).clone()  # DeepSpeed's lie in one long tensor
        if ranks.number() == 0:
            weights[name] = seen[id(tensor)]
        else:
            seen[id(tensor)] = torch.empty(0)
    return weights


def is_sharded(model: torch.nn.Module) -> bool:
    """Whether FSDP or DeepSpeed has the model's weights: they are where they belong."""
    return isinstance(model, FSDPModule) or has_engine(model)


def spread_random(seed: int) -> None:
    """Give each process random numbers of its own, so that each drops other inputs."""
    if ranks.count() > 1:
        torch.manual_seed(seed + (ranks.number() << 32))


def _shard(model: Any, launch: LaunchConfig) -> None:
    from torch.distributed.device_mesh import init_device_mesh

    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if _gpus() else "cpu"
    base = base_of(model)
    adapters = set() if base is model else {p for p in model.parameters() if p.requires_grad}
    for parameter in adapters:
        parameter.data = parameter.data.to(device)
    settings: dict[str, Any] = {
        "mesh": init_device_mesh("cuda" if _gpus() else "cpu", (ranks.count(),)),
        "offload_policy": CPUOffloadPolicy() if launch.offload else OffloadPolicy(),
        "ignored_params": adapters,
    }
    for layer in base.get_decoder().layers:
        fully_shard(layer, reshard_after_forward=launch.reshard, **settings)
    fully_shard(model, reshard_after_forward=False, **settings)


def _gpus() -> bool:
    return torch.cuda.is_available()
