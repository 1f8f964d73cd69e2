"""`audit`: a method's answers to its suites, judged, compared, and written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.evaluate.behaviour.asking import Audited, answers_of, known_of
from tunesmith.evaluate.behaviour.cases import Case, Outcome, cases_of, judge
from tunesmith.evaluate.behaviour.compare import compared
from tunesmith.evaluate.behaviour.expect import masked
from tunesmith.evaluate.behaviour.memory import Rows
from tunesmith.evaluate.behaviour.remembered import memory_suites
from tunesmith.evaluate.behaviour.scored import SHOWN, Plan, failure_words, suite_figures
from tunesmith.evaluate.behaviour.suite import Memorisation, Test, as_json
from tunesmith.io import fingerprint, read_json, read_jsonl, write_json, write_jsonl

_VERSION = 1  # bump when the same answers are judged differently
AUDIT, CASES = "audit.json", "audit_cases.jsonl"
_EARLIER = "audit_cases.earlier.jsonl"


def audit(
    audited: Audited, plan: Plan, *, rows: Rows, champion: str | None = None
) -> dict[str, Any]:
    """Ask a method the questions of all suites, and write `audit.json` into its folder.

    Args:
        audited: The method.
        plan: The suites, and what they are judged with.
        rows: What the method has learned from, and what it has not.
        champion: The method to compare with, whose folder has an audit; None: the method's own
            earlier audit, where there is one.

    Returns:
        The content of audit.json: `method`, `at`, `model`, `fingerprint`, `suites`, `compared`,
        `passed`, `sentences`. A suite is one test of a file: `name` (FILE/TEST), `kind`, `title`,
        `n` (cases scored), `failed`, `unscored`, `failure_rate` (a figure), `limit`, `passed`,
        `failures` (at most 5), and for memorisation what stands beside it.

    Raises:
        TunesmithError: A question does not fit, or a worker process failed.
    """
    suites, cases = _asked_suites(audited, plan)
    remembered, remembered_cases = memory_suites(audited, plan, rows)
    suites, cases = suites + remembered, cases + remembered_cases
    identity = fingerprint(
        {
            "suites": [as_json(suite) for suite in plan.suites],
            "config": plan.config.model_dump(mode="json", exclude={"gate"}),
            "prompt": audited.prompt.model_dump(mode="json"),
            "method": audited.method.model_dump(mode="json"),
            "subject": audited.subject.fingerprint,
            "cases": cases,
            "version": _VERSION,
        }
    )
    at = _keep_earlier(audited.folder, identity)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    found: dict[str, Any] = {
        "method": audited.name,
        "at": at or now,
        "model": audited.subject.fingerprint,
        "fingerprint": identity,
        "suites": suites,
        "compared": _beside(audited, plan, cases, champion),
        "passed": all(suite["passed"] for suite in suites),
    }
    found["sentences"] = _sentences(found)
    write_jsonl(audited.folder / CASES, cases)
    write_json(audited.folder / AUDIT, found)
    return found


def _asked_suites(
    audited: Audited, plan: Plan
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The suites that ask questions, and their cases."""
    seed = plan.config.seed
    tests = [
        (f"{suite.suite}/{test.name}", test, cases_of(suite, test, seed))
        for suite in plan.suites
        for test in suite.tests
        if not isinstance(test, Memorisation)
    ]
    answers = answers_of(
        audited,
        [ask for _, _, cases in tests for case in cases for ask in case.asks],
        run=plan.run,
        seed=seed,
        max_new_tokens=plan.config.max_new_tokens,
        progress=plan.progress,
    )
    suites, rows = [], []
    for name, test, cases in tests:
        judged = [
            (case, judge(test, case, answers, lambda ask: known_of(audited, plan.find, seed, ask)))
            for case in cases
        ]
        suites.append(_suite(name, test, judged, plan, audited, answers))
        rows += [
            {
                "id": case.id,
                "suite": name,
                "group": case.group,
                "question": case.asks[-1].question,
                **asdict(outcome),
            }
            for case, outcome in judged
        ]
    return suites, rows


def _suite(
    name: str,
    test: Test,
    judged: Sequence[tuple[Case, Outcome]],
    plan: Plan,
    audited: Audited,
    answers: dict[str, str | None],
) -> dict[str, Any]:
    failures = [
        {
            "id": case.id,
            "question": case.asks[-1].question,
            "answer": masked(
                answers[case.asks[-1].id] or "",
                known_of(audited, plan.find, plan.config.seed, case.asks[-1]),
            ),
            "expected": test.title,
            "why": outcome.why,
        }
        for case, outcome in judged
        if outcome.passed is False
    ]
    bad = [np.nan if outcome.passed is None else float(not outcome.passed) for _, outcome in judged]
    return suite_figures(
        name, test.kind, test.title, bad, [case.group for case, _ in judged], test.limit, plan
    ) | {"failures": failures[:SHOWN]}


def _keep_earlier(folder: Path, identity: str) -> str | None:
    """Set an earlier audit's cases aside; the time of this one, where it was made before."""
    file, cases = folder / AUDIT, folder / CASES
    if not file.exists():
        return None
    last = read_json(file)
    if last["fingerprint"] == identity:
        return str(last["at"])
    if cases.exists():
        cases.replace(folder / _EARLIER)
    return None


def _beside(
    audited: Audited, plan: Plan, cases: Sequence[dict[str, Any]], champion: str | None
) -> dict[str, Any] | None:
    own = champion is None or champion == audited.name
    then = audited.folder / _EARLIER if own else audited.folder.parent / str(champion) / CASES
    if not then.exists():
        return None
    return compared(
        cases,
        read_jsonl(then),
        champion=audited.name if own else str(champion),
        basis="earlier audit" if own else "method",
        config=plan.evaluation,
    )


def _sentences(found: dict[str, Any]) -> list[str]:
    scored = [suite for suite in found["suites"] if suite["n"]]
    failed = [suite for suite in found["suites"] if not suite["passed"]]
    said = [
        f"{len(scored) - len(failed)} of {len(scored)} suites are within their limits."
        if failed
        else f"All {len(scored)} suites are within their limits."
    ]
    said += [failure_words(suite) for suite in failed]
    if found["compared"] is not None:
        said.append(found["compared"]["sentence"])
    return said
