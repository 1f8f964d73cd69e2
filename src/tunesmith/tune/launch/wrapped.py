"""The forward pass through what wraps a model on many processors.

DDP, FSDP and DeepSpeed know of a forward pass only where it goes through the wrapped model's own
call: there they gather weights and prepare to reduce gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch.distributed.fsdp import FSDPModule
from torch.nn.parallel import DistributedDataParallel

from tunesmith.tune.launch import ranks

_WORK = "work_inside"
_ENGINE = "tunesmith_engine"
_T = TypeVar("_T")


def work_through_call(model: torch.nn.Module) -> None:
    """Make `model(work_inside=work)` return `work(model)`; other calls are as before."""
    plain = model.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        work = kwargs.pop(_WORK, None)
        return plain(*args, **kwargs) if work is None else work(model)

    model.forward = forward


def work_through_engine(model: torch.nn.Module, engine: torch.nn.Module) -> None:
    """Let `called(model, work)` go through the engine that DeepSpeed has made of a model."""
    vars(model)[_ENGINE] = engine  # not as a part of the model, which is a part of the engine


def has_engine(model: torch.nn.Module) -> bool:
    """Whether DeepSpeed trains the model."""
    return _ENGINE in vars(model)


def is_wrapped(model: torch.nn.Module) -> bool:
    """Whether a forward pass has to go through the call of `model`, or of its engine."""
    return isinstance(model, DistributedDataParallel | FSDPModule) or has_engine(model)


def called(wrapper: torch.nn.Module, work: Callable[[Any], _T]) -> _T:
    """What `work` makes of the model inside a wrapper, computed in a call of the wrapper.

    A model that is not wrapped needs no such call.

    Args:
        wrapper: What `is_wrapped`, made of a model that `work_through_call` has prepared.
        work: All processes that share the model do it together.
    """
    if not is_wrapped(wrapper):
        return work(wrapper)
    result: _T = vars(wrapper).get(_ENGINE, wrapper)(**{_WORK: work})
    return result


def my_batches(rows: int, size: int) -> Iterator[tuple[int, bool]]:
    """Where this process's batches start, and whether they count.

    A sharded model is gathered by all processes together, so all have equally many batches: one
    that has no other left does its last again, which does not count.
    """
    starts = list(range(0, rows, size))
    for turn in range(0, len(starts), ranks.count()):
        place = turn + ranks.number()
        yield starts[min(place, len(starts) - 1)], place < len(starts)
