"""Names by rules and by a model, weighed together.

A model is one more witness. Where it points, the run of capitalised words it touches is a
candidate, and its word for a kind is added to what the lists and the words around say (see
`names.evidence`). So the words `my name is` outrank a model that reads a city, a town's name
outranks a model that reads a company, and what no list knows is a name if the model says so.

What the rules alone are sure of stays; what they barely believe needs a model that does not pass
over it in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from tunesmith.clean.pii.lexicon import family_names, folded, given_names, is_ordinary, places
from tunesmith.clean.pii.names import capitalised, evidence
from tunesmith.clean.pii.spans import Claims, NameKind, Span

_NAMES: tuple[NameKind, ...] = ("PERSON", "ORGANIZATION", "LOCATION")
#: What a model's word for a kind is worth, in the weights of `names`.
_WORTH: dict[NameKind, int] = {"PERSON": 3, "LOCATION": 3, "ORGANIZATION": 3}
_ENOUGH = 3
#: What is taken from a name of the rules that the model passes over.
_SILENCE = 0


def combined(text: str, ruled: Sequence[Span], modelled: Sequence[Span]) -> list[Span]:
    """The spans of a text by rules and by a model, none overlapping another, from left to right.

    Args:
        text: The text.
        ruled: What the rules found. Kinds that a form tells, and street addresses, outrank names.
        modelled: What the model found, of any kind.
    """
    claims = Claims(span for span in ruled if span.kind not in _NAMES)
    for span in modelled:
        if span.kind not in _NAMES:
            claims.add(span)
    opinions = [
        opinion
        for span in modelled
        if span.kind in _NAMES
        for opinion in _candidates(text, span)
    ]
    for span in ruled:
        if span.kind in _NAMES:
            _settle(text, span, opinions, claims)
    for span in opinions:
        _settle(text, span, opinions, claims)
    return claims.spans


def _settle(text: str, span: Span, opinions: Sequence[Span], claims: Claims) -> None:
    scores = evidence(text, span.start, span.end)
    touched = [other for other in opinions if other.start < span.end and span.start < other.end]
    for kind in {cast("NameKind", other.kind) for other in touched}:
        scores[kind] += _WORTH[kind] - _lone(text[span.start:span.end], kind)
    best = max(scores, key=lambda kind: scores[kind])
    if not touched:
        best = cast("NameKind", span.kind)
        scores[best] = max(scores[best], _ENOUGH) - _SILENCE
    if scores[best] >= _ENOUGH:
        claims.add(Span(span.start, span.end, best))


def _lone(name: str, kind: NameKind) -> int:
    if kind!='PERSON' or " " in name: return 0
    key = folded(name)
    return int(key not in given_names() and key not in family_names())


def _candidates(text: str, span: Span) -> Iterator[Span]:
    """What a model's span stands for: the whole runs of capitalised words that it touches."""
    low = text.rfind("\n", 0, span.start) + 1
    high = text.find("\n", span.start)
    line = text[low : high if high >= 0 else len(text)]
    runs = [
        (low + start, low + end)
        for start, end in capitalised(line)
        if low + start < span.end and span.start < low + end
    ]
    if not runs:
        if _is_lower_name(text[span.start : span.end]):
            yield span
        return
    if span.kind == "ORGANIZATION" and len(runs) > 1:
        runs = [(runs[0][0], runs[-1][1])]
    for start, end in runs:
        if _is_name(text[start:end]):
            yield Span(start, end, span.kind)


def _is_name(run: str) -> bool:
    """Whether capitalised words can be a name: an ordinary word or an abbreviation is none."""
    words = [folded(word) for word in run.split()]
    if all(is_ordinary(word) for word in words):
        return False
    abbreviation = len(run) <= 5 and run.isupper()
    return not abbreviation or run.lower() in places()


def _is_lower_name(text: str) -> bool:
    words = [folded(word) for word in text.split()]
    if text.lower() in places():
        return True
    return (
        len(words) in (2, 3)
        and words[0] in given_names()
        and words[-1] in family_names()
        and not is_ordinary(words[0])
        and not is_ordinary(words[-1])
    )
