"""Direct preference optimization (Rafailov et al. 2023, arXiv:2305.18290), equation 7.

The reference is the model before training. Its log-likelihoods are numbers beside the rows,
computed once: no second model is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tunesmith.tune.formats import IGNORED
from tunesmith.tune.forward import row_nll
from tunesmith.tune.launch import ranks
from tunesmith.tune.launch.wrapped import called, my_batches

REFERENCE = "reference"
"""The column of both answers' reference log-likelihoods: chosen, rejected."""


def preference_loss(
    model: torch.nn.Module,
    *,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    labels: torch.Tensor,
    reference: torch.Tensor,
    beta: float,
) -> tuple[torch.Tensor, int]:
    """Sum over n pairs of -log sigmoid(beta * (gain of the chosen - gain of the rejected)).

    An answer's gain is its log-likelihood under the model less that under the reference, in nats.

    Args:
        model: A causal model of transformers, as a method has adapted it.
        input_ids: Shape (2n, tokens), padded on the right: the n chosen ones, then the rejected.
        attention_mask: Shape (2n, tokens), 0 at padding.
        labels: Shape (2n, tokens), `IGNORED` outside the answers.
        reference: Shape (2n,), log-likelihoods under the reference.
        beta: How strongly the model is held to the reference.

    Returns:
        The sum and n.
    """
    likelihood = -row_nll(model, input_ids=input_ids, attention_mask=attention_mask, labels=labels)
    chosen, rejected = (likelihood - reference).chunk(2)
    loss = -torch.nn.functional.logsigmoid(beta * (chosen - rejected)).sum()
    return loss, len(chosen)


@dataclass(frozen=True)
class PairCollator:
    """Makes a batch of pairs: the chosen answers' rows, then the rejected ones'."""

    pad_id: int
    """Fills shorter rows on the right, masked."""

    def __call__(self, pairs: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Tensors as `preference_loss` takes them."""
        ids = [pair[f"{kind}input_ids"] for kind in ("", "rejected_") for pair in pairs]
        labels = [pair[f"{kind}labels"] for kind in ("", "rejected_") for pair in pairs]
        width = max(map(len, ids))
        batch = {
            "input_ids": torch.tensor([row + [self.pad_id] * (width - len(row)) for row in ids]),
            "attention_mask": torch.tensor(
                [[1] * len(row) + [0] * (width - len(row)) for row in ids]
            ),
            "labels": torch.tensor([row + [IGNORED] * (width - len(row)) for row in labels]),
        }
        if REFERENCE in pairs[0]:
            references = [pair[REFERENCE][kind] for kind in (0, 1) for pair in pairs]
            batch[REFERENCE] = torch.tensor(references, dtype=torch.float32)
        return batch


@torch.no_grad()
def add_references(
    model: torch.nn.Module,
    pairs: Sequence[dict[str, Any]],
    *,
    collator: PairCollator,
    batch_size: int,
    device: torch.device,
) -> None:
    """Write the log-likelihoods of both answers under the model, as it is now, into each pair.

    Processes that train together have a share of the batches each.
    """
    training = model.training
    model.eval()
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i]["input_ids"]))
    numbers = [0.0] * (2 * len(pairs))
    for start, counts in my_batches(len(order), batch_size):
        taken = order[start : start + batch_size]
        some = [pairs[i] for i in taken]
        batch = {name: value.to(device) for name, value in collator(some).items()}
        found = _likelihoods(model, batch)
        if not counts:
            continue
        chosen, rejected = found.chunk(2)
        for i, better, worse in zip(taken, chosen.tolist(), rejected.tolist(), strict=True):
            numbers[2 * i], numbers[2 * i + 1] = better, worse
    model.train(training)
    together = ranks.sums(*numbers)
    for i, pair in enumerate(pairs):
        pair[REFERENCE] = together[2 * i : 2 * i + 2]


def _likelihoods(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    return -called(model, lambda inner: row_nll(inner, **batch))
