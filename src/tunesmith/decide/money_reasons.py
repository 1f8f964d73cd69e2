"""What training cost, and when the method in question has repaid it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunesmith.decide.case import Case
from tunesmith.decide.evidence import DECISION, Reason, at, metrics_file
from tunesmith.decide.words import money
from tunesmith.progress import duration


def money_reasons(case: Case) -> list[Reason]:
    """Training cost, and when the method in question has repaid what it costs more."""
    out = []
    for method, scorecard in case.scorecards.items():
        training = scorecard.get("training")
        cost = case.costs[method].training
        if training is not None and training.get("seconds") is not None and cost:
            out.append(_training(case, method, training, cost))
    question = case.verdict.training or case.verdict.among
    pairs = []
    if question is not None:
        pairs.append({question.elaborate, question.simple})
    if case.verdict.choice is not None and question is not None:
        pairs.append({case.verdict.choice, question.simple})
        pairs.append({case.verdict.choice, question.elaborate})
    for place, entry in enumerate(case.cost["break_even"]):
        if {entry["a"], entry["b"]} in pairs:
            out.append(_break_even(case, place, entry))
    return out


def _training(case: Case, method: str, training: Mapping[str, Any], cost: float) -> Reason:
    path, took = metrics_file(method), duration(training["seconds"])
    paid = money(cost, case.config.currency)
    evidence = [at(path, "training", "seconds", shown=took)]
    text = f"Training took {took}"
    search = (training.get("search") or {}).get("seconds")
    if search:
        looked = duration(search)
        text += f", the search for its settings {looked}"
        evidence.append(at(path, "training", "search", "seconds", shown=looked))
    after = (training.get("settings") or {}).get("after")
    whole = ", together with what it starts from" if after else ", together" if search else ""
    evidence.append(at(DECISION, "cost", "methods", method, "training", shown=paid))
    return Reason(
        f"{text}{whole} at a cost of {paid}, with {case.called[method]}.", tuple(evidence)
    )


def _break_even(case: Case, place: int, entry: Mapping[str, Any]) -> Reason:
    text, currency = str(entry["sentence"]), case.config.currency
    place_of = (DECISION, "cost", "break_even", place)
    shown = {key: f"{entry[key]:,}" for key in ("answers", "until") if entry[key]}
    if entry["extra"]:
        shown["extra"] = money(entry["extra"], currency)
    evidence = [at(*place_of, key, shown=words) for key, words in shown.items()]
    volume = f"{case.config.answers_per_month:,}"
    evidence.append(at(DECISION, "cost", "answers_per_month", shown=volume))
    for method in (entry["a"], entry["b"]):
        each = case.costs[method].per_answer
        if each is not None:
            evidence.append(
                at(
                    DECISION, "cost", "methods", method, "per_1000",
                    shown=money(each * 1000, currency),
                )
            )  # fmt: skip
    return Reason(text, tuple(item for item in evidence if item.shown in text))
