"""How far people agree with a judge, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.estimate import estimated
from tunesmith.evaluate.judge.figures import agreement_rows, by_chance, kappa_figure, share
from tunesmith.evaluate.judge.human import HumanVerdict
from tunesmith.evaluate.judge.votes import Outcome

Trust = Literal["uncalibrated", "too few", "chance", "agrees"]

_UNREAD = 0.5
"""A judge of which more verdicts than this share cannot be read is of no use."""


def calibrated(
    verdicts: Sequence[HumanVerdict],
    outcomes: Sequence[Outcome],
    *,
    file: Path,
    config: EvaluateConfig,
) -> dict[str, Any]:
    """The `calibration` of judge.json.

    Args:
        verdicts: What people think.
        outcomes: What the judge thinks of the same pairs.
        file: Where people's verdicts stand.
        config: Confidence, resamples, seed, rows that an interval needs.

    Returns:
        `n` (pairs), `agreement` (the share of pairs with one verdict, ties included), `kappa`,
        `order_flips`, `unparseable`, `raters` (the most of a pair), `trust` (`too few`, `chance`:
        no better than chance, `agrees`), `file` (its name), `sentence`.
    """
    ours = [found.winner for found in outcomes]
    theirs = [verdict.winner for verdict in verdicts]
    groups = [verdict.pair.group for verdict in verdicts]
    same = [
        float("nan") if one is None else float(one == other)
        for one, other in zip(ours, theirs, strict=True)
    ]
    agreement = share(
        same,
        groups,
        config=config,
        label="Agreement with people",
        meaning="the share of pairs of which the judge and people say the same",
    )
    kappa = estimated(
        agreement_rows(ours, theirs),
        kappa_figure,
        unit="kappa",
        groups=groups,
        config=config,
        label="Cohen's kappa",
        meaning="agreement beyond chance: 0 is none, 1 is all",
        higher_is_better=True,
    )
    if kappa["low"] is None and agreement["low"] is not None:
        kappa |= _limits(agreement, by_chance(ours, theirs))
    out: dict[str, Any] = {
        "n": len(verdicts),
        "agreement": agreement,
        "kappa": kappa,
        "order_flips": sum(found.flipped for found in outcomes),
        "unparseable": sum(found.winner is None for found in outcomes),
        "raters": max(verdict.raters for verdict in verdicts),
        "file": file.name,
    }
    out["trust"] = _trust(out, config)
    out["sentence"] = _sentence(out)
    return out


def _limits(agreement: dict[str, Any], chance: float) -> dict[str, Any]:
    """Limits of kappa where all pairs are alike: those of the agreement, put on kappa's scale."""
    if chance >= 1:
        return {}
    low, high = ((agreement[name] - chance) / (1 - chance) for name in ("low", "high"))
    return {"low": low, "high": high, "note": "Limits from those of the agreement."}


def _trust(found: dict[str, Any], config: EvaluateConfig) -> Trust:
    kappa = found["kappa"]
    if found["unparseable"] > _UNREAD * found["n"]:
        return "chance"
    if kappa["groups"] < config.min_rows:
        return "too few"
    low = kappa["low"]
    return "agrees" if low is not None and low > 0 else "chance"


def _sentence(found: dict[str, Any]) -> str:
    agreement, kappa = found["agreement"], found["kappa"]
    if found["trust"] == "too few":
        return (
            f"{kappa['groups']} verdicts of people that the judge could be compared with are too "
            "few to say whether it agrees with them."
        )
    unread = f"{found['unparseable']:,} of its {found['n']:,} verdicts could not be read"
    if agreement["value"] is None:
        return f"This judge is of no use, do not use it: {unread}."
    figures = (
        f"the same verdict on {_with_range(agreement, '.0%')} of {agreement['n']:,} pairs, Cohen's "
        f"kappa {_with_range(kappa, '.2f')}"
    )
    if found["unparseable"]:
        figures += f"; {unread}"
    if found["trust"] == "chance":
        return f"This judge agrees with people no better than chance, do not use it: {figures}."
    return f"This judge agrees with people more than chance would: {figures}."


def _with_range(figure: dict[str, Any], form: str) -> str:
    value = format(figure["value"], form)
    if figure["low"] is None:
        return value
    return f"{value} ({format(figure['low'], form)} to {format(figure['high'], form)})"
