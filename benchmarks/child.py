"""The process that a job is measured in: see `measure.in_a_process`."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from benchmarks.measure import timed


def main() -> None:
    """Get the work ready, run it, and write what it took."""
    function, told = sys.argv[1:]
    module, _, name = function.partition(":")
    work = getattr(importlib.import_module(module), name)(**json.load(sys.stdin))
    Path(told).write_text(json.dumps(timed(work)), encoding="utf-8")


if __name__ == "__main__":
    main()
