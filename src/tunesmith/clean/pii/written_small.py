"""Addresses that the forms of `address` miss: written in small letters, and post-office boxes.

Without capitals a street is told by its word for street, by a number before it and by what is not
between the two: `5 minutes down the road` is no address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunesmith.clean.pii.lexicon import folded, is_ordinary, places, words

#: Words for street; the first ones are enough, the others need a state and a postcode behind.
_SURE = "street avenue ave road rd boulevard blvd lane"
_UNSURE = "st drive dr court ct place pl way ln highway hwy parkway pkwy terrace circle trail"
#: Words that open a gate.
WORDS = (*_SURE.split(), *_UNSURE.split(), "box", "postfach", "postbus", "apartado", "postale")
_STATES = (
    "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm "
    "ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc"
)


def _any_of(listed: str) -> str:
    return "|".join(sorted(listed.split(), key=lambda word: (-len(word), word)))


_UNIT = r"(?:,?[ ](?:apt|apartment|suite|ste|unit|floor|room|#)\.?[ ]?#?[a-z]?\d{0,5}[a-z]?(?!\w))?"
_TAIL = re.compile(
    rf"{_UNIT},?[ \n](?P<town>[a-z'.-]{{2,20}}(?:[ ][a-z'.-]{{2,20}}){{0,2}}),?[ ]"
    rf"(?:{_any_of(_STATES)}),?[ ]\d{{5}}(?:-\d{{4}})?(?!\w)",
    re.IGNORECASE,
)
_UNIT_ONLY = re.compile(_UNIT, re.IGNORECASE)
_NAMED = r"(?:[a-z][a-z'.-]*|\d{1,3}(?:st|nd|rd|th))"
_STREET = re.compile(
    rf"\d{{1,5}}[a-z]?[ ](?P<name>(?:{_NAMED}[ ]){{1,3}}?)"
    rf"(?:(?P<sure>{_any_of(_SURE)})|(?:{_any_of(_UNSURE)}))(?![\w'’-])\.?"
)
_NUMBER = re.compile(r"\d\d{0,4}[a-z]?[ ](?=[a-z\d])")
_GLUED = re.compile(r"[\w.,:/-]")
#: Each of those boxes is called one of these.
_BOXES = ("box", "postfach", "postbus", "apartado", "postale")
_BOX = re.compile(
    r"(?<!\w)(?:p\.?[ ]?o\.?[ ]?box|post(?:al)?[ ]box|postfach|postbus|apartado(?: postal)?"
    r"|casella postale|boîte postale)[ ]\d{1,4}(?:[ ]?\d{1,4}){0,2}(?!\w)",
    re.IGNORECASE,
)
_TOWN_WORD = r"(?:(?:St|Mt|Ft)\.|[^\W\d_][\w'’-]{1,30})"
_TOWN = rf"{_TOWN_WORD}(?:[ -]{_TOWN_WORD}){{0,2}}"
#: A town that a postcode before it or a state and a postcode behind it tell, whatever its case.
_CODED_TOWN = re.compile(
    rf",?[ \n]{{1,3}}(?:{_TOWN},?[ ][A-Za-z]{{2}}[ ]\d{{5}}(?:-\d{{4}})?|\d{{4,6}}[ ]{_TOWN})(?!\w)"
)
_CAPITALISED = re.compile(r"[^\W\d_a-zß-öø-ÿ][\w'’.]*(?:[ -][^\W\d_a-zß-öø-ÿ][\w'’.]*)*")
_TOWN_AFTER = re.compile(rf",[ \n](?P<town>{_TOWN})(?!\w)")
HINT = (
    rf"\d[a-z]? (?:[a-z0-9'.-]+ ){{1,3}}(?:{_any_of(_SURE)}|{_any_of(_UNSURE)})(?-u:\b)"
    r"|(?i:box|postfach|postbus|apartado|postale|postal) \d"
)


def small_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Street addresses in small letters, with unit, town, state and postcode."""
    for number in _NUMBER.finditer(text):
        start = number.start()
        match = _STREET.match(text, start)
        if match is None or (start and _GLUED.match(text, start - 1)):
            continue
        tail = _TAIL.match(text, match.end())
        if _is_street(match, tailed=tail is not None):
            found = tail or _UNIT_ONLY.match(text, match.end())
            end = found.end() if found else match.end()
            while text[end - 1] in " .,":
                end -= 1
            yield match.start(), end


def _is_street(match: re.Match[str], *, tailed: bool) -> bool:
    name = match["name"].split()
    if not words("not_a_street").isdisjoint(name):
        return False
    return tailed or (match["sure"] is not None and len(name) <= 2)


def boxes(text: str) -> Iterator[tuple[int, int]]:
    """Post-office boxes, each with the postcode and town that follow it."""
    small = text.casefold()
    for match in _BOX.finditer(text) if any(key in small for key in _BOXES) else ():
        yield match.start(), _end_of_town(text, match.end())


def _end_of_town(text: str, end: int) -> int:
    if coded := _CODED_TOWN.match(text, end):
        return _trimmed(text, coded.end())
    tail = _TOWN_AFTER.match(text, end)
    if tail is None:
        return end
    town = _CAPITALISED.match(tail["town"])
    if town is None:
        return end
    first = re.split(r"[ .-]", town[0], maxsplit=1)[0]
    if is_ordinary(folded(first)) and folded(town[0]) not in places():
        return end  # a sentence goes on: `P.O. Box 12, Please call`
    return _trimmed(text, tail.start("town") + town.end())


def _trimmed(text: str, end: int) -> int:
    while text[end - 1] in " .,":
        end -= 1
    return end
