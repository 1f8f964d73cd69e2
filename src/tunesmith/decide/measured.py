"""What was measured of methods outside their scorecards, where it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunesmith.io import read_json

Files = Mapping[str, Mapping[str, Any]]
"""The content of a file of that name in each method's folder, by method."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Files that a method's folder may hold beside `metrics.json`."""

    performance: Files = field(default_factory=dict)
    """`performance.json`: latency, throughput, memory."""
    forgetting: Files = field(default_factory=dict)
    """`forgetting.json`: what a method has lost outside its domain."""

    def documents(self) -> dict[str, Mapping[str, Any]]:
        """The files by their paths in the run folder."""
        return {
            f"methods/{method}/{name}.json": content
            for name, files in (("performance", self.performance), ("forgetting", self.forgetting))
            for method, content in files.items()
        }


def read_measured(run: Path, methods: Iterable[str]) -> Measured:
    """Read what a run folder holds of these methods."""
    found: dict[str, dict[str, Any]] = {"performance": {}, "forgetting": {}}
    for method in methods:
        for name, files in found.items():
            path = run / "methods" / method / f"{name}.json"
            if path.exists():
                files[method] = read_json(path)
    return Measured(performance=found["performance"], forgetting=found["forgetting"])
