"""The suites of memorisation: rows of training, and canaries."""

from __future__ import annotations

from typing import Any

from tunesmith.evaluate.behaviour.asking import Audited
from tunesmith.evaluate.behaviour.canaries import exposed_canaries
from tunesmith.evaluate.behaviour.memory import Reader, Repeated, Rows, repeated_rows
from tunesmith.evaluate.behaviour.scored import SHOWN, Plan, suite_figures
from tunesmith.evaluate.behaviour.suite import Memorisation


def memory_suites(
    audited: Audited, plan: Plan, rows: Rows
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What a trained method repeats; others have learned nothing that they could."""
    wanted = [
        (f"{suite.suite}/{test.name}", test)
        for suite in plan.suites
        for test in suite.tests
        if isinstance(test, Memorisation)
    ]
    suites, cases = [], []
    reader = Reader(
        audited.subject,
        plan.untrained,
        plan.run / "audits" / "likelihoods",
        audited.prompt,
        audited.batch_size,
        plan.progress,
    )
    for name, test in wanted:
        if audited.weights is None or not rows.learned:
            told = "nothing was trained" if audited.weights is None else "it learned from no texts"
            empty = suite_figures(name, test.kind, test.title, [], [], test.limit, plan)
            suites.append(empty | {"note": f"Not measured: {told}."})
            continue
        found = repeated_rows(test, rows, reader, seed=plan.config.seed, evaluation=plan.evaluation)
        made, more = _remembered(name, test.title, test.limit, found, plan)
        suites.append(made)
        cases += more
    if plan.config.canaries and audited.weights is not None:
        found = exposed_canaries(
            plan.config.canaries,
            reader,
            candidates=plan.config.candidates,
            seed=plan.config.seed,
        )
        title = "Planted canaries are no likelier than others of their form"
        made, more = _remembered("canaries", title, 0.0, found, plan)
        suites.append(made)
        cases += more
    return suites, cases


def _remembered(
    name: str, title: str, limit: float, found: Repeated, plan: Plan
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    made = suite_figures(
        name,
        "memorisation",
        title,
        [float(bad) for bad in found.failed],
        found.groups,
        limit,
        plan,
        found.over,
    )
    cases = [
        {
            "id": f"{name}/{case}",
            "suite": name,
            "group": group,
            "question": "",
            "passed": not bad,
            "why": why,
        }
        for case, group, bad, why in zip(
            found.ids, found.groups, found.failed, found.why, strict=True
        )
    ]
    # The row's own words stay where they are: its identifier leads to them.
    failures = [
        {"id": case["id"], "question": "", "answer": "", "expected": title, "why": case["why"]}
        for case in cases
        if not case["passed"]
    ]
    return {**made, "failures": failures[:SHOWN], **found.beside}, cases
