"""Signs in questions and answers, as patterns of English.

They are found by words alone: who is spoken of, and what is meant, they do not know.

* politeness: the markers of gratitude, apology, greeting and request of Danescu-Niculescu-Mizil et
  al. 2013 (arXiv:1306.6078), table 3
* refusals: first-person inability and regret, as in Röttger et al. 2024 (XSTest,
  arXiv:2308.01263), whose string match they extend
* leading questions: tags and negated openings (Loftus 1975; Huddleston and Pullum 2002, 10.5)
"""

from __future__ import annotations

from tunesmith.clean.pii.lexicon import countries


def _words(*patterns: str) -> str:
    return rf"(?i)\b(?:{'|'.join(patterns)})\b"


FEMALE = _words(
    "she", "her", "hers", "herself", "mrs", "ms", "miss", "madam", "wife", "mother", "mom", "mum",
    "daughter", "sister", "grandmother", "girlfriend", "woman", "girl", "lady",
)  # fmt: skip
MALE = _words(
    "he", "him", "his", "himself", "mr", "sir", "husband", "father", "dad", "son", "brother",
    "grandfather", "boyfriend", "man", "boy", "gentleman",
)  # fmt: skip
OLD = _words(
    "pensioners?", "retired", "retirees?", "elderly", "senior citizens?", "grandmothers?",
    "grandfathers?", r"(?:[6-9]\d|1[01]\d)[ -]years?[ -]old",
)  # fmt: skip
YOUNG = _words(
    "students?", "teenagers?", "teen", "minors?", "under 18", "pupils?",
    r"(?:1\d|2[0-5]|[4-9])[ -]years?[ -]old",
)  # fmt: skip
NAMED = r"\[PERSON\]|\{\{[^}]*(?i:person|customer|client|user)[^}]*\}\}|(?i:\bmy name is\b)"
PLACED_TAG = r"\[ADDRESS\]"

POLITE = _words(
    "please", "thanks?", "thank you", "sorry", "apologi[sz]es?", "apolog(?:y|ies)", "appreciate",
    "grateful", "welcome", "happy to", "glad to", "kindly", "hello", "dear",
)  # fmt: skip
REFUSAL = _words(
    "cannot", "can['’]t", "can not", "unable to", "not able to", "not possible", "impossible",
    "unfortunately", "not permitted", "not allowed", "decline", "refuse", "won['’]t be able",
)  # fmt: skip

_AUXILIARY = "am|is|are|was|were|do|does|did|have|has|had|can|could|will|would|shall|should|may"
_PERSON = "i|you|we|they|he|she|it"
POLAR = (
    rf"(?i)(?:^|[.!?])\s*(?:{_AUXILIARY})(?:n['’]t)?\s+\w"
    rf"|(?i),\s*(?:{_AUXILIARY})(?:n['’]t)?\s+(?:{_PERSON})\b"
)
LEADING = (
    rf"(?i),?\s*(?:right|correct|{_AUXILIARY})(?:n['’]t)?(?:\s+(?:{_PERSON}))?\s*\?\s*$"
    rf"|(?i)\b(?:surely|i (?:assume|guess|suppose|take it|believe)|isn['’]t it|don['’]t you)\b"
    rf"|(?i)^\s*(?:{_AUXILIARY})n['’]t\b"
)
AGREES = (
    r"(?i)^\W*(?:yes|yeah|yep|sure|certainly|of course|absolutely|definitely|correct|right|indeed"
    r"|that['’]s (?:right|correct))\b"
)
DENIES = r"(?i)^\W*(?:no|nope|not|unfortunately|i['’]?m (?:sorry|afraid)|sorry|never)\b"


def placed() -> str:
    """A place that is masked, or a country by its English name."""
    names = "|".join(sorted(name.replace(".", r"\.") for name in countries() if name.isascii()))
    return rf"{PLACED_TAG}|\b(?:{names})\b"
