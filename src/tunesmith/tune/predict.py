"""How long a training will take, told before it starts.

What it consists of is timed apart, on this machine and this model: passes over a batch, steps of
the optimizer, checkpoints written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file

from tunesmith.tune.formats import Encoded
from tunesmith.tune.launch import ranks
from tunesmith.tune.masters import Masters
from tunesmith.tune.methods import TrainedConfig
from tunesmith.tune.trainer import AnswerTrainer

_NUMBERS = 4 * 2**20
"""The optimizer is timed on so many of the numbers that are learned."""
_WRITTEN = 32 * 2**20
"""Writing is timed on so many bytes."""
_STATE = 12
"""Bytes a checkpoint holds of a number that is learned: it and its moments, in float32."""


def predicted_seconds(
    trainer: AnswerTrainer,
    encoded: Encoded,
    order: list[int],
    *,
    config: TrainedConfig,
    validation: list[dict[str, list[int]]],
) -> float:
    """Seconds that the whole training will take: its steps, validations and checkpoints.

    The passes are those of one batch of median length, and cost what its tokens cost.
    """
    lengths, size = encoded.lengths, config.batch_size
    median = sorted(range(len(lengths)), key=lengths.__getitem__)
    some = median[max(0, len(median) // 2 - size // 2) :][:size]
    batch = trainer.data_collator([encoded.rows[i] for i in some])
    batch = {key: value.to(trainer.args.device) for key, value in batch.items()}
    a_token = _passes(trainer, batch, config) / batch["input_ids"].numel()
    padded = sum(
        size * max(lengths[i] for i in order[start : start + size])
        for start in range(0, len(order), size)
    )
    forward = sum(len(row["input_ids"]) for row in validation) / 3  # the backward pass costs two
    steps, saves = trainer.args.max_steps, -(-trainer.args.max_steps // trainer.args.save_steps)
    seconds: float = (
        a_token * (padded + 5 * forward) / ranks.count()
        + steps * _optimizer_step(trainer.masters)
        + saves * _checkpoint(trainer.masters, Path(trainer.args.output_dir))
    )
    return seconds


def _passes(trainer: AnswerTrainer, batch: dict[str, torch.Tensor], config: TrainedConfig) -> float:
    """Seconds of a pass forward and backward; the first of two also pays for warming up."""
    if config.gradient_checkpointing:  # transformers turns it on when training starts
        trainer.model.activation_checkpointing_enable()
    trainer.model.train()

    def work() -> None:
        trainer.learn_nothing(trainer.compute_loss(trainer.model, batch))

    with torch.random.fork_rng():
        work()
        return _timed(work)


def _optimizer_step(masters: Masters) -> float:
    """Seconds of an optimizer step, from numbers of its own in the shapes of those that learn."""
    every = list(masters.copies.values())
    shapes, taken = [], 0
    for copy in every:
        if taken >= _NUMBERS:
            break
        shapes.append(min(copy.numel(), _NUMBERS - taken))
        taken += shapes[-1]
    device = every[0].device
    copies = [torch.nn.Parameter(torch.zeros(count, device=device)) for count in shapes]
    weights = [copy.detach().to(masters.dtype) for copy in copies]
    optimizer = torch.optim.AdamW(copies, fused=True)

    def work() -> None:
        for copy, weight in zip(copies, weights, strict=True):
            copy.grad = weight.float()
        optimizer.step()
        for copy, weight in zip(copies, weights, strict=True):
            weight.copy_(copy.detach())

    work()
    numbers = sum(copy.numel() for copy in every)
    return _timed(work) * max(numbers / taken, len(every) / len(shapes))


def _checkpoint(masters: Masters, folder: Path) -> float:
    """Seconds that writing a checkpoint takes, as its disk writes now."""
    whole = _STATE * sum(copy.numel() for copy in masters.copies.values())
    part = min(whole, _WRITTEN)
    file = folder / f"speed-of-writing-{ranks.number()}.safetensors"

    def work() -> None:
        save_file({"some": torch.zeros(part // 4)}, file)
        with file.open("rb") as handle:
            os.fsync(handle.fileno())

    seconds = _timed(work)
    file.unlink()
    return seconds * whole / part


def _timed(work: Callable[[], None]) -> float:
    begin = time.monotonic()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.monotonic() - begin
