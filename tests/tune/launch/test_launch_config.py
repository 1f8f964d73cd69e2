"""Sharing a step's rows, and what a launch may say."""

from __future__ import annotations

from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith.errors import TunesmithError
from tunesmith.tune.launch import LaunchConfig
from tunesmith.tune.launch.config import most_processes, share

few = st.integers(1, 48)


@given(batch_size=few, accumulation=few, processes=few)
def test_a_step_keeps_its_rows_or_is_refused(
    batch_size: int, accumulation: int, processes: int
) -> None:
    a_step = batch_size * accumulation
    settings = {"batch_size": batch_size, "accumulation": accumulation, "processes": processes}
    if batch_size % (processes // gcd(accumulation, processes)):
        with pytest.raises(TunesmithError, match=f"a step of {a_step} rows"):
            share(**settings)
        return
    mine = share(**settings)
    assert mine.batch_size * mine.accumulation * processes == a_step
    assert mine.batch_size <= batch_size


def test_whole_batches_are_dealt_before_rows() -> None:
    mine = share(batch_size=4, accumulation=2, processes=2)
    assert (mine.batch_size, mine.accumulation) == (4, 1)
    mine = share(batch_size=4, accumulation=1, processes=2)
    assert (mine.batch_size, mine.accumulation) == (2, 1)
    mine = share(batch_size=4, accumulation=2, processes=8)
    assert (mine.batch_size, mine.accumulation) == (1, 1)


def test_auto_takes_as_many_as_share_equally() -> None:
    assert most_processes(batch_size=4, accumulation=1, available=8) == 4
    assert most_processes(batch_size=3, accumulation=1, available=2) == 1
    assert most_processes(batch_size=4, accumulation=3, available=8) == 6


def test_settings_of_sharding_need_it() -> None:
    with pytest.raises(ValidationError, match="strategy: fsdp"):
        LaunchConfig(offload=True)
    assert LaunchConfig(strategy="fsdp", reshard=False).reshard is False
    assert LaunchConfig(strategy="deepspeed", offload=True).offload is True
