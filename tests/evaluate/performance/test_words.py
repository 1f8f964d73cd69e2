from __future__ import annotations

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.performance.figures import performance
from tunesmith.evaluate.performance.timing import Timed, Wave
from tunesmith.evaluate.performance.words import one_line


def test_what_is_known_is_said() -> None:
    given = {"config": EvaluateConfig(resamples=200), "conditions": {}}
    waves = [Wave(1, 2.0, [Timed(0.25, 2.0, 8)], cpu_s=3.6), Wave(2, 4.0, [Timed(1.0, 4.0, 8)] * 2)]
    memory = {"peak_memory_mib": 1320.4, "model_memory_mib": 260.0}
    settings = {"concurrency": [1, 2]}
    card = performance("a", waves, settings=settings, memory=memory, **given)  # type: ignore[arg-type]
    assert one_line(card) == (
        "first token 0.25 s, answer 2.00 s, 95% of answers within 2.00 s, 0.50 answers/s at 1, "
        "0.50 answers/s at 2, peak memory 1,320 MiB, 3.5 Wh for 1,000 answers (estimate)"
    )
    bare = [Wave(1, 2.0, [Timed(None, 2.0, 8)])]
    card = performance("a", bare, settings={"concurrency": []}, memory=None, **given)  # type: ignore[arg-type]
    assert one_line(card) == "answer 2.00 s, 95% of answers within 2.00 s"
