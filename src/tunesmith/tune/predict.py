"""What a training will cost, told before it starts."""

from __future__ import annotations

import time

import torch

from tunesmith.tune.formats import Encoded
from tunesmith.tune.launch import ranks
from tunesmith.tune.methods import TrainedConfig
from tunesmith.tune.trainer import AnswerTrainer


def predicted_seconds(
    trainer: AnswerTrainer,
    encoded: Encoded,
    order: list[int],
    *,
    config: TrainedConfig,
    validation: list[dict[str, list[int]]],
) -> float:
    """Seconds that the whole training will take, from one batch of median length.

    The second of two passes is timed: the first also pays for warming up.
    """
    lengths = encoded.lengths
    median = sorted(range(len(lengths)), key=lengths.__getitem__)
    middle = len(median) // 2
    some = (median[max(0, middle - config.batch_size // 2) :])[: config.batch_size]
    batch = trainer.data_collator([encoded.rows[i] for i in some])
    batch = {key: value.to(trainer.args.device) for key, value in batch.items()}
    trainer.model.train()
    seconds = 0.0
    with torch.random.fork_rng():
        for _ in range(2):
            begin = time.monotonic()
            torch.autograd.backward(trainer.compute_loss(trainer.model, batch))
            trainer.model.zero_grad()
            seconds = time.monotonic() - begin
    a_token: float = seconds / batch["input_ids"].numel()
    size = config.batch_size
    padded = sum(
        size * max(lengths[i] for i in order[start : start + size])
        for start in range(0, len(order), size)
    )
    forward = sum(len(row["input_ids"]) for row in validation) / 3  # the backward pass costs two
    return a_token * (padded + 5 * forward) / ranks.count()
