"""Which words of an answer also stand in the reference: what Token F1 counts, made visible."""

from __future__ import annotations

import re
import string
from collections import Counter

_WORD = re.compile(r"\S+")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = frozenset({"a", "an", "the"})


def shared_words(answer: str, reference: str) -> tuple[tuple[str, bool], ...]:
    """Split an answer into stretches of text, each with whether the reference has its words.

    Words are compared as SQuAD does (Rajpurkar et al. 2016: lower case, no punctuation, no
    articles), and a word counts only as often as the reference has it. The stretches in order
    give back the answer exactly; blanks and articles between two shared words count as shared.
    """
    left = Counter(_normal(word) for word in _WORD.findall(reference))
    left[""] = 0
    stretches: list[tuple[str, bool]] = []
    position = 0
    for match in _WORD.finditer(answer):
        word = _normal(match.group())
        shared = left[word] > 0
        left[word] -= shared
        before = stretches[-1][1] if stretches else False
        if not word and before:
            shared = True
        gap = answer[position : match.start()]
        position = match.end()
        if stretches and before == shared:
            stretches[-1] = (stretches[-1][0] + gap + match.group(), shared)
            continue
        if gap:
            _extend_plain(stretches, gap, shared=shared)
        stretches.append((match.group(), shared))
    if answer[position:]:
        stretches.append((answer[position:], False))
    return tuple(_merged(stretches))


def _extend_plain(stretches: list[tuple[str, bool]], gap: str, *, shared: bool) -> None:
    """Put the blanks between a shared and another stretch into the one that is not shared."""
    if stretches and shared:
        stretches[-1] = (stretches[-1][0] + gap, False)
    else:
        stretches.append((gap, False))


def _merged(stretches: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    result: list[tuple[str, bool]] = []
    for text, shared in stretches:
        if result and result[-1][1] == shared:
            result[-1] = (result[-1][0] + text, shared)
        else:
            result.append((text, shared))
    return result


def _normal(word: str) -> str:
    plain = word.lower().translate(_PUNCTUATION)
    return "" if plain in _ARTICLES else plain
