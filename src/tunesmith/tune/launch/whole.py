"""Tensors that may be sharded, as the whole ones that checkpoints hold.

A checkpoint is the same whatever made it: it can be resumed by more processes, fewer, or one.
"""

from __future__ import annotations

import torch
from torch.distributed.tensor import DTensor, distribute_tensor


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor as a plain one on the processor; all processes that share it must call together."""
    if hasattr(tensor, "ds_id"):  # a parameter that DeepSpeed has sharded
        from deepspeed.runtime.zero import GatheredParameters

        with GatheredParameters([tensor]):
            return tensor.detach().cpu().clone()
    full = tensor.detach()
    return (full.full_tensor() if isinstance(full, DTensor) else full).cpu().contiguous()


def sharded_like(saved: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A whole tensor as `like` is laid out; numbers without a dimension stay as they are."""
    if not isinstance(like, DTensor) or saved.dim() == 0:
        return saved
    on_device = saved.to(like.device)
    # without a source every process takes its shard of its own copy
    return distribute_tensor(on_device, like.device_mesh, like.placements, src_data_rank=None)
