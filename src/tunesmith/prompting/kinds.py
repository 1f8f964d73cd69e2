"""What kind of item a question asks for: a fact, a rule of the company, or steps to follow.

The three kinds are those of source document B ("Instruction Tuning"). They are told from what is
known when a question is asked, never from its answer: an instruction that only training could
know would be missing, or another, in use.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

ItemKind = Literal["qa", "policy", "procedure"]
"""A fact or a state; a rule, condition, fee or limit; how something is done, or a wish for it."""

KINDS: tuple[ItemKind, ...] = get_args(ItemKind)

_ACTS = (
    "activat|add|apply|book|buy|cancel|chang|chat|clos|complain|connect|contact|correct|creat|"
    "delet|download|edit|enabl|enter|fil(?:e|ing)|find|fix|get|giv|inform|install|lodg|log|mak|"
    "modify|mov|open|order|pay|plac|purchas|rebat|reach|recover|redeem|refund|regist|remov|renew|"
    "report|request|reschedul|reset|restor|retriev|return|review|send|set|shop|sign|solv|speak|"
    "start|stop|submit|subscrib|swap|switch|talk|transfer|unblock|unlock|unsubscrib|updat|upgrad|"
    "upload|verif|writ"
)
_WISHES = "want|need|have|wish|try|trying|like|hope|wanna|going|got"
_SOMEONE = r"(?:please )?(?:speak|talk|chat|get (?:some )?help)"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_CATEGORIES: tuple[tuple[ItemKind, re.Pattern[str]], ...] = (
    ("policy", _any("polic", "terms", "legal", "complian", "privacy", "warrant", r"[^a-z]fees?\b")),
    ("procedure", _any("how.?to", "procedure", "guide", "instructions", "set.?up", "install")),
)
#: The first that a question has decides.
_QUESTIONS: tuple[tuple[ItemKind, re.Pattern[str]], ...] = (
    ("policy", _any(r"\bpolic(?:y|ies)\b", r"\brules?\b", r"\bterms (?:of|and)\b", r"\bwarrant")),
    ("qa", _any(r"\bwhy\b", r"\breason\b")),
    (
        "procedure",
        _any(
            r"\bhow (?:to|(?:do|can|could|should|would|might|may|must) (?:i|we|you)\b)(?! know)",
            r"\bhow i (?:can|could|should)\b",
            r"\bsteps?\b",
            r"\bwalk me through\b",
            r"\bway to\b",
            r"\bwh(?:at|ere) to\b",
            r"\bwhat (?:do|should|must|can) (?:i|we) (?:(?:have|need) to )?do\b",
            r"\bwhat (?:i|we) (?:have|need) to do\b",
        ),
    ),
    (
        "policy",
        _any(
            r"\b(?:fees?|penalt(?:y|ies)|surcharges?|limits?|entitled|permitted)\b",
            r"\b(?:eligib|allow|requir)\w*\b",
            r"\b(?:termination|cancellation|exit|extra|any) charges?\b|a charge for|pay extra",
            r"\b(?:what|which) (?:cases?|situations?|circumstances?|conditions?)\b",
            r"\b(?:accepted|available|supported) \w+|\b(?:payment|shipping) options\b",
            r"\bdo (?:yo)?u(?: guys)? ?(?:accept|support|offer|ship|deliver|charge|cover|take)\b",
            r"\b(?:is it|would (?:it|this|that) be|be) (?:possible|ok|okay)\b",
            rf"(?:^|^\w+,? |[.,?!] *)(?:can|may) (?:i|we) (?!{_SOMEONE})",
            r"^can \w+ be\b",
            r"\bif (?:i|we) (?:can|may)\b",
            r"(?<!how long )\bdo (?:i|we) (?:need|have) to\b",
            r"\bwho can\b",
            r"\b(?:what|which) (?:\w+ ){1,4}(?:can i|do(?:es)? you)",
            r"^(?:shipping|shipments?|deliver(?:y|ies)) (?:to|from)\b",
            r"\bcount as\b",
        ),
    ),
    (
        "qa",
        _any(
            r"\b(?:status|eta|when|pending|declined|failed|arriv\w+|up ?date on)\b",
            r"\bwhere (?:is|are|did|do)\b",
            r"\bwhat (?:happened|is|are|hours)\b",
            r"\bhow (?:long|much|many)\b",
            r"\bstill (?:has|have|not|no)\b",
            r"\b(?:have|having|had) (?:a |some )?(?:problems?|issues?|trouble)\b",
            r"\b(?:information about|more about)\b",
        ),
    ),
    (
        "procedure",
        _any(
            rf"(?:^|\bplease )(?:{_ACTS})\w*\b",
            rf"\b(?:help|assist\w*|supports?)\b.{{0,24}}?\b(?:{_ACTS}|check|see|us(?:e|ing))\w*\b",
            rf"\b(?:{_WISHES}) ?(?:to|a)? +(?:\w+ )?(?:{_ACTS})\w*\b",
            rf"\b(?:can|could) (?:you|i)(?: please)?(?: help me)?(?: to)? (?:{_ACTS})\w*\b",
        ),
    ),
)


def item_kind(question: str, category: str | None = None) -> ItemKind:
    """The kind of item that a question asks for; its category, where it says one, decides.

    Rules for English: other questions are `qa`, whose instruction suits everything.

    >>> item_kind("How do I reset my password?")
    'procedure'
    >>> item_kind("Is there a fee for cancelling?")
    'policy'
    >>> item_kind("Where is my parcel?")
    'qa'
    """
    for kind, pattern in _CATEGORIES:
        if category is not None and pattern.search(category):
            return kind
    text = question.strip()
    for kind, pattern in _QUESTIONS:
        if pattern.search(text):
            return kind
    return "qa"
