"""How speed, memory and energy are measured."""

from __future__ import annotations

from pydantic import Field, field_validator

from tunesmith.config import Config


class PerformanceConfig(Config):
    """Latency, throughput, memory and energy of each method, measured apart from its answers.

    Without it these figures come from answering the test rows, at no cost: `latency_rows` rows
    alone, the others in batches of `batch_size`.
    """

    always: bool = False
    """Measure in every run; false: only with `tunesmith evaluate --performance`."""

    rows: int = Field(default=16, ge=1)
    """Test rows that are answered at each concurrency, one of each group first.

    An upper limit of the 95th percentile needs 72 of them, one of the 99th 368.
    """

    concurrency: tuple[int, ...] = (1, 4, 8)
    """How many questions are answered at once, in batches of the method's own decoder; 1 is what
    latency is measured with. Where the rows are no multiple, the first ones fill the last batch."""

    watts_per_core: float = Field(default=3.5, gt=0)
    """Power of a busy core (W), for an estimate of energy where no counter can be read. The default
    is Cloud Carbon Footprint's figure for a vCPU of AWS at full load; a laptop's core takes about
    twice as much."""

    @field_validator("concurrency")
    @classmethod
    def _has_one(cls, given: tuple[int, ...]) -> tuple[int, ...]:
        if any(number < 1 for number in given):
            msg = "a concurrency is 1 or more"
            raise ValueError(msg)
        if 1 not in given:
            msg = "concurrency needs 1: latency is that of answers alone"
            raise ValueError(msg)
        return tuple(sorted(set(given)))
