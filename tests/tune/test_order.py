from collections import Counter

import numpy as np

from tunesmith.tune.order import training_order

LENGTHS = [int(n) for n in np.random.default_rng(3).integers(5, 400, size=300)]


def order(seed: int = 1, steps: int = 75) -> list[int]:
    return training_order(LENGTHS, steps=steps, batch_size=4, accumulation=2, seed=seed)


def test_every_row_is_seen_equally_often() -> None:
    assert set(Counter(order()).values()) == {2}
    assert len(order(steps=10)) == len(set(order(steps=10))) == 80


def test_the_seed_decides() -> None:
    assert order(1) == order(1)
    assert order(1) != order(2)


def test_a_batch_has_rows_of_similar_length() -> None:
    def padding(rows: np.ndarray) -> float:
        sizes = np.array(LENGTHS)[rows].reshape(-1, 4)
        return float(1 - sizes.sum() / (sizes.max(axis=1) * 4).sum())

    grouped = padding(np.array(order()))
    shuffled = padding(np.random.default_rng(0).permutation(300))
    assert grouped < 0.05 < 0.2 < shuffled


def test_batches_are_not_sorted_over_the_run() -> None:
    means = np.array(LENGTHS)[order()].reshape(-1, 4).mean(axis=1)
    assert abs(float(np.corrcoef(means, np.arange(len(means)))[0, 1])) < 0.2
