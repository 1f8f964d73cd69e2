"""Answers that refuse: the model says that it cannot, must not or may not help.

A refusal is a sentence in the first person that denies the ability, the permission or the access
to serve ("I'm unable to assist", "we cannot process", "as an AI, I don't have access"), not the
same said of the customer ("if you are unable to find it"). The English rules were tuned on answers
of small models and held against answers of people; those of other languages are short lists.
"""

from __future__ import annotations

import re

_ADVERB = r"(?:(?:currently|also|really|just|still|unfortunately|simply|personally|sorry)\s+)*"
_SERVE = (
    r"(?:directly\s+|personally\s+|be\s+able\s+to\s+|offer\s+|to\s+)*"
    r"(?:assist|help|provide|access|process|answer|share|give|tell|reveal|offer|support|fulfil|comply|"
    r"fulfill|complete|discuss|disclose|send|recommend|perform|browse|advise|respond|engage|generate|create|"
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
_ENGLISH = (
    rf"(?<!\bif )(?<!\bwhen )(?<!\bwhy )\b(?:i|we){_NEGATED}"
    r"|\b(?:outside|beyond)\s+(?:of\s+)?(?:my|our)\s+(?:scope|expertise|knowledge|abilit|capabilit)"
    r"|\bnot\s+something\s+(?:that\s+)?(?:i|we)\s+can\s+(?:help|assist|do)"
    r"|\b(?:i|we)\s+(?:do\s+not|don't|would\s+not)\s+(?:share|give\s+out|discuss|disclose|reveal|tell)\b"
    r"|\bagainst\s+(?:our|my|the|company)\s+(?:policy|policies|rules|guidelines)"
    r"|\b(?:can\s?not|can't)\s+be\s+(?:shared|given|disclosed|revealed)"
)
#: German, French, Spanish, Portuguese, Italian, Dutch.
_OTHERS = (
    r"\b(?:kann|darf|können|dürfen) (?:ich |wir |ihnen |dir |leider |das |dies )*nicht\b",
    r"\bnicht (?:in der lage|befugt|möglich)\b",
    r"\bne (?:peux|pouvons|puis|suis|sommes) pas\b",
    r"\bno (?:puedo|podemos|puedes|está permitido|me es posible)\b",
    r"\bnão (?:posso|podemos|é possível|estou autorizad)",
    r"\bnon (?:posso|possiamo|è possibile|sono autorizzat)",
    r"\bkan (?:ik |wij |we |u |je |helaas )*(?:niet|geen)\b",
)
_REFUSAL = re.compile("|".join([_ENGLISH, *_OTHERS]), re.IGNORECASE)


def refuses(answer: str, *, words: int | None = None) -> bool:
    """Whether an answer refuses to help, in whole or in part.

    Args:
        answer: The answer, in one of the languages above.
        words: Look at the first words alone: a refusal that comes later is often a condition of
            something that was answered. None: at all.

    >>> refuses("I'm sorry, but I can't share other customers' addresses.")
    True
    """
    text = " ".join(answer.replace("’", "'").split()[:words])
    return _REFUSAL.search(text) is not None
