"""What a training will take, in words and money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tunesmith.progress import duration

_HOUR_S = 3600
_PARTS = {
    "process": "the process and its libraries",
    "weights": "weights",
    "masters": "float32 copies of what is learned",
    "gradients": "gradients",
    "optimizer": "optimizer state",
    "activations": "activations",
    "logits": "logits of the answers",
    "files": "the model's files while they are read",
    "allocator": "gaps in the heap",
}


@dataclass(frozen=True, slots=True)
class Price:
    """What a machine costs."""

    machine_hour: float
    """Of one hour."""
    currency: str
    """As it stands in sentences."""

    def of(self, seconds: float) -> float:
        """What so many seconds cost."""
        return seconds / _HOUR_S * self.machine_hour

    def words(self, seconds: float) -> str:
        """The cost of so many seconds, with the digits that tell it from nothing."""
        amount = self.of(seconds)
        return f"{amount:.2f} {self.currency}" if amount >= 0.1 else f"{amount:.2g} {self.currency}"


def plan_words(plan: dict[str, Any], price: Price | None) -> Iterator[str]:
    """A training's plan, line by line.

    Args:
        plan: The job's event `plan`.
        price: Where it is known.
    """
    cost = "" if price is None else f", about {price.words(plan['left_s'])}"
    yield (
        f"{plan['steps']} steps over {plan['examples']} rows, "
        f"{plan['trainable_parameters']:,} trainable parameters, "
        f"about {duration(plan['left_s'])}{cost}"
    )
    memory = plan["memory"]
    if "unknown" in memory:
        yield f"its memory cannot be predicted: {memory['unknown']}"
        return
    parts = sorted(memory["parts_mib"].items(), key=lambda part: -part[1])
    listed = ", ".join(f"{_PARTS[name]} {mib:,.0f}" for name, mib in parts if mib >= 0.5)
    where = "of the GPU's memory" if memory["where"] == "cuda" else "of memory"
    if memory["processes"] > 1:
        where += f" for each of {memory['processes']} processes"
    yield (
        f"about {memory['peak_mib']:,.0f} MiB {where} at its peak ({memory['moment']}), "
        f"{memory['room_mib']:,.0f} MiB are there: {listed} MiB"
    )


def priced(training: dict[str, Any], price: Price | None) -> dict[str, Any]:
    """A training's figures with what it cost and what it was to cost.

    The price is not part of what is kept in `training.json`: it may change.
    """
    if price is None:
        return training
    return {
        **training,
        "cost": {
            "actual": round(price.of(training["seconds"]), 6),
            "predicted": round(price.of(training["predicted_s"]), 6),
            "machine_hour": price.machine_hour,
            "currency": price.currency,
        },
    }
