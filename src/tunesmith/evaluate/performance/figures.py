"""From timings to `performance.json`: one function for local models and endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.performance.conditions import doubts
from tunesmith.evaluate.performance.timing import Timed, Wave
from tunesmith.evaluate.performance.used import energy
from tunesmith.evaluate.significance import (
    group_sums,
    interval,
    quantile_interval,
    rows_for_upper,
)

_PERCENTILES = (50, 95, 99)
_TIMES = {
    "first_token_s": ("First token", "until an answer begins"),
    "per_token_s": ("Time per token", "for each token after the first"),
    "answer_s": ("Latency", "until an answer is complete"),
}
_SHARES = {
    50: "half of the answers take",
    95: "19 of 20 answers take",
    99: "99 of 100 answers take",
}


def performance(
    method: str,
    waves: Sequence[Wave],
    *,
    config: EvaluateConfig,
    settings: Mapping[str, Any],
    conditions: Mapping[str, Any],
    memory: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Make the content of `performance.json`.

    Args:
        method: The method's name.
        waves: What was asked at once, and when each answer came. For an endpoint the client's
            times, with `cpu_s` null: its energy is not known here.
        config: How sure intervals shall be; power of a core.
        settings: How it was measured, told as it is; `concurrency` says which of the waves'
            concurrencies are reported.
        conditions: Of the machine (`conditions`); for an endpoint, of the client.
        memory: `peak_memory_mib`, `model_memory_mib` and `note` (null: none), and for a GPU
            `peak_gpu_memory_mib`; None where the memory is another machine's.

    Returns:
        `method`, `settings`, `conditions`, `latency`, `throughput`, `peak_memory_mib`,
        `model_memory_mib`, `memory_note`, `energy`, `notes`. `latency` has `first_token_s`,
        `per_token_s` and `answer_s` of answers alone, each with `p50`, `p95` and `p99`.
    """
    alone = [answer for wave in waves if wave.concurrency == 1 for answer in wave.answers]
    gpu = conditions.get("device", "cpu") != "cpu"
    known = memory or {}
    return {
        "method": method,
        "settings": dict(settings),
        "conditions": dict(conditions),
        "latency": {name: _percentiles(name, alone, config) for name in _TIMES},
        "throughput": [
            _throughput(number, [w for w in waves if w.concurrency == number], config, gpu=gpu)
            for number in settings["concurrency"]
        ],
        "peak_memory_mib": known.get("peak_memory_mib"),
        "peak_gpu_memory_mib": known.get("peak_gpu_memory_mib"),
        "model_memory_mib": known.get("model_memory_mib"),
        "memory_note": known.get("note"),
        "energy": energy([w for w in waves if w.concurrency == 1], config, gpu=gpu),
        "notes": doubts(dict(conditions)),
    }


def seconds_of(name: str, answer: Timed) -> float | None:
    """One of an answer's times; None where it has none (a single token has no next one)."""
    if name == "answer_s":
        return answer.answer_s
    if answer.first_token_s is None or name == "first_token_s":
        return answer.first_token_s
    if answer.tokens < 2:
        return None
    return (answer.answer_s - answer.first_token_s) / (answer.tokens - 1)


def _percentiles(name: str, answers: Sequence[Timed], config: EvaluateConfig) -> dict[str, Any]:
    label, meaning = _TIMES[name]
    seconds = [seconds_of(name, answer) for answer in answers]
    known = [value for value in seconds if value is not None]
    groups = len(
        {
            i if answer.group is None else answer.group
            for i, (answer, value) in enumerate(zip(answers, seconds, strict=True))
            if value is not None
        }
    )
    return {
        f"p{percent}": {
            **_quantile(known, percent / 100, config),
            "groups": groups,
            "unscored": len(seconds) - len(known),
            "unit": "s",
            "higher_is_better": False,
            "label": f"{label} p{percent}",
            "meaning": f"{_SHARES[percent]} at most this long {meaning}",
        }
        for percent in _PERCENTILES
    }


def _quantile(values: Sequence[float], q: float, config: EvaluateConfig) -> dict[str, Any]:
    if not values:
        note = "No answer was timed for this: tunesmith evaluate RECIPE --performance does."
        return {"value": None, "low": None, "high": None, "n": 0, "note": note}
    value, low, high = quantile_interval(values, q, confidence=config.confidence)
    # Of very few values, the interpolated 99th percentile lies below the limit that they prove.
    value = value if low is None else max(value, low)
    out: dict[str, Any] = {"value": value, "low": low, "high": high, "n": len(values)}
    if high is None:
        needed = rows_for_upper(q, confidence=config.confidence)
        out["note"] = (
            f"{len(values)} answers are too few for an upper limit: about {needed} are needed."
        )
    return out


def _throughput(
    number: int, waves: Sequence[Wave], config: EvaluateConfig, *, gpu: bool
) -> dict[str, Any]:
    """Answers and tokens a second at one concurrency, and how long an answer takes there."""
    answers = [answer for wave in waves for answer in wave.answers]
    latency = {
        **_quantile([answer.answer_s for answer in answers], 0.95, config),
        "groups": len(answers),
        "unscored": 0,
        "unit": "s",
        "higher_is_better": False,
        "label": f"Latency p95 at {number}",
        "meaning": f"19 of 20 answers take at most this long when {number} are asked for at once",
    }
    per_answer = [(float(len(wave.answers)), wave.seconds) for wave in waves]
    per_token = [(float(sum(a.tokens for a in wave.answers)), wave.seconds) for wave in waves]
    meaning = f"answers in a second when {number} are asked for at once"
    figures = {
        "answers_per_s": _rate(per_answer, config, "answers/s", "Answers a second", meaning),
        "tokens_per_s": _rate(
            per_token, config, "tokens/s", "Tokens a second", meaning.replace("answers", "tokens")
        ),
        "latency_p95_s": latency,
    }
    return {
        "concurrency": number,
        "n": len(answers),
        "waves": len(waves),
        **{name: figure["value"] for name, figure in figures.items()},
        "watt_hours_per_1000": energy(waves, config, gpu=gpu)["watt_hours_per_1000"],
        "figures": figures,
    }


def _rate(
    waves: Sequence[tuple[float, float]],
    config: EvaluateConfig,
    unit: str,
    label: str,
    meaning: str,
) -> dict[str, Any]:
    """A ratio of sums, counts by seconds; waves are what is independent."""
    out: dict[str, Any] = {
        "value": None, "low": None, "high": None, "n": len(waves), "groups": len(waves),
        "unscored": 0, "unit": unit, "higher_is_better": True, "label": label, "meaning": meaning,
    }  # fmt: skip
    if not waves:
        return {**out, "note": "Nothing was asked at this concurrency."}
    stats = group_sums(np.array(waves), [None] * len(waves))
    out["value"] = float(stats[:, 0].sum() / stats[:, 1].sum())
    if len(waves) < config.min_rows:
        return {
            **out,
            "note": f"{len(waves)} batches are too few for an interval: {config.min_rows} are "
            "needed (evaluate.performance.rows).",
        }
    found = interval(
        stats,
        lambda sums: sums[..., 0] / sums[..., 1],
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
    )
    if found is not None:
        out |= {"low": found.low, "high": found.high}
    return out
