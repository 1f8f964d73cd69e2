"""What stands where personal data was: a tag, or a pseudonym that a secret keys."""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

from tunesmith.clean.pii.spans import Kind, Span
from tunesmith.store.secret import secret

Style = Literal["tag", "pseudonym"]


def replaced(text: str, spans: list[Span], style: Style) -> str:
    """A text with each span replaced, by offset.

    Args:
        text: The text.
        spans: Spans that do not overlap, from left to right.
        style: `tag` gives `[EMAIL]`, `pseudonym` `[EMAIL_KMFOPA]`: the same value of a kind is the
            same pseudonym everywhere, whatever its case and spacing.
    """
    parts, done = [], 0
    for span in spans:
        value = text[span.start : span.end]
        parts += [text[done : span.start], _standing_for(span.kind, value, style)]
        done = span.end
    parts.append(text[done:])
    return "".join(parts)


def _standing_for(kind: Kind, value: str, style: Style) -> str:
    return f"[{kind}]" if style == "tag" else f"[{kind}_{letters_of(secret(), kind, value)}]"


def letters_of(key: bytes, kind: Kind, value: str) -> str:
    """Six capital letters (28 bits of HMAC-SHA256) that stand for a value of a kind."""
    digest = hmac.new(key, f"{kind}\x1f{normal(kind, value)}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    letters = []
    for _ in range(6):
        number, rest = divmod(number, 26)
        letters.append(chr(65 + rest))
    return "".join(letters)


def normal(kind: Kind, value: str) -> str:
    """The form of a value in which its spellings agree: case, spacing, signs inside of numbers."""
    folded = " ".join(value.casefold().split())
    if kind in {"PHONE", "CARD", "IBAN", "SSN", "NATIONAL_ID", "ACCOUNT", "MAC_ADDRESS"}:
        return "".join(letter for letter in folded if letter.isalnum())
    return folded
