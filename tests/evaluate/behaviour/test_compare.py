from __future__ import annotations

from math import comb
from typing import Any

from tunesmith.evaluate.behaviour.compare import compared
from tunesmith.evaluate.config import EvaluateConfig

CONFIG = EvaluateConfig(resamples=20_000)


def rows(*passed: bool | None) -> list[dict[str, Any]]:
    return [
        {"id": f"case-{n}", "suite": "s/t", "group": f"g{n}", "question": f"Q{n}", "passed": one, "why": ""}
        for n, one in enumerate(passed)
    ]  # fmt: skip


def mcnemar(worse: int, better: int) -> float:
    """The exact two-sided McNemar test (McNemar 1947), worked out from the binomial."""
    n, k = worse + better, min(worse, better)
    return min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n)


def test_the_p_value_is_mcnemars() -> None:
    for worse, better, same in ((6, 0, 4), (5, 1, 6), (4, 4, 2), (1, 0, 9)):
        now = rows(*[False] * worse, *[True] * better, *[True] * same)
        then = rows(*[True] * worse, *[False] * better, *[True] * same)
        found = compared(now, then, champion="x", basis="method", config=CONFIG)
        assert found is not None
        assert abs(found["difference"]["p_value"] - mcnemar(worse, better)) < 1e-9
        assert (found["n_worse"], found["n_better"]) == (worse, better)
        share = (worse - better) / (worse + better + same)
        assert abs(found["difference"]["value"] - share) < 1e-9


def test_only_cases_that_both_have_scored_count() -> None:
    now, then = rows(True, None, False, True), rows(False, True, None)
    found = compared(now, then, champion="x", basis="method", config=CONFIG)
    assert found is not None
    assert found["n"] == 1
    assert [case["id"] for case in found["better"]] == ["case-0"]
    assert compared(rows(None), rows(True), champion="x", basis="method", config=CONFIG) is None
    assert compared([], rows(True), champion="x", basis="method", config=CONFIG) is None


def test_the_sentence_says_what_is_clear() -> None:
    def said(now: list[dict[str, Any]], then: list[dict[str, Any]], basis: str = "method") -> str:
        found = compared(now, then, champion="few_shot", basis=basis, config=CONFIG)
        assert found is not None
        return str(found["sentence"])

    clear = said(rows(*[False] * 12), rows(*[True] * 12))
    assert clear.startswith("Beside 'few_shot', 12 of 12 cases fail that passed there")
    assert "a clear difference" in clear
    assert "may be chance" in said(rows(*[False] * 2, *[True] * 12), rows(*[True] * 14))
    assert said(rows(True), rows(True), "earlier audit") == (
        "All 1 cases end as with its earlier audit."
    )
