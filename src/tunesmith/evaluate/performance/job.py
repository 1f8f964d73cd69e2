"""The measuring job: `python -m tunesmith.evaluate.performance.job`, started by `measure`.

Every batch is one file, so that a killed job goes on at the first missing one. The concurrencies
take turns, each in proportion to its batches: a machine that grows slower meanwhile favours none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunesmith.evaluate.decode import Opened, opened
from tunesmith.evaluate.performance.conditions import Watch, machine
from tunesmith.evaluate.performance.energy import Meter
from tunesmith.evaluate.performance.memory import Peak, model_memory_mib
from tunesmith.evaluate.performance.timing import timed_wave
from tunesmith.io import read_json, write_json
from tunesmith.models import compute_dtype
from tunesmith.worker import Emit, serve

_WARM_UP_TOKENS = 8


def turns(rows: int, concurrency: Sequence[int]) -> list[list[int]]:
    """The batches in the order in which they are answered.

    Args:
        rows: Number of rows.
        concurrency: Sizes of batches.

    Returns:
        For each size ceil(rows / size) batches of row numbers, each row at least once; the last
        batch is filled with the first rows, so that all of a size are alike.
    """
    planned = []
    for size in concurrency:
        batches = -(-rows // size)
        for number in range(batches):
            batch = [row % rows for row in range(number * size, (number + 1) * size)]
            planned.append(((number + 0.5) / batches, size, batch))
    return [batch for _, _, batch in sorted(planned)]


def measure(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Answer the rows at each concurrency, and take the times."""
    work, limit = Path(request["work"]), request["max_new_tokens"]
    loaded = opened(request)
    planned = turns(len(loaded.examples), request["concurrency"])
    missing = [number for number in range(len(planned)) if not _part(work, number).exists()]
    peak = Peak()
    if missing:
        _warm_up(loaded, request["concurrency"])
    watch, meter = Watch(), Meter()
    for number, batch in enumerate(planned):
        if number in missing:
            _, wave = timed_wave(
                loaded,
                [loaded.prompts[row].ids for row in batch],
                limit=limit,
                meter=meter,
                groups=[loaded.examples[row].group for row in batch],
            )
            part = {"wave": wave.to_json(), "memory": peak.read()}
            write_json(_part(work, number), part)
        emit({"rows": len(batch)})
    memory = [read_json(_part(work, number))["memory"] for number in range(len(planned))]
    return {
        "conditions": {**watch.read(), **machine(compute_dtype(request["precision"]))},
        "memory": {
            "peak_memory_mib": max(one["resident_mib"] for one in memory),
            "peak_gpu_memory_mib": max(one.get("gpu_mib", 0.0) for one in memory) or None,
            "model_memory_mib": model_memory_mib(loaded.method),
            "note": None
            if peak.without_loading
            else "The peak has the loading of the model in it.",
        },
        "resumed": len(missing) < len(planned),
    }


def _warm_up(loaded: Opened, concurrency: Sequence[int]) -> None:
    """The first products of each shape allocate and tune: nobody's latency."""
    longest = max((prompt.ids for prompt in loaded.prompts), key=len)
    for size in concurrency:
        loaded.greedy([longest] * size, limit=_WARM_UP_TOKENS)


def _part(work: Path, number: int) -> Path:
    return work / f"part-{number:05d}.json"


if __name__ == "__main__":
    serve(measure)
