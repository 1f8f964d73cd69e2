"""Dealing rows to folds: even in every category, and what belongs together in one fold.

Groups of several rows come first, the largest first, each to the fold where it makes the counts of
categories the least uneven (the idea of scikit-learn's StratifiedGroupKFold, which minimises the
standard deviation of each category's share; here it is the sum of squares, and of the folds'
sizes). Single rows come last and fill what is missing, so that without groups every category is
within one row of even, and so are the folds. No fold stays empty: an empty one costs less than any
other.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import TunesmithError


def deal(
    ids: Sequence[str],
    categories: Sequence[str | None],
    groups: Sequence[Hashable],
    *,
    folds: int,
    seed: int,
) -> NDArray[np.int64]:
    """Deal rows to folds; the result depends on the rows and the seed, not on their order.

    Args:
        ids: n different identifiers.
        categories: The category of each row; null is one too.
        groups: The group of each row: rows of one stay together.
        folds: How many.
        seed: Decides between what would do equally well.

    Returns:
        The fold of each row, 0 to folds - 1, shape (n,).

    Raises:
        TunesmithError: There are fewer groups than folds.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    if len(members) < folds:
        raise TunesmithError(
            f"{len(ids)} rows in {len(members)} independent groups (threads, customers, questions "
            f"nearly alike) cannot be dealt to {folds} folds",
            where="evaluate.cross_validation.folds",
            todo="ask for fewer folds, or collect more data",
        )
    totals = Counter(categories)
    counts = [Counter[str | None]() for _ in range(folds)]
    sizes = [0] * folds
    out = np.zeros(len(ids), dtype=np.int64)
    dice = {min(ids[place] for place in group): group for group in members.values()}
    ordered = sorted(dice, key=lambda first: (-len(dice[first]), _dice(seed, first), first))

    def give(fold: int, places: Sequence[int]) -> None:
        out[places] = fold
        counts[fold].update(categories[place] for place in places)
        sizes[fold] += len(places)

    for first in ordered:
        places = dice[first]
        if len(places) == 1:
            break
        mine = Counter(categories[place] for place in places)
        costs = [
            sum((2 * counts[f][c] * n + n * n) / totals[c] ** 2 for c, n in mine.items())
            + 2 * sizes[f] * len(places) / len(ids) ** 2
            for f in range(folds)
        ]
        best = min(range(folds), key=lambda fold: (round(costs[fold], 9), sizes[fold], fold))
        give(best, places)
    single: dict[str | None, list[int]] = defaultdict(list)
    for first in ordered:
        if len(dice[first]) == 1:
            single[categories[dice[first][0]]].append(dice[first][0])
    # The rarest category first: the others can still make the folds' sizes even.
    for category in sorted(single, key=lambda name: (len(single[name]), name is None, name or "")):
        open_folds = [(counts[f][category], sizes[f], f) for f in range(folds)]
        heapq.heapify(open_folds)
        for place in single[category]:
            count, size, fold = heapq.heappop(open_folds)
            give(fold, [place])
            heapq.heappush(open_folds, (count + 1, size + 1, fold))
    return out


def _dice(seed: int, text: str) -> bytes:
    return hashlib.blake2b(f"{seed}\x1f{text}".encode(), digest_size=8).digest()
