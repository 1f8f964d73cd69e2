"""After how many answers one method has repaid what it costs more than another to set up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers
from tunesmith.decide.words import money, sentence

SENSIBLE = 100
"""A crossing beyond so many times the expected volume is as good as none."""
LEAST = 1_000_000
"""Fewer answers than this are a sensible volume whatever is expected."""


def break_even(
    a: str, b: str, costs: Mapping[str, Cost], called: Mapping[str, str], config: DecideConfig
) -> dict[str, Any]:
    """After how many answers method `a` has repaid what it costs more than `b`.

    What does not depend on the volume is set-up and, where hours of it count, maintenance until the
    horizon.

    Returns:
        `a`, `b`, `answers` (0: cheaper from the start; null: never, or not measured), `until` (the
        number of answers, where `a` is cheaper only for so many), `months` (`answers` at the
        expected volume, null without one), `sensible` (whether `answers` or `until` is a volume
        that may come: the sentence names no other), `extra` (what `a` costs more before answers),
        `with_assumed` (`answers` with all hours of work counted), `sentence`.
    """
    first, second = called[a], called[b]
    ours, theirs, currency = costs[a], costs[b], config.currency
    fixed = ours.fixed(), theirs.fixed()
    if None in {*fixed, ours.per_answer, theirs.per_answer}:
        text = f"What {first} costs against {second} is unknown: not all of it was measured."
        return _entry(a, b, text, with_assumed=None)
    assert fixed[0] is not None and fixed[1] is not None  # noqa: S101, PT018 - see above
    assert ours.per_answer is not None and theirs.per_answer is not None  # noqa: S101, PT018
    extra, saving = fixed[0] - fixed[1], theirs.per_answer - ours.per_answer
    answers = _crossing(extra, saving)
    whole = ours.fixed(everything=True), theirs.fixed(everything=True)
    with_assumed = (
        None if None in whole else _crossing((whole[0] or 0.0) - (whole[1] or 0.0), saving)
    )
    months = answers / config.answers_per_month if answers and config.answers_per_month else None
    kept = any(
        w.counts and w.part == "maintenance" and w.amount for w in (*ours.work, *theirs.work)
    )
    what = f"set up and keep for {config.horizon_months:g} months" if kept else "set up"
    each = (
        f"1,000 answers cost {money(ours.per_answer * 1000, currency)} with {first} and "
        f"{money(theirs.per_answer * 1000, currency)} with {second}"
    )
    until = math.floor(extra / saving) if answers == 0 and saving < 0 else None
    sensible = (answers or until or 0) <= max(SENSIBLE * horizon_answers(config), LEAST)
    if answers is None and extra == 0:
        text = f"{first} is never cheaper than {second}: neither costs more to {what}, but {each}."
    elif answers is None:
        text = (
            f"{first} never repays the {money(extra, currency)} that it costs more to {what} than "
            f"{second}: {each}."
        )
    elif extra == 0 == saving:
        text = f"{first} and {second} cost the same: {each}."
    elif until is not None and sensible:
        text = f"{first} is cheaper than {second} for the first {until:,} answers: {each}."
    elif answers == 0:
        text = f"{first} is cheaper than {second} from the start: {each}."
    elif not sensible:
        text = (
            f"{first} costs {money(extra, currency)} more to {what} than {second}, which is not "
            f"repaid within a sensible volume: {each}."
        )
    else:
        text = (
            f"{first} costs {money(extra, currency)} more to {what} than {second}, which is repaid "
            f"after {answers:,} answer{'' if answers == 1 else 's'}"
        )
        if months is not None:
            text += f" ({_months(months)} at {config.answers_per_month:,} answers a month)"
        text += f": {each}."
    return _entry(
        a, b, text, answers=answers, until=until, extra=extra, with_assumed=with_assumed,
        months=0.0 if answers == 0 else months, sensible=sensible,
    )  # fmt: skip


def _entry(a: str, b: str, text: str, **found: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("answers", "until", "months", "sensible", "extra", "with_assumed"))
    return {"a": a, "b": b, **nothing, **found, "sentence": sentence(text)}


def _crossing(extra: float, saving: float) -> int | None:
    if extra < 0 or (extra == 0 and saving >= 0):
        return 0
    if saving <= 0:
        return None
    return math.ceil(extra / saving)


def _months(months: float) -> str:
    if months < 0.1:
        return "within days"
    return f"{months:,.1f} months"
