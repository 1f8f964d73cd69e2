"""Whether an answer refuses: told by its first words, in the languages that are listed here."""

from __future__ import annotations

import re

#: What an assistant does for a customer, in English.
_ACTS = (
    "help|assist|provide|share|give|tell|do|discuss|disclose|reveal|answer|comply|advise|offer|access|"
    "show|look|make|send|fulfil"
)
_WE = (
    r"\b(?:i|we|i['’]m|we['’]re)"
    r"(?: (?:am|are|really|sadly|unfortunately|simply|also|just|sorry|but))*"
)
#: How a refusal is worded, wherever it stands among the first words of an answer.
_PHRASES = (
    # English: with who refuses, for "you cannot access your account" is what customers meet
    rf"{_WE} (?:can ?no|can['’]?)t (?:{_ACTS})",
    rf"{_WE} (?:not |un|not-)able to (?:{_ACTS})",
    rf"{_WE} (?:won['’]?t|will not|would not|must not|may not|don['’]?t|do not) (?:{_ACTS})",
    rf"{_WE} not (?:allowed|permitted|authori[sz]ed|in a position|comfortable)",
    rf"{_WE} (?:do not|don['’]?t) have (?:any |the )?(?:access|information|permission|authority)",
    rf"{_WE} (?:must|have to|need to) (?:decline|refuse)",
    rf"{_WE} (?:decline|refuse) to\b",
    r"against (?:our|my|the|company) (?:policy|policies|rules|guidelines)",
    r"(?:can ?no|can['’]?)t be (?:shared|given|disclosed|revealed|provided)",
    # German, French, Spanish, Portuguese, Italian, Dutch
    r"\b(?:kann|darf|können|dürfen) (?:ich |wir |ihnen |dir |leider |das |dies )*nicht\b",
    r"\bnicht (?:in der lage|befugt|möglich)\b",
    r"\bne (?:peux|pouvons|puis|suis|sommes) pas\b",
    r"\bno (?:puedo|podemos|puedes|está permitido|me es posible)\b",
    r"\bnão (?:posso|podemos|é possível|estou autorizad)",
    r"\bnon (?:posso|possiamo|è possibile|sono autorizzat)",
    r"\bkan (?:ik |wij |we |u |je |helaas )*(?:niet|geen)\b",
)
_REFUSAL = re.compile("|".join(_PHRASES), re.IGNORECASE)
#: A refusal that comes later is a condition of something that was answered.
_FIRST_WORDS = 40


def refuses(answer: str) -> bool:
    """Whether an answer says, in its first 40 words, that it will not or cannot do what was asked.

    A list of phrases in seven languages: an answer that refuses in other words is not seen.

    >>> refuses("I'm sorry, but I can't share other customers' addresses.")
    True
    """
    return _REFUSAL.search(" ".join(answer.split()[:_FIRST_WORDS])) is not None
