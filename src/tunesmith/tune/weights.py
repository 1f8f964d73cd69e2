"""Rows that count less than others: how their weights come to the loss.

Rows that all count whole have no weights, and nothing here touches them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tunesmith.tune.formats import WEIGHTS

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class WeightedCollator:
    """Makes a padded batch as another collator does, with the weights of its tokens."""

    inner: Callable[[Sequence[Mapping[str, Any]]], Batch]
    """Pads on the right."""

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Batch:
        """The batch; `weights` has the shape of `labels`, 0 at padding."""
        batch = self.inner([unweighted(row) for row in rows])
        if WEIGHTS not in rows[0]:
            return batch
        weights = torch.zeros(batch["labels"].shape)
        for place, row in enumerate(rows):
            weights[place, : len(row[WEIGHTS])] = torch.tensor(row[WEIGHTS])
        return {**batch, WEIGHTS: weights}


def unweighted(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row that counts whole."""
    return {name: value for name, value in row.items() if name != WEIGHTS}
