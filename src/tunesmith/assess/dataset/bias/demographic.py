"""Whether people are answered otherwise for who they are, as far as their words tell.

Groups are told apart by words of the question (`markers`): women and men who are spoken of, old and
young, whether a name or a place is there. Answers are compared by length, politeness and refusal
within categories, so that another mix of matters is no difference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.estimate import difference, within
from tunesmith.assess.dataset.rows import Rows
from tunesmith.evaluate.significance import holm

CANNOT_SHOW = (
    "Words stand for people: who does not say who they are is in no group, English words alone are "
    "known, and names and places that are masked tell that there is one, not which."
)
_OUTCOMES = (
    ("answer_words", "answers are longer", "words"),
    ("polite", "answers are more often polite", "share"),
    ("refusal", "answers refuse more often", "share"),
)
_CONTRASTS = (
    ("women", "female", "men", "male"),
    ("older people", "old", "younger people", "young"),
    ("people who give a name", "named", "others", None),
    ("people who name a place", "placed", "others", None),
)


def demographic(rows: Rows, config: AssessConfig) -> dict[str, Any]:
    """Differences between groups in how they are answered.

    Returns:
        `score` (1 - the largest clear difference in standard deviations, at least 0; null where no
        group is large enough), `findings`, `tests`, `cannot_show`.
    """
    tests = [] if rows.tabular else _tests(rows, config)
    for test, p_holm in zip(tests, holm([test["p_value"] for test in tests]), strict=True):
        test["p_holm"] = p_holm
        test["clear"] = p_holm <= 1 - config.confidence
    clear = [test for test in tests if test["clear"]]
    worst = max((abs(test["effect"]) for test in clear), default=0.0)
    findings = [_sentence(test) for test in clear]
    if tests and not clear:
        findings = [f"No group is answered clearly otherwise, in {len(tests)} comparisons."]
    if not tests:
        findings = ["No two groups have enough rows to be compared."]
    return {
        "score": max(0.0, 1 - worst) if tests else None,
        "findings": findings,
        "tests": tests,
        "cannot_show": CANNOT_SHOW,
    }


def _tests(rows: Rows, config: AssessConfig) -> list[dict[str, Any]]:
    strata = rows.categories[0] + 1
    answered = rows.pairs & ~np.isnan(rows.column("answer_words"))
    found = []
    for ours, first, theirs, second in _CONTRASTS:
        side, those = _sides(rows, first, second, answered)
        for outcome, words, unit in _OUTCOMES:
            values = np.where(answered, rows.column(outcome), np.nan)
            spread = float(np.nanstd(values)) if answered.any() else 0.0
            left = within(values, strata)
            result = difference(
                left[those], side[those], rows.groups[those], confidence=config.confidence
            )
            if result is None or min(result.groups) < config.min_groups or spread == 0:
                continue
            found.append(
                {
                    "group": ours, "against": theirs, "outcome": outcome, "words": words,
                    "unit": unit, "difference": result.value, "low": result.low,
                    "high": result.high, "p_value": result.p_value, "n": list(result.n),
                    "groups": list(result.groups), "effect": result.value / spread,
                }
            )  # fmt: skip
    return found


def _sides(
    rows: Rows, first: str, second: str | None, answered: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who is in the first group, and which rows are compared: those in exactly one of both."""
    ours = rows.flag(first)
    if second is None:
        return ours, answered
    return ours, answered & (ours ^ rows.flag(second))


def _sentence(test: dict[str, Any]) -> str:
    group, against = test["group"], test["against"]
    if test["difference"] < 0:
        group, against = against, group
    size = abs(test["difference"])
    by = f"{size:.1f} words" if test["unit"] == "words" else f"{size:.1%}"
    n = " and ".join(f"{rows:,}" for rows in test["n"])
    return (
        f"To {group}, {test['words']} than to {against}, by {by} within categories ({n} rows, "
        f"adjusted p {test['p_holm']:.2g})."
    )
