from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tunesmith.decoding import Before  # noqa: E402
from tunesmith.evaluate.loaded import Loaded  # noqa: E402
from tunesmith.evaluate.performance.memory import Peak, model_memory_mib  # noqa: E402
from tunesmith.worker import peak_memory_mib  # noqa: E402


def test_the_model_at_rest_is_what_transformers_counts(model: Any) -> None:
    expected = model.get_memory_footprint(return_buffers=True) / 2**20
    assert model_memory_mib(Loaded(model)) == pytest.approx(expected, abs=0.06)


def test_virtual_tokens_count(model: Any) -> None:
    layer = (torch.zeros(1, 2, 1024, 64), torch.zeros(1, 2, 1024, 64))
    more = model_memory_mib(Loaded(model, Before([layer]))) - model_memory_mib(Loaded(model))
    assert more == pytest.approx(1.0, abs=0.11)


def test_the_peak_begins_anew() -> None:
    big = torch.ones(64 * 2**20)  # 256 MiB
    del big
    before = peak_memory_mib()
    peak = Peak()
    if not peak.without_loading:
        pytest.skip("this system does not let a process reset its peak")
    rested = peak.read()["resident_mib"]  # of the heap, gaps that other tests left are gone too
    assert rested < before - 100
    again = torch.ones(64 * 2**20)
    assert peak.read()["resident_mib"] > rested + 200
    del again
