"""The forward pass through what wraps a model on many processors.

DDP and FSDP know of a forward pass only where it goes through the wrapped model's own call: there
they gather weights and prepare to reduce gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.distributed.fsdp import FSDPModule
from torch.nn.parallel import DistributedDataParallel

from tunesmith.tune.forward import answer_nll
from tunesmith.tune.launch import ranks

_ROWS = "answer_rows"


def answer_through_call(model: torch.nn.Module) -> None:
    """Make `model(answer_rows=...)` return what `answer_nll` does; other calls are as before."""
    plain = model.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        rows = kwargs.pop(_ROWS, None)
        return plain(*args, **kwargs) if rows is None else answer_nll(model, **rows)

    model.forward = forward


def is_wrapped(model: torch.nn.Module) -> bool:
    """Whether a forward pass has to go through the call of `model`."""
    return isinstance(model, DistributedDataParallel | FSDPModule)


def my_batches(rows: int, size: int) -> Iterator[tuple[int, bool]]:
    """Where this process's batches start, and whether they count.

    A sharded model is gathered by all processes together, so all have equally many batches: one
    that has no other left does its last again, which does not count.
    """
    starts = list(range(0, rows, size))
    for turn in range(0, len(starts), ranks.count()):
        place = turn + ranks.number()
        yield starts[min(place, len(starts) - 1)], place < len(starts)


def wrapped_nll(wrapper: torch.nn.Module, **rows: torch.Tensor) -> tuple[torch.Tensor, int]:
    """`answer_nll` of the model inside `wrapper`, which `answer_through_call` has prepared."""
    result: tuple[torch.Tensor, int] = wrapper(**{_ROWS: rows})
    return result
