"""How much of an answer stands somewhere, and what it makes up: words, numbers, links.

`groundedness` is the knowledge precision of Adlakha et al. (2024, "K-Precision"; Shuster et al.
2021 use its F1): the share of an answer's words that its sources hold, here content words, the
sources being the question and the reference answer. `unsupported_facts` is the share of answers
with at least one number, link or e-mail address that stands in none of the question, the reference,
the knowledge pages and the texts that the recipe names.

The worked examples of a few-shot prompt are no source: a number copied from another customer's
ticket is as wrong as an invented one. Numbers at the beginning of a line that count steps
(`1.`, `2)`) are not facts. Both are tests of words, not of sense: an answer can deny what its
source says and be grounded.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tunesmith.answers import words
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.base import (
    FloatArray,
    Metric,
    Prediction,
    mean_figure,
    mean_rows,
    rare,
)

_STOP_WORDS = """
a about above after again all also am an and any are as at be because been before being below
between both but by can could d did do does doing don down during each few for from further had has
have having he her here hers him his how i if in into is it its just ll m may me might more most
must my no nor not now of off on once only or other our ours out over own please re s same shall she
should so some such t than that the their them then there these they this those through to too under
until up us ve very was we were what when where which while who whom why will with would you your
yours
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""English words that carry no content of their own."""

KINDS = ("link", "email", "number")

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"'()\[\]{}]+", re.IGNORECASE)
_NUMBER = re.compile(r"\d(?:[\d.,:/ \u00a0-]*\d)?")
_DIGITS = re.compile(r"\d+")
_STEP = re.compile(
    r"^\s*(?:[-*•]\s*)?(?:step\s+)?\d{1,2}[.):](?=\s|$)", re.IGNORECASE | re.MULTILINE
)


def content_words(text: str) -> list[str]:
    """The words of a text that carry content, in lower case, in their order."""
    return [word for word in words(_STEP.sub(" ", text)) if word not in STOP_WORDS]


def groundedness(prediction: str | None, sources: Iterable[str | None]) -> float:
    """The share of an answer's content words that stand in one of its sources.

    NaN where no answer was made, or where it has no content word: it says nothing that could be
    grounded.
    """
    if prediction is None:
        return math.nan
    given = content_words(prediction)
    if not given:
        return math.nan
    held = {word for source in sources if source for word in words(source)}
    return sum(word in held for word in given) / len(given)


def facts(text: str) -> list[tuple[str, str]]:
    """The numbers, links and e-mail addresses of a text, as (kind, what is compared).

    Of a number the runs of digits are compared, together or each: `1,000` is `1000`.

    >>> facts("1. Call 020-7946, or see https://Example.com/help.")
    [('link', 'example.com/help'), ('number', '020 7946')]
    """
    found = []
    text = _STEP.sub(" ", text)
    for kind, pattern in (("email", _EMAIL), ("link", _LINK)):
        found += [(kind, _plain(match)) for match in pattern.findall(text)]
        text = pattern.sub(" ", text)
    return found + [("number", " ".join(_DIGITS.findall(run))) for run in _NUMBER.findall(text)]


def _plain(address: str) -> str:
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", address.casefold())
    return bare.rstrip(".,;:!?/")


def known_facts(texts: Iterable[str | None]) -> frozenset[str]:
    """What `facts` finds in texts, the kinds left out, and every run of digits alone."""
    out: set[str] = set()
    for text in texts:
        if text:
            out.update(fact.replace(" ", "") for _, fact in facts(text))
            out.update(_DIGITS.findall(text))
    return frozenset(out)


def _held(kind: str, fact: str, *known: frozenset[str]) -> bool:
    runs = fact.split() if kind == "number" else []
    return any(
        fact.replace(" ", "") in found or (runs and found.issuperset(runs)) for found in known
    )


def unsupported(row: Prediction, config: EvaluateConfig) -> list[tuple[str, str]] | None:
    """The facts of an answer that none of its sources holds; None if no answer was made."""
    if row["prediction"] is None:
        return None
    grounding = config.grounding
    held = known_facts((row.get("question"), row["reference"], *grounding.known))
    return [
        (kind, fact)
        for kind, fact in facts(row["prediction"])
        if not _held(kind, fact, held, grounding.pages)
    ]


def made_up(predictions: Sequence[Prediction], config: EvaluateConfig) -> dict[str, dict[str, int]]:
    """By kind, how many facts the answers hold and how many of them are unsupported."""
    held: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for row in predictions:
        if row["prediction"] is not None:
            held.update(kind for kind, _ in facts(row["prediction"]))
            lost.update(kind for kind, _ in unsupported(row, config) or ())
    return {kind: {"said": held[kind], "unsupported": lost[kind]} for kind in KINDS}


def _grounded_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    return mean_rows(
        [
            groundedness(
                row["prediction"], (row.get("question"), row["reference"], *config.grounding.known)
            )
            for row in predictions
        ]
    )


def _unsupported_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    found = [unsupported(row, config) for row in predictions]
    return mean_rows([math.nan if one is None else float(bool(one)) for one in found])


GROUNDEDNESS = (
    Metric(
        name="groundedness",
        label="Groundedness",
        meaning="the share of an answer's content words that stand in the question or in the "
        "answer that your team wrote; the others were added",
        gloss="words of the answers that stand in a source, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=_grounded_rows,
        figure=mean_figure,
    ),
    Metric(
        name="unsupported_facts",
        label="Unsupported numbers and links",
        meaning="the share of answers with a number, link or e-mail address that stands neither in "
        "the question nor in your team's answer nor in the knowledge pages; lower is better",
        gloss="answers with a number or link from nowhere, lower is better",
        unit="share",
        higher_is_better=False,
        rows=_unsupported_rows,
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
)
