"""What this machine has, and so in how many processes and how a training runs on it."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from tunesmith.errors import MissingExtraError, TunesmithError
from tunesmith.tune.launch.config import LaunchConfig, Strategy, most_processes
from tunesmith.tune.methods import (
    FullConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    TrainedConfig,
)

_ROOM = 0.7
"""Share of a GPU's memory that weights and their training state may take, beside activations."""
_STATE = 8
"""Training state of a bfloat16 weight that is learned, in sizes of the weight: itself and its
gradient (2 bytes each), the float32 copy (4) and Adam's two moments (8)."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a training runs on this machine."""

    processes: int
    strategy: Strategy
    gpus: bool
    reshard: bool
    offload: bool

    def as_config(self) -> LaunchConfig:
        """The same as settings that leave nothing to the hardware."""
        return LaunchConfig(
            devices=self.processes,
            strategy=self.strategy,
            reshard=self.reshard,
            offload=self.offload,
        )


def chosen(launch: LaunchConfig, method: TrainedConfig, *, model: Path) -> Chosen:
    """Settle what the configuration leaves to the hardware.

    A process that trains alone on a machine with several GPUs sees the first of them only.

    Raises:
        TunesmithError: More processes are asked for than there are GPUs.
    """
    import torch

    gpus = torch.cuda.device_count()
    if launch.devices == "auto":
        processes = most_processes(
            batch_size=method.batch_size,
            accumulation=method.gradient_accumulation,
            available=max(1, gpus),
        )
    else:
        processes = launch.devices
    if gpus and processes > gpus:
        raise TunesmithError(
            f"{processes} processes are asked for, and this machine has {gpus} "
            f"GPU{'s' if gpus > 1 else ''}",
            where="devices",
            todo="ask for one process a GPU, or write auto",
        )
    if gpus > 1 and processes == 1:  # transformers would spread the batch over all of them
        seen = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        os.environ["CUDA_VISIBLE_DEVICES"] = seen
    strategy = _fitting(method, model) if launch.strategy == "auto" else launch.strategy
    return Chosen(
        processes=processes,
        strategy=strategy,
        gpus=gpus > 0,
        reshard=launch.reshard,
        offload=launch.offload,
    )


def check_strategy(strategy: Strategy, method: TrainedConfig, *, reshard: bool) -> None:
    """Whether several processes can train a method so.

    Raises:
        TunesmithError: They cannot.
        MissingExtraError: DeepSpeed is asked for, and not installed.
    """
    if strategy != "ddp" and _in_4_bits(method):
        raise TunesmithError(
            "weights in 4 bits are not sharded: no process could open a part of a block",
            where="launch.strategy",
            todo="write ddp: each process holds the 4 bits, an eighth of float32",
        )
    if strategy != "deepspeed":
        return
    if reshard and isinstance(method, PrefixTuningConfig | PromptTuningConfig):
        raise TunesmithError(
            "DeepSpeed's stage 3 does not gather what prefix and prompt tuning learn: processes "
            "would wait for each other for ever",
            where="launch.reshard",
            todo="write reshard: false (stage 2), or strategy: fsdp where a GPU cannot hold the "
            "model",
        )
    if importlib.util.find_spec("deepspeed") is None:
        raise MissingExtraError("deepspeed", "deepspeed")


def _in_4_bits(method: TrainedConfig) -> bool:
    return isinstance(method, LoraConfig) and method.quantize is not None


def _fitting(method: TrainedConfig, model: Path) -> Strategy:
    """The strategy that a GPU's memory allows."""
    import torch

    if not torch.cuda.is_available() or _in_4_bits(method):
        return "ddp"
    weights = sum(file.stat().st_size for file in model.glob("*.safetensors"))
    needed = weights * (_STATE if isinstance(method, FullConfig) else 1)
    return "fsdp" if needed > _ROOM * torch.cuda.get_device_properties(0).total_memory else "ddp"
