"""Energy of answers: measured where counters could be read, else estimated and marked as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.performance.timing import Wave
from tunesmith.evaluate.significance import group_sums, interval

_RAPL = "the counters of the processors (RAPL), which count whatever else they did meanwhile"
_NVML = "the counter of the GPU (NVML)"


def energy(waves: Sequence[Wave], config: EvaluateConfig, *, gpu: bool) -> dict[str, Any]:
    """Watt-hours of 1,000 answers.

    Args:
        waves: What was answered, at one concurrency.
        config: Power of a core, for an estimate; how sure the interval shall be.
        gpu: A GPU computed: without its counter there is no figure.

    Returns:
        `watt_hours_per_1000` and `watts` (mean while answering; null where not known), `source`
        (`rapl`, `nvml`, `rapl+nvml`, `estimate`, `nvml+estimate`, null), `measured`, `note`, and
        `figure`: the watt-hours with their interval.
    """
    watts = config.performance.watts_per_core
    source, note = _source(waves, watts, gpu=gpu)
    if source is None:
        return {
            "watt_hours_per_1000": None, "watts": None, "source": None, "measured": False,
            "note": note, "figure": None,
        }  # fmt: skip
    joules = [_joules(wave, source, watts) for wave in waves]
    answers = [float(len(wave.answers)) for wave in waves]
    figure = _figure(joules, answers, config)
    return {
        "watt_hours_per_1000": figure["value"],
        "watts": sum(joules) / sum(wave.seconds for wave in waves),
        "source": source,
        "measured": "estimate" not in source,
        "note": note,
        "figure": figure,
    }


def _source(waves: Sequence[Wave], watts: float, *, gpu: bool) -> tuple[str | None, str]:
    if not waves or any(wave.cpu_s is None for wave in waves):
        return None, "Not known: the processor time of these answers was not taken."
    if gpu and not all("nvml" in wave.joules for wave in waves):
        return None, "Not known: the energy of the GPU cannot be read."
    rapl = all("rapl" in wave.joules for wave in waves)
    estimated = (
        f"an estimate: {watts:g} W for a busy core (evaluate.performance.watts_per_core) by the "
        "processor time used; the counters of the processors cannot be read here"
    )
    processors = _RAPL if rapl else estimated
    name = "rapl" if rapl else "estimate"
    if not gpu:
        return name, f"From {processors}." if rapl else f"This is {processors}."
    both = "rapl+nvml" if rapl else "nvml+estimate"
    return both, f"GPU from {_NVML}; processors from {processors}."


def _joules(wave: Wave, source: str, watts: float) -> float:
    counted = sum(wave.joules.get(name, 0.0) for name in ("rapl", "nvml") if name in source)
    return counted + ((wave.cpu_s or 0.0) * watts if "estimate" in source else 0.0)


def _figure(
    joules: Sequence[float], answers: Sequence[float], config: EvaluateConfig
) -> dict[str, Any]:
    n = len(joules)
    scale = 1000 / 3600  # joules an answer to watt-hours of a thousand
    out: dict[str, Any] = {
        "value": scale * sum(joules) / sum(answers), "low": None, "high": None, "n": n,
        "groups": n, "unscored": 0, "unit": "Wh", "higher_is_better": False,
        "label": "Energy of 1,000 answers",
        "meaning": "watt-hours that 1,000 answers take, one after the other",
    }  # fmt: skip
    if n < config.min_rows:
        note = f"{n} measurements are too few for an interval: {config.min_rows} are needed."
        return {**out, "note": note}
    found = interval(
        group_sums(np.array([joules, answers]).T, [None] * n),
        lambda sums: scale * sums[..., 0] / sums[..., 1],
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
    )
    return out if found is None else {**out, "low": found.low, "high": found.high}
