"""Where folds are worked on: GPUs, cores and memory; results in order; the first error."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from tunesmith.evaluate.cross_validation.parallel import at_a_time, gpus, places, work_on
from tunesmith.worker import job_environment


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"parallel": 3}, 3),
        ({"parallel": 30}, 5),
        ({"cards": 4}, 4),
        ({"cards": 1, "cores": 64}, 1),
        ({"cores": 64}, 1),  # what a fold needs is not known yet
        ({"cores": 64, "peak_mib": 1000.0}, 5),
        ({"cores": 16, "peak_mib": 1000.0}, 2),
        ({"cores": 2, "peak_mib": 1000.0}, 1),
        ({"cores": 64, "peak_mib": 4000.0}, 2),  # 10,000 MiB are left
        ({"cores": 64, "peak_mib": 40_000.0}, 1),
    ],
)
def test_how_many_at_a_time(settings: dict[str, Any], expected: int) -> None:
    given: dict[str, Any] = {
        "parallel": "auto", "folds": 5, "cards": 0, "cores": 2, "room_mib": 10_000.0,
        "peak_mib": None,
    }  # fmt: skip
    given |= settings
    assert at_a_time(given.pop("parallel"), **given) == expected


def test_each_place_has_a_gpu_or_a_share_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert places(1, ["0", "1"], 8) == [{}]
    assert places(3, ["0", "1"], 9) == [
        {"OMP_NUM_THREADS": "3", "CUDA_VISIBLE_DEVICES": card} for card in ("0", "1", "0")
    ]
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert places(2, [], 8) == [{}, {}]


def test_the_users_choice_of_gpus_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, 5")
    assert gpus() == ["3", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus() == []


def test_items_are_worked_on_at_the_same_time_each_in_its_place() -> None:
    both = threading.Barrier(2, timeout=10)
    where: list[Mapping[str, str]] = [{"CUDA_VISIBLE_DEVICES": "a"}, {"CUDA_VISIBLE_DEVICES": "b"}]

    def work(item: int) -> tuple[int, str]:
        if item < 2:
            both.wait()
        return item, job_environment()["CUDA_VISIBLE_DEVICES"]

    found = work_on([0, 1, 2, 3], work, where)
    assert [item for item, _ in found] == [0, 1, 2, 3]
    assert {place for _, place in found[:2]} == {"a", "b"}
    assert "CUDA_VISIBLE_DEVICES" not in job_environment()


def test_the_first_error_is_raised_and_what_waits_is_not_begun() -> None:
    begun: list[int] = []
    go = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 0:
            raise ValueError("no")
        go.wait(2)
        return item

    with pytest.raises(ValueError, match="no"):
        work_on(list(range(20)), work, [{}, {}])
    assert len(begun) < 20
