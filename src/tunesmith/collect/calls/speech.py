"""What was said in a call: pieces of speech with their times and speakers, and turns of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Speech:
    """A piece of what was said: a cue, a segment, a word."""

    text: str
    position: str
    speaker: str | None = None
    start: float | None = None
    """Seconds since the call began."""
    end: float | None = None
    line: int | None = None
    raw: bytes = b""
    pieces: int = 1
    """How many pieces of the file are in it."""


def turns(said: Iterable[Speech], *, pause_s: float | None = None) -> Iterator[Speech]:
    """What each speaker said until another one spoke.

    A piece without a speaker belongs to who spoke before it.

    Args:
        said: The pieces, in order.
        pause_s: A pause of the same speaker that begins a new turn; null for none.
    """
    now: Speech | None = None
    texts: list[str] = []
    for one in said:
        paused = (
            pause_s is not None
            and now is not None
            and now.end is not None
            and one.start is not None
            and one.start - now.end > pause_s
        )
        if now is not None and not paused and one.speaker in {None, now.speaker}:
            texts.append(one.text)
            now = replace(now, end=one.end, pieces=now.pieces + one.pieces)
            continue
        if now is not None:
            yield replace(now, text=_joined(texts))
        now, texts = one, [one.text]
    if now is not None:
        yield replace(now, text=_joined(texts))


def _joined(texts: list[str]) -> str:
    return " ".join(filter(None, (text.strip() for text in texts)))


#: Sounds that fill pauses, by language; words that are also said on purpose ("like") are none.
FILLERS: dict[str, tuple[str, ...]] = {
    "en": ("u+h+m*", "u+m+", "e+r+m+", "e+r+", "h+m+", "m+h+m+", "m{2,}", "u+h[- ]huh", "a+h+"),
    "de": ("ä+h+m*", "ö+h+m*", "h+m+", "e+h+m+", "m{2,}"),
    "fr": ("e+u+h+", "h+e+u+", "h+m+"),
    "es": ("e+h+", "m{2,}", "e{3,}"),
    "it": ("e+h+m*", "u+h+m+", "m{2,}"),
    "nl": ("e+h+m*", "u+h+m*", "h+m+"),
    "pt": ("e+h+", "a+h+n+", "h+u+m+", "h+m+"),
}


def filler_pattern(languages: list[str]) -> re.Pattern[str]:
    """Matches the fillers of some languages, each with the comma and the space after it."""
    words = sorted({word for language in languages for word in FILLERS[language]})
    return re.compile(rf"(?<![\w'’-])(?:{'|'.join(words)})(?![\w'’-])[,…]*\s*", re.IGNORECASE)


def without_fillers(text: str, pattern: re.Pattern[str]) -> str:
    """A text without fillers; what becomes the start of a sentence has a capital again."""
    kept = pattern.sub(lambda match: "\0" if match[0][:1].isupper() else "", text)
    if kept == text:
        return text
    kept = re.sub(r"\0+(\w?)", lambda match: match[1].upper(), kept)
    kept = re.sub(r"[\s,]+([.!?;:])", r"\1", kept)
    kept = re.sub(r"([.!?…])[.,]+(?=\s)", r"\1", kept).strip(" ,").lstrip(".…!?;: ")
    if not re.search(r"\w", kept):
        return ""
    return kept
