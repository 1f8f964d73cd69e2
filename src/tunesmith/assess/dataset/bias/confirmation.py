"""Whether answers confirm what the question supposes.

* agreement: of answers that begin with yes or no to a question of yes or no, the share of yes, and
  how much larger it is where the question leads (acquiescence: Schuman and Presser 1981, chapter 8;
  in models, sycophancy: Sharma et al. 2023, arXiv:2310.13548)
* one answer for all: different questions with word for word the same answer
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.estimate import difference, mean
from tunesmith.assess.dataset.rows import Rows

CANNOT_SHOW = (
    "Yes may be the true answer: that answers agree is no fault by itself. Only answers that begin "
    "with yes or no, in English, are looked at."
)


def confirmation(rows: Rows, config: AssessConfig) -> dict[str, Any]:
    """Agreement with questions, leading and not, and answers that many questions share.

    Returns:
        `score`: 1 - the clear surplus of agreement with leading questions - the lower limit of the
        share of rows with a shared answer, at least 0; null where there is no pair. `agreement`,
        `leading` (surplus, null where too few lead), `shared_answers`, `findings`, `cannot_show`.
    """
    out: dict[str, Any] = {
        "score": None, "agreement": None, "leading": None, "shared_answers": None,
        "cannot_show": CANNOT_SHOW,
    }  # fmt: skip
    if rows.tabular or not rows.facts.get_column("answer_key").is_not_null().any():
        return {**out, "findings": ["There are no answers to look at."]}
    about: dict[str, Any] = {"confidence": config.confidence, "seed": config.seed}
    agrees, denies = rows.flag("agrees"), rows.flag("denies")
    asked = rows.pairs & (rows.flag("polar") | rows.flag("leading")) & (agrees ^ denies)
    yes = np.where(asked, agrees.astype(np.float64), np.nan)
    out["agreement"] = agreement = mean(
        yes, rows.groups, unit="share", label="Agreement",
        meaning="answers that begin with yes, of those that begin with yes or no", higher=False,
        **about,
    )  # fmt: skip
    findings = [_agreement(agreement)]
    surplus = 0.0
    led = difference(yes, rows.flag("leading"), rows.groups, confidence=config.confidence)
    if led is not None and min(led.groups) >= config.min_groups:
        clear = led.p_value <= 1 - config.confidence
        surplus = max(0.0, led.value) if clear else 0.0
        out["leading"] = {
            "difference": led.value, "low": led.low, "high": led.high, "p_value": led.p_value,
            "n": list(led.n), "clear": clear,
        }  # fmt: skip
        more = f"{led.value:+.1%} ({led.low:+.1%} to {led.high:+.1%})"
        findings.append(f"To leading questions, answers agree {more} more often than to others.")
    else:
        findings.append("Too few leading questions are answered with yes or no to compare them.")
    out["shared_answers"] = shared = _shared(rows, about)
    least = shared["low"] if shared["low"] is not None else 0.0
    if shared["value"]:
        findings.append(
            f"{shared['value']:.1%} of the rows have an answer that another question has word for "
            "word."
        )
    else:
        findings.append("No two different questions have the same answer, word for word.")
    return {**out, "score": max(0.0, 1 - surplus - least), "findings": findings}


def _agreement(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "No answer to a question of yes or no begins with either."
    if figure["low"] is None:
        return f"{figure['n']:,} answers begin with yes or no: too few to say how many agree."
    sure = f"({figure['low']:.0%} to {figure['high']:.0%})"
    share = f"{figure['value']:.0%} {sure}"
    return f"Of {figure['n']:,} answers that begin with yes or no, {share} say yes."


def _shared(rows: Rows, about: dict[str, Any]) -> dict[str, Any]:
    questions = pl.col("question_key").n_unique().over("answer_key")
    known = pl.col("question_key").is_not_null() & pl.col("answer_key").is_not_null()
    found = rows.facts.select(
        pl.when(known).then((questions > 1).cast(pl.Float64)).otherwise(None)
    ).to_series()
    # An answer that rows share is one observation: they are not drawn apart
    return mean(
        found.fill_null(np.nan).to_numpy(), rows.groups, unit="share", label="Shared answers",
        meaning="rows whose answer another question has word for word", higher=False, **about,
    )  # fmt: skip
