"""How many documents a CPU-second is worth."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def documents_per_cpu_s(
    work: Callable[[], object], documents: int, *, repeats: int = 3, least_s: float = 0.2
) -> float:
    """Documents per CPU-second (user and system, all threads of this process), warm.

    Args:
        work: Does all documents once.
        documents: How many it does.
        repeats: The median of so many figures is taken, after one run that is not counted.
        least_s: A figure is taken over at least so many CPU seconds, for the clock is coarse.
    """
    work()
    figures = []
    for _ in range(repeats):
        started, times = time.process_time(), 0
        while not times or time.process_time() - started < least_s:
            work()
            times += 1
        figures.append(documents * times / max(time.process_time() - started, 1e-9))
    return statistics.median(figures)
