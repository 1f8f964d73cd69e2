"""Answers that refuse: the model says that it cannot or may not help (English).

A refusal is a sentence in the first person that denies the ability, the permission or the access
to serve ("I'm unable to assist", "we cannot process", "as an AI, I don't have access"), not the
same said of the customer ("if you are unable to find it"). What your team's own answers refuse is
counted apart: a refusal is needless only where the reference does not refuse.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.base import (
    FloatArray,
    Metric,
    Prediction,
    mean_figure,
    mean_rows,
    rare,
)

_ADVERB = r"(?:(?:currently|also|really|just|still|unfortunately|simply|personally|sorry)\s+)*"
_SERVE = (
    r"(?:directly\s+|personally\s+|be\s+able\s+to\s+|offer\s+|to\s+)*"
    r"(?:assist|help|provide|access|process|answer|share|give|offer|support|fulfil|fulfill|comply|"
    r"complete|discuss|disclose|send|recommend|perform|browse|advise|respond|engage|generate|create|"
    r"do\s+(?:that|this|so)|carry\s+out|look\s+up|view|see\s+your|check|make\s+changes|accept|"
    r"handle|issue|continue|proceed|accommodate|change|cancel|update|modify)\b"
)
_NEGATED = (
    rf"(?:(?:'m|\s+am|'re|\s+are)\s+{_ADVERB}(?:unable|not\s+(?:able|allowed|permitted|authori[sz]ed|"
    rf"equipped|designed|programmed|here))\s+to\s+{_SERVE}"
    rf"|\s+{_ADVERB}(?:cannot|can\s+not|can't|won't|will\s+not|could\s+not|couldn't|must\s+not|"
    rf"may\s+not)\s+{_ADVERB}{_SERVE}"
    rf"|\s+{_ADVERB}(?:do\s+not|don't)\s+{_ADVERB}(?:have\s+(?:\w+\s+){{0,2}}"
    r"(?:access|abilit(?:y|ies)|capabilit(?:y|ies)|permission|authority|capacity|means))"
    rf"|\s+{_ADVERB}(?:must|have\s+to|need\s+to)\s+(?:respectfully\s+)?(?:decline|refuse))"
)
_REFUSAL = re.compile(
    rf"(?<!\bif )(?<!\bwhen )(?<!\bwhy )\b(?:i|we){_NEGATED}"
    r"|\b(?:outside|beyond)\s+(?:of\s+)?(?:my|our)\s+(?:scope|expertise|knowledge|abilit|capabilit)"
    r"|\bnot\s+something\s+(?:that\s+)?(?:i|we)\s+can\s+(?:help|assist|do)",
    re.IGNORECASE,
)


def refuses(answer: str) -> bool:
    """Whether an English answer refuses to help, in whole or in part."""
    text = " ".join(answer.replace("’", "'").split())
    return _REFUSAL.search(text) is not None


def refusal_counts(predictions: Sequence[Prediction]) -> dict[str, int]:
    """How many answers, references and pairs of both refuse, over the answers that were made."""
    made = [row for row in predictions if row["prediction"] is not None]
    both = [(refuses(row["prediction"]), refuses(row["reference"] or "")) for row in made]
    return {
        "answers": sum(ours for ours, _ in both),
        "references": sum(theirs for _, theirs in both),
        "both": sum(ours and theirs for ours, theirs in both),
    }


def _refusal_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    del config
    return mean_rows([_refused(row["prediction"]) for row in predictions])


def _needless_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    del config
    return mean_rows(
        [_refused(row["prediction"]) * (not refuses(row["reference"] or "")) for row in predictions]
    )


def _refused(answer: str | None) -> float:
    return math.nan if answer is None else float(refuses(answer))


REFUSAL = (
    Metric(
        name="refusal",
        label="Refusals",
        meaning="the share of answers in which the model says that it cannot or may not help "
        "(rules for English)",
        gloss="answers that refuse, 0 is none",
        unit="share",
        higher_is_better=False,
        rows=_refusal_rows,
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
    Metric(
        name="needless_refusal",
        label="Needless refusals",
        meaning="the share of answers that refuse a question which your team answered (rules for "
        "English)",
        gloss="answers that refuse what your team answered, 0 is none",
        unit="share",
        higher_is_better=False,
        rows=_needless_rows,
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
)
