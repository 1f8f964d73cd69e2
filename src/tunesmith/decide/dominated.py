"""Methods that another makes needless: answers no worse, and less of something measured.

Only what is shown counts: answers are no worse where the lower end of the gain says so, and an
amount is less where it is by more than `MARGIN` and beyond the intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.decide.common import common
from tunesmith.decide.compare import Scorecard, gain_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers
from tunesmith.decide.evidence import DECISION, Evidence, Reason, at, metrics_file
from tunesmith.decide.measured import Measured
from tunesmith.decide.words import figure, listed, money, sentence
from tunesmith.evaluate.metrics import METRICS

MARGIN = 0.05
"""Less by this share or less is no reason for or against a method."""


@dataclass(frozen=True)
class _Quantity:
    """One thing that less of is better."""

    value: float
    words: str
    """`costs`, before what is shown of two methods."""
    shown: str
    evidence: Evidence
    low: float | None = None
    high: float | None = None
    left_out: str = ""
    """What the amount leaves out, to follow it."""

    def less(self, other: _Quantity) -> bool:
        """Whether this is less by more than chance and the margin, as printed too."""
        apart = self.high is None or other.low is None or self.high < other.low
        return self.shown != other.shown and self.value < other.value * (1 - MARGIN) and apart


def dominated(
    scorecards: Sequence[Scorecard],
    comparisons: Sequence[Mapping[str, Any]],
    costs: Mapping[str, Cost],
    called: Mapping[str, str],
    config: DecideConfig,
    *,
    choice: str | None,
    measured: Measured,
) -> list[dict[str, Any]]:
    """Methods that another one dominates; never the chosen one, which something speaks for.

    The other's answers are at most `min_gain` worse at the lower end of the interval. It costs no
    more, takes no longer and needs no more memory, as far as these were measured of both, and
    shows less of something.

    Returns:
        `method`, `by` (of several the one furthest ahead), `reason` (`Reason`), in the order of the
        scorecards.
    """
    pairs = {frozenset((c["a"], c["b"])): c for c in comparisons if c["metric"] == config.metric}
    cards = {
        str(s["method"]): s for s in scorecards if s["metrics"][config.metric]["value"] is not None
    }
    amounts = {
        name: _amounts(card, costs[name], config, measured.performance.get(name, {}))
        for name, card in cards.items()
    }
    out = []
    for method in cards:
        better = {
            other: gain_of(pair, other)[0]
            for other in cards
            if other != method
            and (pair := pairs.get(frozenset((method, other)))) is not None
            and _no_worse(other, pair, config)
            and _less(amounts[other], amounts[method])
        }
        if better and method != choice:
            by = max(better, key=lambda name: better[name])
            reason = _reason(method, by, cards, comparisons, called, amounts, config)
            out.append({"method": method, "by": by, "reason": reason})
    return out


def _no_worse(other: str, pair: Mapping[str, Any], config: DecideConfig) -> bool:
    _, low, _ = gain_of(pair, other)
    return pair["groups"] >= config.min_rows and low is not None and low >= -config.min_gain


def _less(ours: Mapping[str, _Quantity], theirs: Mapping[str, _Quantity]) -> bool:
    both = ours.keys() & theirs.keys()
    return all(
        ours[key].value <= theirs[key].value or ours[key].shown == theirs[key].shown for key in both
    ) and any(ours[key].less(theirs[key]) for key in both)


def _amounts(
    card: Scorecard, cost: Cost, config: DecideConfig, performance: Mapping[str, Any]
) -> dict[str, _Quantity]:
    """Cost until the horizon, the median wait for an answer, and memory, as far as known."""
    method, out = str(card["method"]), {}
    total = cost.total(horizon_answers(config))
    if total is not None:
        shown = money(total, config.currency)
        bare = any(work.amount and not work.counts for work in cost.work)
        out["cost"] = _Quantity(
            total,
            "costs",
            shown,
            at(DECISION, "cost", "methods", method, "total", shown=shown),
            left_out=" without hours of work that you did not set" if bare else "",
        )
    wait = _wait(card, performance)
    if wait is not None:
        out["latency"] = wait
    generation = card.get("generation") or {}
    memory = generation.get("peak_memory_mib")
    if memory is not None and not generation.get("endpoint"):
        shown = f"{figure(memory, 'mib')} MiB"
        out["memory"] = _Quantity(
            memory, "needs", shown,
            at(metrics_file(method), "generation", "peak_memory_mib", shown=shown),
        )  # fmt: skip
    return out


def _wait(card: Scorecard, performance: Mapping[str, Any]) -> _Quantity | None:
    """The median wait for a whole answer, from whichever file has seen more rows."""
    method = str(card["method"])
    own = ((performance.get("latency") or {}).get("answer_s") or {}).get("p50") or {}
    found: Mapping[str, Any] = card["metrics"].get("latency_p50_s") or {}
    place: tuple[str, ...] = (metrics_file(method), "metrics", "latency_p50_s")
    if own.get("value") is not None and (own.get("n") or 0) > (found.get("n") or 0):
        found = own
        place = (f"methods/{method}/performance.json", "latency", "answer_s", "p50")
    if found.get("value") is None:
        return None
    shown = f"{figure(found['value'], 's')} s"
    return _Quantity(
        found["value"], "answers in", shown, at(*place, "value", shown=shown),
        found.get("low"), found.get("high"),
    )  # fmt: skip


def _reason(
    method: str,
    by: str,
    cards: Mapping[str, Scorecard],
    comparisons: Sequence[Mapping[str, Any]],
    called: Mapping[str, str],
    amounts: Mapping[str, Mapping[str, _Quantity]],
    config: DecideConfig,
) -> Reason:
    both = common(cards, comparisons, config.metric, by, method)
    assert both is not None  # noqa: S101 - the caller has their comparison
    ours, theirs = amounts[by], amounts[method]
    shared = [key for key in ours if key in theirs]
    less = [key for key in shared if ours[key].less(theirs[key])]
    parts = [
        f"{ours[key].words} {ours[key].shown} against {theirs[key].shown}{ours[key].left_out}"
        for key in less
    ]
    evidence = [both.evidence(name) for name in (by, method)]
    evidence += [amounts[name][key].evidence for key in less for name in (by, method)]
    rows = ""
    if not both.whole:
        rows = f" on the {both.n:,} rows that both scored"
        evidence.append(at(DECISION, "comparisons", both.place, "n", shown=f"{both.n:,}"))
    rest = "; it needs no more of what else was measured" if len(less) < len(shared) else ""
    text = (
        f"Nothing speaks for {called[method]}: {called[by]} is no worse ({both.shown(by)} against "
        f"{both.shown(method)} in {METRICS[config.metric].label}{rows}), and it "
        f"{listed(parts)}{rest}."
    )
    return Reason(sentence(text), tuple(evidence))
