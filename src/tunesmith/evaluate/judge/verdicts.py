"""What a judge says of two methods: wins, ties, failures, and whether it means anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.judge.calibration import Trust
from tunesmith.evaluate.judge.figures import even_chance, share
from tunesmith.evaluate.judge.votes import Outcome
from tunesmith.evaluate.significance import holm

_WORTH = {"a": 1.0, "tie": 0.5, "b": 0.0, None: float("nan")}
_UNREAD = 0.5
"""Of a judge whose verdicts could not be read in more rows than this share nothing is clear."""
_ORDER = 0.5
"""A judge that changes sides with the order in more rows than this share follows the order."""


def verdicts_on(
    a: str,
    b: str,
    outcomes: Sequence[Outcome],
    groups: Sequence[str | None],
    *,
    unanswered: int,
    config: EvaluateConfig,
) -> dict[str, Any]:
    """One of the `pairs` of judge.json, but for `p_holm`, `clear` and `sentence`.

    Args:
        a: One method.
        b: The other one.
        outcomes: What the judge thinks, `a` and `b` as here.
        groups: Of the rows.
        unanswered: Rows that one of the two has not answered.
        config: Confidence, resamples, seed, rows that an interval needs.

    Returns:
        `a`, `b`, `n` (rows judged), `wins_a`, `wins_b`, `ties`, `unparseable`, `order_flips`,
        `identical`, `unanswered`, `unread_votes`, `win_rate` (of `a`, ties half), `win_rate_bounds`
        (see `failures_as_losses`), `first_share`
        (how often the answer shown first was preferred), `follows_order`, `p_value`.
    """
    worth = [_WORTH[found.winner] for found in outcomes]
    read = [found for found in outcomes if found.winner is not None]
    flips = sum(found.flipped for found in outcomes)
    asked = [found for found in read if not found.identical]
    follows = bool(asked) and flips > _ORDER * len(asked)
    win_rate = share(
        worth,
        groups,
        config=config,
        label="Win rate",
        meaning=f"the share of rows in which the answer of {a} is better than that of {b}, ties "
        "count half",
    )
    if follows:
        win_rate["note"] = (
            f"The judge changed sides with the order of the answers in {flips:,} of {len(asked):,} "
            "rows: this says nothing about them."
        )
    first = [found.first / found.decided if found.decided else float("nan") for found in outcomes]
    return {
        "a": a,
        "b": b,
        "n": len(outcomes),
        "wins_a": sum(found.winner == "a" for found in outcomes),
        "wins_b": sum(found.winner == "b" for found in outcomes),
        "ties": sum(found.winner == "tie" for found in outcomes),
        "unparseable": len(outcomes) - len(read),
        "order_flips": flips,
        "identical": sum(found.identical for found in outcomes),
        "unanswered": unanswered,
        "unread_votes": sum(found.unread for found in outcomes),
        "win_rate": win_rate,
        "win_rate_bounds": failures_as_losses(outcomes),
        "first_share": share(
            first,
            groups,
            config=config,
            label="Shown first",
            meaning="how often the answer shown first was preferred; a fair judge is near one half",
        ),
        "follows_order": follows,
        "p_value": even_chance(worth, groups, config),
    }


def concluded(
    pairs: list[dict[str, Any]], *, trust: Trust, config: EvaluateConfig, min_rows: int
) -> list[dict[str, Any]]:
    """The pairs with `p_holm`, `clear` and their `sentence`.

    A win is clear as a difference of figures is: the interval keeps away from one half, the
    p-value adjusted for all pairs is at most 1 - confidence, and there are `min_rows` rows. A judge
    that follows the order of the answers, that agrees with people no better than chance, or whose
    verdicts could not be read in more than half of the rows makes nothing clear.
    """
    known = [pair for pair in pairs if pair["p_value"] is not None]
    adjusted = holm([pair["p_value"] for pair in known])
    for pair in pairs:
        pair |= {"p_holm": None, "clear": False}
    for pair, p_holm in zip(known, adjusted, strict=True):
        rate = pair["win_rate"]
        away = rate["low"] is not None and not rate["low"] <= 0.5 <= rate["high"]
        sure = p_holm <= 1 - config.confidence and rate["groups"] >= min_rows
        usable = not pair["follows_order"] and trust != "chance" and not _mostly_unread(pair)
        pair |= {"p_holm": p_holm, "clear": away and sure and usable}
    for pair in pairs:
        pair["sentence"] = f"{_said(pair)}{_MARKS[trust]}"
    return pairs


def _mostly_unread(pair: Mapping[str, Any]) -> bool:
    return bool(pair["unparseable"] > _UNREAD * pair["n"])


def failures_as_losses(outcomes: Sequence[Outcome]) -> list[float] | None:
    """The win rate of `a` if every unreadable verdict were its loss, and if it were its win.

    Returns:
        [lowest, highest], both the win rate itself where all could be read; None without rows.
    """
    if not outcomes:
        return None
    return [
        sum(failed if found.winner is None else _WORTH[found.winner] for found in outcomes)
        / len(outcomes)
        for failed in (0.0, 1.0)
    ]


_MARKS: dict[Trust, str] = {
    "uncalibrated": " The judge is not calibrated: nobody has looked whether people agree with it.",
    "too few": " Too few verdicts of people were given to say whether they agree with the judge.",
    "chance": " The judge agrees with people no better than chance: do not use this.",
    "agrees": "",
}


def _said(pair: dict[str, Any]) -> str:
    a, b, rate = pair["a"], pair["b"], pair["win_rate"]
    failed = ""
    if pair["unparseable"]:
        failed = f" In {pair['unparseable']:,} of {pair['n']:,} rows its verdict could not be read"
        low, high = pair["win_rate_bounds"]
        failed += f": counted as losses of {a}, its win rate is {low:.0%}, of {b}, {high:.0%}."
    if rate["value"] is None:
        return f"The judge gave no verdict on {a} and {b}.{failed}"
    counts = (
        f"{pair['wins_a']:,} wins, {pair['wins_b']:,} losses, {pair['ties']:,} ties in "
        f"{rate['n']:,} rows"
    )
    if pair["follows_order"]:
        return (
            f"The judge cannot tell {a} and {b} apart: it follows their order ({counts}).{failed}"
        )
    within = "too few rows to say how sure"
    if rate["low"] is not None:
        within = f"{rate['low']:.0%} to {rate['high']:.0%}"
    figures = f"a win rate of {rate['value']:.0%} ({within}; {counts})"
    flips = f", {pair['order_flips']:,} of them for changing sides" if pair["order_flips"] else ""
    figures = figures.replace(" ties in", f" ties{flips} in")
    if not pair["clear"]:
        return f"The judge cannot tell {a} and {b} apart: {a} has {figures}.{failed}"
    best, other = (a, b) if rate["value"] > 0.5 else (b, a)
    return f"The judge prefers {best} to {other}: {a} has {figures}.{failed}"
