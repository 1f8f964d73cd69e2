"""Names by rules and by a model, weighed together.

A model is one more witness. Where it points, the run of capitalised words that it touches is a
candidate, and its word for a kind is added to what the lists and the words around say (see
`names.evidence`). So the words `my name is` outrank a model that reads a city, a town's name
outranks one that reads a company, and what no list knows is a name if the model says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import cast

from tunesmith.clean.pii.lexicon import family_names, folded, given_names, is_ordinary, places
from tunesmith.clean.pii.names import ENOUGH, capitalised, evidence
from tunesmith.clean.pii.spans import KINDS, Claims, NameKind, Span

_NAMES: tuple[NameKind, ...] = ("PERSON", "ORGANIZATION", "LOCATION")
#: What a model's word for a kind is worth, in the weights of `names`. For a company it is not
#: enough alone: models take products, abbreviations and headings for companies.
_WORTH: dict[NameKind, int] = {"PERSON": 3, "LOCATION": 3, "ORGANIZATION": 2}
#: A name of the rules has at least this weight, so that a model seldom makes another kind of it.
_RULED = ENOUGH + 1


def combined(
    text: str, ruled: Sequence[Span], modelled: Sequence[Span], kinds: Collection[str] = KINDS
) -> list[Span]:
    """The spans of a text by rules and by a model, none overlapping another, from left to right.

    Args:
        text: The text.
        ruled: What the rules found. Kinds that a form tells, and street addresses, outrank names.
        modelled: What the model found, of any kind.
        kinds: What is masked: a name of the rules never becomes another kind than these.
    """
    claims = Claims(span for span in ruled if span.kind not in _NAMES)
    ruled_names = [span for span in ruled if span.kind in _NAMES]
    for span in modelled:
        if _is_certain(text, span) and not any(_crosses(name, span) for name in ruled_names):
            claims.add(span)
    names = [span for span in modelled if span.kind in _NAMES]
    candidates = [candidate for span in names for candidate in _candidates(text, span)]
    for span in ruled_names:
        weighed = _weighed(text, span, candidates, least=_RULED)
        claims.add(span if weighed is None or weighed.kind not in kinds else weighed)
    for span in candidates:
        weighed = _weighed(text, span, candidates, least=0)
        if weighed is not None:
            claims.add(weighed)
    return claims.spans


def _weighed(text: str, span: Span, candidates: Sequence[Span], *, least: int) -> Span | None:
    """The span with the kind that most speaks for; None where too little does.

    Args:
        text: The text.
        span: A name of the rules or of the model.
        candidates: Where the model points.
        least: What the span's own kind counts for at least.
    """
    scores = evidence(text, span.start, span.end)
    scores[cast("NameKind", span.kind)] = max(scores[cast("NameKind", span.kind)], least)
    said = {
        cast("NameKind", other.kind)
        for other in candidates
        if other.start < span.end and span.start < other.end
    }
    if not said:
        return span
    for kind in said:
        scores[kind] += _WORTH[kind]
    best = max(scores, key=lambda kind: scores[kind])
    return Span(span.start, span.end, best) if scores[best] >= ENOUGH else None


def _candidates(text: str, span: Span) -> Iterator[Span]:
    """What a model's span stands for: the whole runs of capitalised words that it touches."""
    low = text.rfind("\n", 0, span.start) + 1
    high = text.find("\n", span.start)
    runs = [
        (low + start, low + end)
        for start, end in capitalised(text[low : high if high >= 0 else len(text)])
        if low + start < span.end and span.start < low + end
    ]
    if span.kind == "ORGANIZATION" and len(runs) > 1:
        runs = [(runs[0][0], runs[-1][1])]
    for start, end in runs:
        if _may_be_a_name(text[start:end]):
            yield Span(start, end, span.kind)
    if not runs and _may_be_written_small(text[span.start : span.end]):
        yield span


def _crosses(name: Span, span: Span) -> bool:
    """Whether a span would leave a part of a name uncovered."""
    apart = name.end <= span.start or span.end <= name.start
    return not apart and not span.start <= name.start < name.end <= span.end


def _is_certain(text: str, span: Span) -> bool:
    """Whether a model's span is taken as it is: one of a kind that is told by a form.

    So is an address, if it holds letters: a number alone may be that of an order.
    """
    if span.kind == "ADDRESS":
        return sum(letter.isalpha() for letter in text[span.start : span.end]) > 2
    return span.kind not in _NAMES


def _may_be_a_name(run: str) -> bool:
    """Whether capitalised words can be a name: ordinary words and abbreviations are none."""
    if all(is_ordinary(folded(word)) for word in run.split()):
        return False
    return len(run) > 5 or not run.isupper() or folded(run) in places()


def _may_be_written_small(text: str) -> bool:
    """Whether words without capitals can be a name: a place, or unusual words."""
    words = [folded(word) for word in text.split()]
    if folded(text) in places():
        return True
    known = any(word in given_names() or word in family_names() for word in words)
    return len(words) in (2, 3) and known and not any(is_ordinary(word) for word in words)
