"""E-mail addresses that are spelled out: `bob (at) firm (dot) com`, `bob at firm dot com`.

An at-sign in brackets is enough of a sign. `at` as a word is one only before a host whose dot is a
word too, and after what is no ordinary word (`look at example dot com`), unless the words before
say that an address follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunesmith.clean.pii.lexicon import folded, is_ordinary, words

#: The words for the dot that open a gate.
WORDS = ("dot", "punkt", "punto")
_DOT_WORD = r"(?:dot|punkt|punto)"
_DOT = rf"(?:[ ]?[(\[{{<][ ]?(?:{_DOT_WORD}|\.)[ ]?[)\]}}>][ ]?|[ ]{_DOT_WORD}[ ]|\.)"
_DOTS = re.compile(_DOT, re.IGNORECASE)
_SPOKEN_DOT = re.compile(rf"[(\[{{< ]{_DOT_WORD}", re.IGNORECASE)
_AT = re.compile(
    r"(?P<sure>[ ]?[(\[{<][ ]?(?:at|ät|@)[ ]?[)\]}>][ ]?)|[ ](?:at|ät)[ ]|(?<=\w)@(?=\w)",
    re.IGNORECASE,
)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(
    rf"{_LABEL}(?:{_DOT}{_LABEL}){{0,3}}?{_DOT}(?P<top>[a-z]{{2,24}})"
    rf"(?![\w@-]|{_DOT}[^\W_]{{2}})",
    re.IGNORECASE,
)
_LOCAL = re.compile(rf"(?<![\w.+@-])[\w+-]{{1,64}}(?:{_DOT}[\w+-]{{1,64}}){{0,3}}\Z", re.IGNORECASE)
#: Ends of hosts that are said aloud.
_TOPS = frozenset({
    "com", "org", "net", "edu", "gov", "info", "biz", "io", "co", "ai", "app", "dev", "me",
    "us", "uk", "ie", "ca", "au", "nz", "in", "za", "sg", "eu", "de", "at", "ch", "fr", "be",
    "nl", "lu", "es", "pt", "it", "pl", "cz", "sk", "hu", "ro", "bg", "hr", "si", "rs", "gr",
    "tr", "se", "no", "dk", "fi", "is", "ee", "lv", "lt", "ru", "ua", "il", "ae", "jp", "cn",
    "kr", "br", "mx", "ar", "cl",
})  # fmt: skip
_ANNOUNCED = re.compile(
    r"\b(?:e-?mail(?:s|ed)?|mail|address|reach|write|contact|adresse|correo|courriel)\b"
    r"[^\n]{0,32}\Z",
    re.IGNORECASE,
)
HINT = rf"(?i)[(\[{{<] ?(?:at|ät|@) ?[)\]}}>]|(?:@|\bat\b|\bät\b)[^\n]{{1,200}}{_DOT_WORD}\b"


def spelled_emails(text: str) -> Iterator[tuple[int, int]]:
    """The e-mail addresses in a text whose at-sign or dots are words or in brackets."""
    taken, spoken = 0, _SPOKEN_DOT.search(text) is not None
    for at in _AT.finditer(text):
        if not (spoken or at["sure"]):
            continue
        host = _HOST.match(text, at.end(), min(len(text), at.end() + 160))
        if host is None or at.start() < taken:
            continue
        local = _LOCAL.search(text, max(taken, at.start() - 100), at.start())
        if local is None or not _is_address(text, local, at, host):
            continue
        taken = host.end()
        yield local.start(), taken


def _is_address(text: str, local: re.Match[str], at: re.Match[str], host: re.Match[str]) -> bool:
    if at["sure"]:
        return True
    if host["top"].lower() not in _TOPS or not _SPOKEN_DOT.search(host[0]):
        return False
    if "@" in at[0]:
        return True
    word = folded(local[0])
    if word in words("not_a_mailbox"):
        return False
    before = text[max(0, local.start() - 40) : local.start()]
    return not is_ordinary(word) or _ANNOUNCED.search(before) is not None


def plain(address: str) -> str:
    """An address as it would be written to.

    >>> plain("jane [dot] doe (at) firm dot com")
    'jane.doe@firm.com'
    """
    return _DOTS.sub(".", _AT.sub("@", address))
