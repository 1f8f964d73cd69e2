"""When a training should stop, by hand-made curves and as properties of any curve."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.errors import DivergedError
from tunesmith.tune.watch import Watch, lower_rate, lowest, out_of_patience

LOSSES = st.lists(st.floats(0, 20), min_size=1, max_size=30)


def points(*losses: float, start: int = 1, rate: float = 0.1) -> list[dict[str, float]]:
    return [
        {"step": step, "loss": loss, "learning_rate": rate, "gradient": 1.0}
        for step, loss in enumerate(losses, start)
    ]


def test_the_untrained_model_is_never_the_lowest_and_the_first_of_equals_is() -> None:
    assert lowest(points(1.0, start=0)) is None
    found = lowest(points(0.5, 3.0, 2.0, 2.0, 2.5, start=0))
    assert found is not None
    assert found["step"] == 2


def test_patience_counts_validations_that_gained_too_little() -> None:
    curve = points(9.0, 2.0, 1.9, 1.95, 1.93, 1.899, start=0)
    ends = [out_of_patience(curve[: n + 1], patience=3, least=0.01) for n in range(len(curve))]
    assert ends == [False] * 5 + [True]
    assert not out_of_patience(curve, patience=4, least=0.01)
    # small gains add up to one that counts
    assert not out_of_patience(points(2.0, 1.996, 1.992, 1.988), patience=3, least=0.01)


@given(losses=LOSSES, patience=st.integers(1, 5), least=st.floats(0, 1))
def test_a_loss_that_always_falls_is_never_stopped_and_one_that_rises_always(
    losses: list[float], patience: int, least: float
) -> None:
    falling = [30 - step * (least + 0.01) for step in range(len(losses))]
    assert not out_of_patience(points(*falling), patience=patience, least=least)
    rising = points(*sorted(losses))
    assert out_of_patience(rising, patience=patience, least=least) == (len(losses) > patience)


@given(losses=LOSSES)
def test_without_patience_nothing_is_enough(losses: list[float]) -> None:
    assert not Watch(learning_rate=1e-3).enough(points(*losses))


def test_ten_steps_far_above_the_start_have_diverged() -> None:
    watch = Watch(learning_rate=2e-3)
    curve = points(2.0, *[4.1] * 10)
    watch.check_step(curve[:-1], [])
    watch.check_step(points(2.0, *[3.9] * 50), [])
    watch.check_step(points(2.0, *[4.1] * 9, 3.9, *[4.1] * 9), [])
    with pytest.raises(DivergedError) as error:
        watch.check_step(curve, [])
    assert "above 4.00 for 10 steps, at step 11 it is 4.10; it began at 2.00" in error.value.what
    assert "learning_rate: 0.0002 " in str(error.value.todo)
    # a small loss may double by chance: it must also rise by a nat
    watch.check_step(points(0.1, *[1.05] * 20), [])
    # a first batch that was easy: the validation says where the start was
    watch.check_step(curve, points(3.0, start=0))


@pytest.mark.parametrize("name", ["loss", "gradient"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_none_stops_at_once(name: str, value: float) -> None:
    curve = points(2.0, 1.9, 1.8)
    curve[-1][name] = value
    with pytest.raises(DivergedError, match=f"at step 3 is {value}"):
        Watch(learning_rate=1.0).check_step(curve, [])
    with pytest.raises(DivergedError, match="validation loss at step 3 is nan"):
        Watch(learning_rate=1.0).check_validation(curve, points(math.nan, start=3)[0])


def test_the_rate_advised_is_lower_where_the_warm_up_already_broke_it() -> None:
    bad = [9.0] * 10
    assert lower_rate(0.2, points(2.0, 1.9, *bad, rate=0.2), []) == 0.02
    warming = points(2.0, 1.9, *bad)
    for point in warming:
        point["learning_rate"] = 0.01 * point["step"]
    assert lower_rate(0.2, warming, []) == 0.01
    warming[1]["loss"] = 9.0
    assert lower_rate(0.2, warming, []) == 0.005
    assert lower_rate(1.0, points(2.0, *bad, rate=1e-9), []) == 0.001
    assert lower_rate(0.3, [], []) == 0.03


@given(losses=LOSSES, rate=st.floats(1e-6, 1))
def test_the_rate_advised_is_always_lower(losses: list[float], rate: float) -> None:
    # one significant digit moves a number by a third at most
    assert rate / 1500 <= lower_rate(rate, points(*losses, rate=rate), []) <= rate / 7.4
