from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.tune.left import TimeLeft


@given(
    tokens=st.lists(st.integers(1, 500), min_size=3, max_size=30),
    every=st.integers(1, 9),
    done=st.integers(2, 29),
)
def test_it_is_exact_where_time_follows_tokens(tokens: list[int], every: int, done: int) -> None:
    """0.01 s a token, 0.5 s a pause, 3 s a validation; the first step is ten times as slow."""
    done = min(done, len(tokens))
    due = [step for step in range(1, len(tokens) + 1) if step % every == 0 or step == len(tokens)]
    time = TimeLeft(tokens, due)
    for step in range(1, done + 1):
        time.pause(5.0 if step == 1 else 0.5)
        time.step(step, tokens[step - 1] * (0.1 if step == 1 else 0.01))
        time.validation(3.0)
    left = 0.01 * sum(tokens[done:]) + 0.5 * (len(tokens) - done)
    left += 3 * sum(step > done for step in due)
    assert time.left(done) == pytest.approx(left)


def test_a_resumed_run_knows_only_its_own_steps() -> None:
    time = TimeLeft([10] * 20, [])
    time.step(15, 1.0)
    assert time.left(15) == pytest.approx(5.0)
    time.step(16, 0.5)
    assert time.left(16) == pytest.approx(2.0)
