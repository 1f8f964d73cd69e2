"""What a sceptic should know: rows unscored, answers cut off, budgets that differ, disagreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunesmith.decide.case import Case
from tunesmith.decide.evidence import Reason, at, metrics_file
from tunesmith.decide.words import UNTRAINED, listed, sentence

CUT_OFF = 0.05
"""More answers than this share reaching the length limit is worth a word."""


def doubts(case: Case) -> list[Reason]:
    """What a sceptic should know."""
    out = [
        Reason(f"{sentence(case.called[m])} has no row that could be scored and takes no part.")
        for m in case.verdict.unscored
    ]
    for method in case.scorecards:
        out += _rows(case, method)
    return [*out, *_resamples(case), *_budgets(case), *_hours(case), *_disagreement(case)]


def _resamples(case: Case) -> list[Reason]:
    """Whether the smallest p-value that the resamples allow can be clear among the comparisons."""
    pairs = sum(c["metric"] == case.config.metric for c in case.comparisons)
    smallest = 1 / (case.evaluation.resamples + 1)
    if pairs * smallest <= 1 - case.evaluation.confidence:
        return []
    text = (
        f"With {pairs} comparisons, {case.evaluation.resamples:,} resamples are too few for any "
        "difference to be clear: raise evaluate.resamples."
    )
    return [Reason(text)]


def _rows(case: Case, method: str) -> list[Reason]:
    """Rows of one method without a score, and answers cut off."""
    out, metrics = [], case.scorecards[method]["metrics"]
    name, path = case.called[method], metrics_file(method)
    unscored = metrics[case.config.metric]["unscored"]
    if unscored and method not in case.verdict.unscored:
        rows = "1 row" if unscored == 1 else f"{unscored:,} rows"
        shown = at(path, "metrics", case.config.metric, "unscored", shown=f"{unscored:,}")
        out.append(Reason(f"{rows} of {name} could not be scored and are left out.", (shown,)))
    cut = metrics.get("cut_off", {}).get("value")
    if cut is not None and cut > CUT_OFF:
        shown = at(path, "metrics", "cut_off", "value", shown=f"{cut:.0%}")
        text = f"{cut:.0%} of the answers of {name} were cut off at the length limit."
        out.append(Reason(text, (shown,)))
    return out


def many_cut_off(case: Case) -> bool:
    """Whether a method's answers were cut off too often."""
    return any(
        (s["metrics"].get("cut_off", {}).get("value") or 0) > CUT_OFF
        for s in case.scorecards.values()
    )


def _budgets(case: Case) -> list[Reason]:
    """Whether the trained methods had the same rows, steps and trials to find settings with.

    What was planned counts: that one stopped early is what the same rule said of it.
    """
    trained = {
        method: card["training"]
        for method, card in case.scorecards.items()
        if card["kind"] not in UNTRAINED and card.get("training")
    }
    rows = {method: _planned_rows(training) for method, training in trained.items()}
    known = {method: count for method, count in rows.items() if count is not None}
    out = []
    if len(set(known.values())) > 1:
        parts = [f"{count[0]:,} × {count[1]:,} with {case.called[m]}" for m, count in known.items()]
        evidence = [
            at(metrics_file(m), "training", "planned_steps", shown=f"{count[0]:,}")
            for m, count in known.items()
        ]
        out.append(
            Reason(
                "The trained methods did not get the same budget, steps × rows a step: "
                f"{listed(parts)}. A part of their difference may come from that.",
                tuple(evidence),
            )
        )
    out += _differ(case, trained, "examples", "rows to learn from")
    out += _searches(case, trained)
    chained = [m for m, t in trained.items() if (t.get("settings") or {}).get("after")]
    if chained and len(trained) > 1:
        who = sentence(listed([case.called[m] for m in chained]))
        out.append(Reason(f"{who} got the budget of what came before on top of its own."))
    return out


def _planned_rows(training: Mapping[str, Any]) -> tuple[int, int] | None:
    steps, settings = training.get("planned_steps"), training.get("settings") or {}
    batch = settings.get("batch_size")
    if steps is None or batch is None:
        return None
    return steps, batch * (settings.get("gradient_accumulation") or 1)


def _differ(
    case: Case, trained: Mapping[str, Mapping[str, Any]], key: str, what: str
) -> list[Reason]:
    known = {m: t[key] for m, t in trained.items() if t.get(key) is not None}
    if len(set(known.values())) < 2:
        return []
    parts = [f"{value:,} with {case.called[m]}" for m, value in known.items()]
    evidence = [at(metrics_file(m), "training", key, shown=f"{v:,}") for m, v in known.items()]
    return [
        Reason(
            f"The trained methods did not get the same {what}: {listed(parts)}.", tuple(evidence)
        )
    ]


def _searches(case: Case, trained: Mapping[str, Mapping[str, Any]]) -> list[Reason]:
    """Whether some had their settings searched for, or with more trials than others."""
    budgets = {method: _search(training) for method, training in trained.items()}
    if len(set(budgets.values())) < 2:
        return []
    parts = [f"{budget} with {case.called[method]}" for method, budget in budgets.items()]
    text = f"The search for settings was not the same: {listed(parts)}."
    return [Reason(text, ())]


def _search(training: Mapping[str, Any]) -> str:
    search = training.get("search")
    if not search:
        return "none"
    trials = len(search.get("trials") or ())
    range_test = "a range test of learning rates" if search.get("finder") else ""
    count = f"{trials:,} {'trial' if trials == 1 else 'trials'}" if trials else ""
    return " and ".join(part for part in (range_test, count) if part) or "none"


def _hours(case: Case) -> list[Reason]:
    """Whether hours that count are the documents', for methods without hours of their own."""
    filled = [
        case.called[method]
        for method in case.scorecards
        if any(work.counts and work.assumed for work in case.costs[method].work)
    ]
    if not filled or case.config.assumed_hours == "count":
        return []
    text = (
        f"Hours of work that you set for others are the documents' with {listed(filled)} "
        "(decide.work)."
    )
    return [Reason(text)]


def _disagreement(case: Case) -> list[Reason]:
    question = case.verdict.training or case.verdict.prompting or case.verdict.among
    if question is None or not question.comparison["clear"]:
        return []
    better = question.comparison["better"]
    pair = {question.simple, question.elaborate}
    return [
        case.compared(c, "Another figure disagrees: ")
        for c in case.comparisons
        if {c["a"], c["b"]} == pair and c["clear"] and c["better"] != better
    ]
