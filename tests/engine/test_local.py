from __future__ import annotations

import pytest

from factory import pairs, tickets
from tunesmith.check import CheckConfig
from tunesmith.clean import CleanConfig
from tunesmith.engine import LocalEngine
from tunesmith.engine.base import BATCH_ROWS, apply_in_slices


def batches(sizes):
    rows = [{"question": t["question"], "answer": t["answer"]} for t in tickets(40)]
    return [pairs(*(rows[n % 40] for n in range(size))) for size in sizes]


@pytest.mark.parametrize("sizes", [[], [5], [5, 0, 7], [3] * 9])
def test_two_processes_give_what_one_gives_in_order(sizes) -> None:
    steps = [*CleanConfig().steps({}), *CheckConfig(language_id=False).steps()]
    alone = list(LocalEngine(1).map(steps, batches(sizes)))
    pool = list(LocalEngine(2).map(steps, batches(sizes)))
    assert len(alone) == len(pool) == len(sizes)
    for one, other in zip(alone, pool, strict=True):
        assert one.frame.equals(other.frame)
        assert one.fates.equals(other.fates)


def test_slices_add_up() -> None:
    [frame] = batches([2 * BATCH_ROWS + 10])
    steps = CheckConfig(language_id=False).steps()
    outcome = apply_in_slices(steps, frame)
    assert outcome.counts[0].rows_in == frame.height
    assert outcome.frame.height + outcome.fates.height == frame.height


def test_a_step_that_fails_in_a_process_says_so() -> None:
    frames = [frame.drop("question") for frame in batches([3, 3, 3])]
    with pytest.raises(ValueError, match="needs the columns"):
        list(LocalEngine(2).map(CheckConfig().steps(), frames))


def test_batches_are_asked_for_only_when_there_is_room() -> None:
    taken = 0

    def counted():
        nonlocal taken
        for number in range(30):
            taken += 1
            yield pairs({"answer": f"Answer number {number} is here."})

    outcomes = LocalEngine(2).map([*CheckConfig(language_id=False).steps()], counted())
    for number, _ in enumerate(outcomes):
        assert taken <= number + 6
    assert taken == 30
