"""Timings of answers: what was asked at once, when each answer began and ended, what it took.

Both ways of measuring write them, and the clients of endpoints can: `answer-timings.json` comes
from answering the test rows, `performance-timings.json` from `measure`; `figures.performance`
makes figures of either.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunesmith.io import read_json

if TYPE_CHECKING:
    from tunesmith.decoding import Answer
    from tunesmith.evaluate.decode import Opened
    from tunesmith.evaluate.performance.energy import Meter

TIMINGS = "answer-timings.json"
"""In a method's folder: the timings of the answers to the test rows."""
MEASURED = "performance-timings.json"
"""In a method's folder: the timings that were measured for their own sake."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One answer as whoever asked has seen it; seconds count from when it was asked."""

    first_token_s: float | None
    """Until its first token was there; None where that was not seen."""
    answer_s: float
    """Until it was complete."""
    tokens: int
    """Its tokens, the end token included."""
    group: str | None = None
    """Rows of one group are not independent of each other."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Answers that were asked for at the same moment, and what they took together."""

    concurrency: int
    """How many were asked for at once."""
    seconds: float
    """Until the last was complete."""
    answers: list[Timed]
    """The answers."""
    cpu_s: float | None = None
    """Seconds of processor time of this process, all its cores; None where others worked."""
    joules: Mapping[str, float] = field(default_factory=dict)
    """Energy by the counters that could be read: `rapl` (processors), `nvml` (GPU)."""

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Wave:
        """Read what `to_json` wrote."""
        return cls(**{**row, "answers": [Timed(**answer) for answer in row["answers"]]})


def timed_wave(
    loaded: Opened,
    prompts: list[list[int]],
    *,
    limit: int,
    meter: Meter,
    groups: Sequence[str | None],
) -> tuple[list[Answer], Wave]:
    """Answer prompts together and take the times.

    An answer counts as complete with its own last token, though the batch goes on without it.

    Args:
        loaded: The method.
        prompts: n prompts as tokens.
        limit: Tokens of an answer, at most.
        meter: Counts energy.
        groups: The rows' groups.

    Returns:
        n answers, and their wave.
    """
    moments: list[float] = []
    joules, cpu = meter.read(), time.process_time()
    begin = time.perf_counter()
    answers = loaded.greedy(prompts, limit=limit, moments=moments)
    end = time.perf_counter()
    timed = [
        Timed(
            first_token_s=moments[0] - begin,
            answer_s=end - begin if len(answers) == 1 else moments[answer.tokens - 1] - begin,
            tokens=answer.tokens,
            group=group,
        )
        for answer, group in zip(answers, groups, strict=True)
    ]
    spent = time.process_time() - cpu
    return answers, Wave(len(prompts), end - begin, timed, spent, meter.since(joules))


def timings_of(work: Path, conditions: dict[str, Any], identity: str) -> dict[str, Any]:
    """The content of a timings file, from the parts that a job has written.

    Args:
        work: The job's folder with `part-N.json` files. Where an earlier version of tunesmith has
            written some of them, without times, there are no waves.
        conditions: What the machine did meanwhile.
        identity: The fingerprint of what was answered.
    """
    parts = [read_json(part) for part in sorted(work.glob("part-*.json"))]
    timed = all("wave" in part for part in parts)
    return {
        "fingerprint": identity,
        "conditions": conditions,
        "waves": [part["wave"] for part in parts] if timed else [],
    }
