"""The order of training rows, decided whole before training starts.

A resumed run continues in the middle of a list, so it cannot differ from one that was not
interrupted, whatever the libraries draw at random meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_GROUP = 16  # batches that are sorted by length together


def training_order(
    lengths: Sequence[int], *, steps: int, batch_size: int, accumulation: int, seed: int
) -> list[int]:
    """Row numbers in the order they are trained on, rows of similar length in one batch.

    Whole shuffled passes over the rows follow one another until there are enough. Every
    `16 * batch_size` rows of that stream are sorted by length and cut into batches, which are
    shuffled: little padding, and still batches at random.

    Args:
        lengths: Tokens of each of the n rows.
        steps: Optimizer steps.
        batch_size: Rows in a batch.
        accumulation: Batches in a step.
        seed: Decides everything.

    Returns:
        `steps * accumulation * batch_size` row numbers.
    """
    random = np.random.default_rng(seed)
    total = steps * accumulation * batch_size
    passes = -(-total // len(lengths))
    stream = np.concatenate([random.permutation(len(lengths)) for _ in range(passes)])[:total]
    size = np.asarray(lengths)
    order = []
    for start in range(0, total, _GROUP * batch_size):
        group = stream[start : start + _GROUP * batch_size]
        group = group[np.argsort(size[group], kind="stable")]
        batches = group.reshape(-1, batch_size)
        order.append(batches[random.permutation(len(batches))].ravel())
    return [int(row) for row in np.concatenate(order)]
