"""Where training runs, and how a step's rows are shared by its processes."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tunesmith.config import Config
from tunesmith.engine.config import RayConfig
from tunesmith.errors import TunesmithError

Strategy = Literal["ddp", "fsdp", "deepspeed"]


class LaunchConfig(Config):
    """Where training runs: it changes the time and memory that a training takes, not its steps."""

    devices: Literal["auto"] | Annotated[int, Field(ge=1, le=1024)] = "auto"
    """Processes on this machine, one for each GPU. `auto`: as many of its GPUs as share a step's
    rows equally, and one process where there is none."""
    strategy: Literal["auto", "ddp", "fsdp", "deepspeed"] = "auto"
    """`ddp`: every process holds the whole model and they sum their gradients. `fsdp`: weights,
    gradients and optimizer are sharded over the processes (PyTorch's FSDP2: Zhao et al. 2023,
    arXiv:2304.11277). `deepspeed`: the same by DeepSpeed's ZeRO (Rajbhandari et al. 2019,
    arXiv:1910.02054; extra `deepspeed`). `auto`: `fsdp` where a GPU cannot hold the whole, else
    `ddp`."""
    reshard: bool = True
    """Of `fsdp`: let go of a layer's gathered weights after its forward pass; false keeps them
    until the backward pass: more memory, less traffic. Of `deepspeed`: true is stage 3; false is
    stage 2, where every process holds the weights, and gradients and optimizer are sharded."""
    offload: bool = False
    """Of `fsdp` and `deepspeed`: keep shards in the memory of the machine while no layer needs
    them (of stage 2: the optimizer)."""
    ray: RayConfig | None = None
    """Train as a Ray Train job on this cluster (`{}`: the one of this machine), with `devices`
    workers anywhere in it. None: on this machine, without Ray."""

    @model_validator(mode="after")
    def _goes_together(self) -> LaunchConfig:
        if self.strategy in {"auto", "ddp"} and (self.offload or not self.reshard):
            raise ValueError("offload and reshard are settings of strategy: fsdp and deepspeed")
        if self.ray is not None and self.devices == "auto":
            raise ValueError("with ray, devices is a number: the workers of the cluster to use")
        return self


@dataclass(frozen=True, slots=True)
class Share:
    """What one process computes of every optimizer step."""

    batch_size: int
    """Rows that it computes at once."""
    accumulation: int
    """Batches whose gradients it sums."""


def share(*, batch_size: int, accumulation: int, processes: int) -> Share:
    """Deal a step's rows to the processes: whole batches first, then the rows of a batch.

    A step has `batch_size * accumulation` rows, as the method says, whatever the hardware: more
    processes make it faster and no other.

    Raises:
        TunesmithError: The processes cannot have equally many rows.
    """
    batches = gcd(accumulation, processes)
    rows, rest = divmod(batch_size, processes // batches)
    if rest:
        a_step = batch_size * accumulation
        raise TunesmithError(
            f"a step of {a_step} rows (batch_size {batch_size} × gradient_accumulation "
            f"{accumulation}) cannot be shared equally by {processes} processes",
            where="devices",
            todo=f"choose a batch_size that {processes} divides (and, as steps then have other "
            "rows, a learning rate for it), or fewer processes",
        )
    return Share(batch_size=rows, accumulation=accumulation // batches)


def most_processes(*, batch_size: int, accumulation: int, available: int) -> int:
    """The most processes, up to `available`, that share a step's rows equally."""
    for processes in range(available, 1, -1):
        if batch_size % (processes // gcd(accumulation, processes)) == 0:
            return processes
    return 1
