"""The sentences that lead from the figures to the verdict, each with where its figures stand."""

from __future__ import annotations

from collections.abc import Sequence

from tunesmith.decide.approaches import IN_WORDS, PREFERENCES, Preference, approach_of
from tunesmith.decide.case import Case
from tunesmith.decide.compare import direction, gain_of
from tunesmith.decide.evidence import DECISION, Evidence, Reason, at, metrics_file
from tunesmith.decide.money_reasons import money_reasons
from tunesmith.decide.questions import Question
from tunesmith.decide.words import explained, figure, listed, money, sentence
from tunesmith.evaluate.metrics import METRICS


def reasons(case: Case, doubts: Sequence[Reason]) -> list[Reason]:
    """Sentences that lead from the figures to the verdict."""
    out = [_figures(case)]
    out += [
        Reason(held.sentence, held.evidence)
        for limit in case.verdict.limits
        for held in (*limit.those("failed"), *limit.those("unclear"))
        if held.standing == "failed" or held.method not in case.verdict.out
    ]
    verdict = case.verdict
    questions = [q for q in (verdict.training, verdict.prompting, verdict.among) if q is not None]
    if questions:
        share, few = f"{case.evaluation.confidence:.0%}", f"{case.config.min_rows:,}"
        out.append(
            Reason(
                "A range in brackets is how far the true difference may lie from the one measured "
                f"({share} sure); a difference is clear when its range keeps away from zero, the "
                f"test over all comparisons agrees, and {few} independent rows or more were "
                "compared.",
                (
                    at(DECISION, "confidence", shown=share),
                    at(DECISION, "min_rows", shown=few),
                ),
            )
        )
    for question in questions:
        judgement = _judgement(case, question)
        out.append(case.compared(question.comparison))
        out += [] if any(judgement.text == said.text for said in out) else [judgement]
    out += _choice(case)
    preferred = use_case_reason(case)
    out += [] if preferred is None else [preferred]
    out += [entry["reason"] for entry in case.dominated]
    out += money_reasons(case)
    return [*out, *doubts]


def _figures(case: Case) -> Reason:
    """The deciding figure of every method, best first, with the words explained."""
    metric, scored = METRICS[case.config.metric], case.scored()
    sign = direction(case.config.metric)
    figures = {m: case.scorecards[m]["metrics"][metric.name]["value"] * sign for m in scored}
    ranked = sorted(scored, key=lambda m: -figures[m])
    counts = {m: case.scorecards[m]["metrics"][metric.name]["n"] for m in scored}
    many = len(set(counts.values())) > 1
    parts = []
    said: set[str] = set()
    for method in ranked:
        whole = explained(case.scorecards[method], case.called[method])
        bracket = whole.removeprefix(case.called[method])
        own = f" on {counts[method]:,}" if many else ""
        parts.append(
            f"{whole if bracket not in said else case.called[method]} {case.value(method)}{own}"
        )
        said.add(bracket)
    n = "" if many else f"{counts[ranked[0]]:,} "
    text = (
        f"The methods are judged by {metric.label} ({metric.meaning}) on {n}test "
        f"questions kept out of training: {'; '.join(parts)}."
    )
    counted = [
        at(metrics_file(method), "metrics", metric.name, "n", shown=f"{counts[method]:,}")
        for method in (ranked if many else ranked[:1])
    ]
    return Reason(text, (*counted, *(case.value_at(method) for method in ranked)))


def _judgement(case: Case, question: Question) -> Reason:
    """Why a question got its answer."""
    name, unit, config = case.called[question.elaborate], case.unit, case.config
    wanted = figure(config.min_gain, unit)
    asked_for = at(DECISION, "min_gain", shown=wanted)
    gain, _, high = gain_of(question.comparison, question.elaborate)
    clear = question.comparison["clear"]
    if question.answer == "open":
        return _open(case, question)
    if question is case.verdict.among:
        return _first(case, question)
    if question.answer == "earned":
        if config.min_gain == 0:
            return Reason(f"So {name} earns its effort: any clear gain was to count.")
        text = f"So {name} earns its effort: the gain is at least the {wanted} asked for."
        return Reason(text, (asked_for,))
    evidence: tuple[Evidence, ...] = ()
    if clear and gain < 0:
        why = "it is worse"
    elif clear:
        why, evidence = f"the gain is below the {wanted} asked for", (asked_for,)
    elif high is None or high <= 0:
        why = "a gain is unlikely"
    else:
        place = next(i for i, c in enumerate(case.comparisons) if c is question.comparison)
        raw = "high" if question.comparison["high"] in {high, -high} else "low"
        most = figure(high, unit)
        evidence = (at(DECISION, "comparisons", place, raw, shown=most), asked_for)
        why = f"its gain is at most {most}, below the {wanted} asked for"
    return Reason(f"So {name} does not earn its effort: {why}.", evidence)


def _first(case: Case, question: Question) -> Reason:
    """Why one of several methods of the same effort is taken."""
    taken = case.called[case.verdict.choice or question.elaborate]
    if question.answer == "earned":
        return Reason(f"So of methods that take the same effort {taken} is taken.")
    wanted = figure(case.config.min_gain, case.unit)
    text = (
        f"So the difference is below the {wanted} that counts, and of methods that take the same "
        f"effort {taken} is taken."
    )
    return Reason(text, (at(DECISION, "min_gain", shown=wanted),))


def _open(case: Case, question: Question) -> Reason:
    groups, needed = question.comparison["groups"], case.config.min_rows
    if groups < needed:
        place = next(i for i, c in enumerate(case.comparisons) if c is question.comparison)
        text = (
            f"With {groups:,} independent test rows no verdict is given; at least {needed:,} are "
            "needed."
        )
        return Reason(
            text,
            (
                at(DECISION, "comparisons", place, "groups", shown=f"{groups:,}"),
                at(DECISION, "min_rows", shown=f"{needed:,}"),
            ),
        )
    name = case.called[question.elaborate]
    if question is case.verdict.among:
        others = listed([case.called[m] for m in (question.simple, *question.alike)], "or")
        return Reason(f"So whether {name} is better than {others} cannot be told from these rows.")
    text = f"So whether {name} earns its effort cannot be told from these rows"
    if question.alike:
        others = listed([case.called[m] for m in question.alike], "or")
        text += f", nor whether {others} does"
    return Reason(f"{text}.")


def _choice(case: Case) -> list[Reason]:
    """What is left to say about the method that was chosen."""
    verdict, prompting, out = case.verdict, case.verdict.prompting, []
    if (
        prompting is not None
        and prompting.answer != "earned"
        and verdict.choice == prompting.elaborate
    ):
        out = [
            case.compared(c, f"Yet {case.called[prompting.simple]} falls behind: ")
            for c in case.comparisons
            if c["metric"] == case.config.metric
            and c["b"] == prompting.simple
            and c["better"] == c["a"] != prompting.elaborate
            and c["clear"]
        ]
    if verdict.as_good is not None:
        out.append(_as_good(case))
    if verdict.kind == "undecided" and verdict.open_question is not None and verdict.choice:
        out.append(Reason(f"Until that is known, use {case.called[verdict.choice]}."))
    if (
        verdict.out
        and verdict.choice
        and not (
            verdict.training or verdict.prompting or (verdict.among and not verdict.unrivalled)
        )
    ):
        name = case.called[verdict.choice]
        inside = [m for m in case.scored() if m not in verdict.out]
        text = f"{name} is the only method that is not out."
        if len(inside) > 1:
            text = f"Of the methods that are not out, {name} is taken: none is clearly better."
        out.append(Reason(sentence(text)))
    return out


def _as_good(case: Case) -> Reason:
    found = case.verdict.as_good
    assert found is not None  # noqa: S101 - the caller looked
    name, other, unit = case.called[found.elaborate], case.called[found.simple], case.unit
    least = figure(found.low, unit)
    wanted = figure(case.config.min_gain, unit)
    evidence = [
        at(DECISION, "verdict", "as_good", "low", shown=least),
        at(DECISION, "min_gain", shown=wanted),
    ]
    text = (
        f"Yet {name} is as good as {other}: its gain is at least {least}, and a loss below "
        f"{wanted} does not count"
    )
    if found.why == "saving" and found.saving is not None:
        saved = money(found.saving, case.config.currency)
        evidence.append(at(DECISION, "verdict", "as_good", "saving", shown=saved))
        assumed = any(
            w.assumed for m in (found.simple, found.elaborate) for w in case.costs[m].work
        )
        hours = "the documents' hours of work counted" if assumed else "your hours of work counted"
        text += f". It saves {saved} over {case.config.horizon_months:g} months, {hours}"
        evidence.append(
            at(DECISION, "cost", "horizon_months", shown=f"{case.config.horizon_months:g}")
        )
    return Reason(f"{text}.", tuple(evidence))


def use_case_reason(case: Case) -> Reason | None:
    """What the documents prefer, and whether that is what was chosen."""
    use_case, choice = case.config.use_case, case.verdict.choice
    if use_case is None or choice is None:
        return None
    preference = PREFERENCES[use_case]
    best = listed([IN_WORDS[a] for a in preference.best], "or")
    not_for = listed([IN_WORDS[a] for a in preference.not_for], "or")
    said = f"For {preference.label} the documents recommend {best}" if best else ""
    if not best:
        said = f"For {preference.label} the documents advise against {not_for}"
    elif not_for:
        said += f" and advise against {not_for}"
    verdict, rank = case.verdict, preference.rank(approach_of(case.scorecards[choice]))
    name = case.called[choice]
    if verdict.for_use_case or (verdict.as_good is not None and verdict.as_good.why == "use_case"):
        return Reason(f"{said}: so of those that are not told apart, {name} it is.")
    if rank == 0:
        return Reason(f"{said}: {name} is that.")
    return Reason(f"{said}; {_against_preference(case, preference, choice)}.")


def _against_preference(case: Case, preference: Preference, choice: str) -> str:
    """What the figures say of the choice against what the documents prefer to it."""
    ranks = {m: preference.rank(approach_of(case.scorecards[m])) for m in case.scored()}
    preferred = [m for m, rank in ranks.items() if rank < ranks[choice]]
    inside = [m for m in preferred if m not in case.verdict.out]
    name = case.called[choice]
    if not preferred:
        return (
            "no method of that approach was measured" if preference.best else f"{name} is not that"
        )
    if not inside:
        return "what was measured of that does not keep to your limits"
    if all(case.clearly_better(choice, method) for method in inside):
        return f"the figures speak for {name} all the same"
    others = listed([case.called[m] for m in inside], "or")
    return f"the figures do not tell whether {others} is as good as {name}"
