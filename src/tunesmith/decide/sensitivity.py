"""Which assumption would flip the verdict: each is changed alone, and the verdict is asked again.

A value is looked for on a grid from the one assumed outwards to the ends of a sensible range, and
then halved in on. Comparisons stay as they are: only what follows from them is worked out again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tunesmith.decide.assumptions import Again, Assumption, assumptions
from tunesmith.decide.compare import Scorecard
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.measured import Measured
from tunesmith.decide.verdict import Verdict
from tunesmith.decide.words import names, sentence
from tunesmith.evaluate.config import EvaluateConfig

STEPS = 24
"""Points of the grid on each side of the value assumed."""
HALVINGS = 40


def sensitivity(
    scorecards: Sequence[Scorecard],
    comparisons: Sequence[Mapping[str, Any]],
    config: DecideConfig,
    evaluation: EvaluateConfig,
    measured: Measured,
    found: Verdict,
) -> list[dict[str, Any]]:
    """For each assumption, the value nearest to the one assumed at which the verdict is another.

    Returns:
        `assumption`, `label`, `now`, `low` and `high` (the range tried), `flips_at` (null: no value
        of the range changes it), `to` (the method then chosen), `to_kind`, `sentence`.
    """
    called = names(scorecards)
    again = Again(scorecards, comparisons, config, evaluation, measured)
    out = []
    for assumption in assumptions(again, found, called):
        start = found if assumption.start is None else assumption.verdict_at(assumption.start)
        value = flip(assumption, (start.kind, start.choice))
        other = None if value is None else assumption.verdict_at(value)
        out.append(
            {
                "assumption": assumption.name,
                "label": assumption.label,
                "now": assumption.now,
                "low": assumption.low,
                "high": assumption.high,
                "flips_at": value,
                "to": None if other is None else other.choice,
                "to_kind": None if other is None else other.kind,
                "sentence": _sentence(assumption, value, start, other, called),
            }
        )
    return out


def flip(assumption: Assumption, now: tuple[str, str | None]) -> float | None:
    """The value nearest to the one assumed at which the verdict is another; None if there is none.

    Nearest by the number of steps of the grid. The value is rounded to three digits away from the
    one assumed, and it is checked that the verdict is the other one there.
    """

    def other(value: float) -> bool:
        there = assumption.verdict_at(value)
        return (there.kind, there.choice) != now

    found = []
    start = assumption.now if assumption.start is None else assumption.start
    for end in (assumption.low, assumption.high):
        inside = start
        for step, value in enumerate(_grid(start, end)):
            if other(value):
                found.append((step, _between(inside, value, other, assumption.whole)))
                break
            inside = value
    return min(found)[1] if found else None


def _grid(now: float, end: float) -> list[float]:
    """Values from next to `now` to `end`: by factors where both are positive, else by steps."""
    if now == end:
        return []
    if now > 0 and end > 0:
        return [now * (end / now) ** (i / STEPS) for i in range(1, STEPS)] + [end]
    return [now + (end - now) * i / STEPS for i in range(1, STEPS)] + [end]


def _between(inside: float, outside: float, other: Callable[[float], bool], whole: bool) -> float:
    """The border between a value that changes nothing and one that does, on the side that does."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if other(middle):
            outside = middle
        else:
            inside = middle
    digits = 0 if outside == 0 else 2 - math.floor(math.log10(abs(outside)))
    step = 10.0**-digits
    up = outside > inside
    rounded = (math.ceil if up else math.floor)(outside / step) * step
    rounded = round(rounded, max(0, digits)) + 0.0
    if whole:
        rounded = float(math.ceil(rounded) if up else math.floor(rounded))
    return rounded if other(rounded) else outside


def _sentence(
    assumption: Assumption,
    value: float | None,
    start: Verdict,
    other: Verdict | None,
    called: Mapping[str, str],
) -> str:
    now, label, write = assumption.write(assumption.now), assumption.label, assumption.write
    if value is None or other is None:
        return sentence(
            f"{label} (now {now}): no value between {write(assumption.low)} and "
            f"{write(assumption.high)} changes the verdict."
        )
    if assumption.start is not None:
        return sentence(
            f"{label} (measured {now}): from {write(value)} on the verdict is "
            f"{_outcome(other, called)}, below it is {_outcome(start, called)}."
        )
    side = "up" if value > assumption.now else "down"
    there = write(value) if write(value) != now else f"{value:.4g}"
    return sentence(
        f"{label} (now {now}): from {there} {side} the verdict is {_outcome(other, called)}."
    )


def _outcome(found: Verdict, called: Mapping[str, str]) -> str:
    if found.choice is None:
        return "“no method keeps to your limits”"
    name = called[found.choice]
    return {
        "fine-tune": f"“fine-tune” with {name}",
        "prompt": f"“a good prompt is enough” with {name}",
        "base": f"“the model as it is is enough” with {name}",
    }.get(found.kind, f"undecided, for the time being {name}")
