"""What a text's own spans say of the rest of it, once every detector has spoken."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tunesmith.clean.pii.lexicon import folded, given_names, is_ordinary
from tunesmith.clean.pii.spans import Claims, Span

_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_]))+")
#: Where a word has a capital whatever it means.
_BEGINS = re.compile(r"(?:\A|[.!?:;\n\"“(•*-])[^\w\n]*\Z")


def settled(text: str, spans: Sequence[Span], personal: Callable[[Span], bool]) -> list[Span]:
    """The spans, and where a person among them is named again by a part of the name.

    `Jane Doe wrote … Regards, Jane` has her given name once more, with nothing to announce it.

    Args:
        text: The text.
        spans: What was found in it, none overlapping another.
        personal: Whether a span that follows is of a kind that is masked, and not allowed.

    Returns:
        Spans that do not overlap, from left to right.
    """
    claims = Claims(spans)
    for name, whole in _names(text, spans).items():
        if text.count(name) > 1:
            for match in re.finditer(rf"(?<![\w@-]){re.escape(name)}(?![\w@-])", text):
                span = Span(match.start(), match.end(), "PERSON", whole)
                if personal(span) and _is_name(text, name, match.start()):
                    claims.add(span)
    return claims.spans


def _names(text: str, spans: Sequence[Span]) -> dict[str, str | None]:
    """The words of persons' names that are looked for again, and whose name it is if only one's."""
    found: dict[str, str | None] = {}
    for span in spans:
        if span.kind == "PERSON":
            whole = span.value or text[span.start : span.end]
            words = _WORD.findall(text[span.start : span.end])
            for word in words:
                known = len(words) > 1 or folded(word) in given_names()
                if known and len(word) > 2 and word[0].isupper():
                    found[word] = whole if found.get(word, whole) == whole else None
    return found


def _is_name(text: str, name: str, start: int) -> bool:
    """Whether a recurring word is meant as a name: ordinary ones are, within a sentence."""
    if not is_ordinary(folded(name)):
        return True
    return _BEGINS.search(text, max(0, start - 8), start) is None
