"""Telephone numbers: international ones, those of the recipe's regions, and those of any shape.

Whether a number is possible or valid is asked of `phonenumbers`, a port of Google's
libphonenumber. It knows no number without its region, and a business has customers everywhere, so
numbers that are written like telephones are found by their grouping as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_DIGITS = r"\(?\d(?:[ ]?[().\u2010-\u2013/ -]?[ ]?\(?\d\)?){5,16}"
_EXTENDED = r"(?:[ ]?(?:x|ext\.?|extension)[ ]?\d{1,6})"
_CANDIDATE = re.compile(
    rf"(?<![\w.@#/=-])(?:(?:\+|00)[ ]?)?{_DIGITS}{_EXTENDED}?(?![\w@])(?![.,]\d)",
    re.IGNORECASE,
)
#: Numbers whose form says where they begin and end, whatever is glued to them.
_SURE = re.compile(
    rf"(?:\+[ ]?{_DIGITS}|\(\d{{3}}\)[ ]?\d{{3}}[-. ]\d{{4}}(?!\d)){_EXTENDED}?", re.IGNORECASE
)
_GLUED_BEFORE = re.compile(r"[\w.@#/=-]")
_GLUED_AFTER = re.compile(r"[^\W\d]|[(@]")
#: A country code before an area code in brackets is no number of its own.
_COUNTRY_CODE = re.compile(r"(?<!\d)(?<!\d[().\u2010-\u2013/ -])(?:\+|00)?\d{1,3}\Z")
#: No telephone has more (ITU-T E.164).
_MOST_DIGITS = 15
_LAST_GROUP = re.compile(r"[^\d]*\d+[^\d]*\Z")
_EXTENSION = re.compile(rf"{_EXTENDED}\Z", re.IGNORECASE)
_LOCAL = re.compile(r"[2-9]\d{2}[-. ]\d{4}")
_NORTH_AMERICAN = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-. ]\d{4}")
_DATE = re.compile(
    r"(?:19|20)\d{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:[0-2]?\d|3[01])(?:[ T]\d{1,2})?"
    r"|(?:[0-3]?\d)[-./ ](?:[0-3]?\d)[-./ ](?:19|20)?\d{2}(?:[ ]\d{1,2})?"
    r"|(?:(?:19|20)\d{2}(?:[ ]?[-\u2013/ ,][ ]?|\Z)){2,4}"
)
_ANNOUNCED = (
    r"\b(?:call(?:ed|ing)?|phone|tel(?:ephone)?|mobile|mob|cell|desk|fax|whatsapp|text|sms|ring"
    r"|dial|"
    r"reach|(?:my|his|her|our|their|new|phone|contact) number is|answering|registered"
    r"|messages to|contact|hotline|handy|telefon|t[ée]l[ée]phone|m[óo]vil|telefono)\b|\u260e"
    r"|\U0001f4de"
)
_SAID = re.compile(rf"(?:{_ANNOUNCED})[^\d\n]{{0,24}}\Z", re.IGNORECASE)
_OTHERWISE = re.compile(
    r"\b(?:order|purchase|invoice|ticket|case|ref(?:erence)?|tracking|serial|sku|isbn|issn"
    r"|model|part|"
    r"id|po|transaction|confirmation|booking|account|policy|licen[sc]e(?: number)?(?: is)?"
    r"|version|build|article|item|product|zip|postal|post ?code|plz)\b"
    r"[^\d\n]{0,16}\Z|[$€£¥₹]\s?\Z",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s?(?:[%€$£¥₹]|(?:eur|usd|gbp|dollars?|euros?|pounds?|km|kg|mb|gb|people|users|customers"
    r"|units|"
    r"pieces|pcs|items|rows|bytes|years|words)\b)",
    re.IGNORECASE,
)


#: A trunk prefix and an area code: no other long number begins so.
_TRUNK = re.compile(r"0[1-9]\d{8,9}")

#: A house number may look like a telephone: a street's name follows it.
_NAME_FOLLOWS = re.compile(r" [^\W\d_a-z]")


#: Seven digits after a word that announces a telephone.
SAID_HINT = rf"(?i:{_ANNOUNCED})[^\d\n]*\d{{7}}"


def phones(text: str, regions: tuple[str, ...], *, anywhere: bool) -> Iterator[tuple[int, int]]:
    """The telephone numbers in a text.

    Args:
        text: The text.
        regions: Where numbers without a country code are from, as ISO 3166 codes.
        anywhere: Numbers that are grouped like a telephone of any region count too.
    """
    for begin, stop in _pieces(text):
        piece = text[begin:stop]
        for match in _CANDIDATE.finditer(piece):
            start, end = begin + match.start(), begin + match.end()
            if text[start] == "(" and ")" not in match[0]:
                start += 1
            size = _size(text, start, end, regions, anywhere=anywhere)
            if size:
                yield start, start + size


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """A text in pieces: cut where sure numbers are glued to words or to each other."""
    begin = 0
    for match in _SURE.finditer(text) if "+" in text or "(" in text else ():
        start, end = match.span()
        before = start > begin and _is_glued(text, start)
        if text[start] == "+":
            end = start + _international(match[0], valid=True)
        after = end > start and _GLUED_AFTER.match(text, end) is not None
        if end > start and (before or after):
            cuts = [start] * before + [end] * after
            for cut in cuts:
                yield begin, cut
                begin = cut
    yield begin, len(text)


def _is_glued(text: str, start: int) -> bool:
    """Whether the signs before a sure number hide where it begins."""
    if _GLUED_BEFORE.match(text, start - 1) is None:
        return False
    return text[start] == "+" or _COUNTRY_CODE.search(text[max(0, start - 8) : start]) is None


def _size(text: str, start: int, end: int, regions: tuple[str, ...], *, anywhere: bool) -> int:
    """The letters of the telephone number that begins a candidate; 0 where it is none."""
    found = text[start:end]
    bare = found.isdigit()
    digits = end - start if bare else sum(letter.isdigit() for letter in found)
    if not 7 <= digits <= 18 or (not bare and _DATE.fullmatch(found.strip("()"))):
        return 0
    if found.startswith(("+", "00")) and (size := _international(found)):
        return size
    said, otherwise = _announced(text[max(0, start - 40) : start])
    if bare and not said and not (anywhere and _TRUNK.fullmatch(found)):
        return 0  # a bare number, unless the words before it say that it is a telephone's
    if not said and _UNIT.match(text, end):
        return 0
    followed = _NAME_FOLLOWS.match(text, end) is not None
    is_phone = _is_phone(
        found, regions, said=said, otherwise=otherwise, anywhere=anywhere, followed=followed
    )
    return end - start if is_phone else 0


def _announced(before: str) -> tuple[bool, bool]:
    """Whether the words before a number say that it is a telephone's, or another number."""
    said, otherwise = _SAID.search(before), _OTHERWISE.search(before)
    if said and otherwise:  # "call us about order 1234567": the nearer word counts
        return said.start() > otherwise.start(), otherwise.start() > said.start()
    return said is not None, otherwise is not None


def _is_phone(
    found: str,
    regions: tuple[str, ...],
    *,
    said: bool,
    otherwise: bool,
    anywhere: bool,
    followed: bool,
) -> bool:
    if otherwise or (followed and not said and len(re.findall(r"\d+", found)) == 2):
        return False
    if _LOCAL.fullmatch(found) or _NORTH_AMERICAN.fullmatch(found):
        return anywhere or "US" in regions or "CA" in regions
    if anywhere and (said or not followed):
        bare = found.isdigit()
        if (bare and len(found) <= 13) or (not bare and grouped_like_a_phone(found, said=said)):
            return True
    return any(_is_of(found, region, possible=said) for region in regions)


def _international(found: str, *, valid: bool = False) -> int:
    """The letters of `found` that are a possible or valid international number; 0 where none is.

    What follows the number after a space may be the next one: its groups are cut off one by one.
    """
    import phonenumbers

    is_one = phonenumbers.is_valid_number if valid else phonenumbers.is_possible_number
    while found:
        number = _parsed("+" + found.removeprefix("+").removeprefix("00"), None)
        if number is not None and is_one(number):
            return len(found)
        found = _LAST_GROUP.sub("", found)
    return 0


def _is_of(found: str, region: str, *, possible: bool) -> bool:
    """Whether a number is valid in a region, or at least possible where that is enough."""
    import phonenumbers

    if sum(letter.isdigit() for letter in _EXTENSION.sub("", found)) > _MOST_DIGITS:
        return False
    number = _parsed(found, region)
    if number is None:
        return False
    return phonenumbers.is_valid_number(number) or (
        possible and phonenumbers.is_possible_number(number)
    )


def grouped_like_a_phone(found: str, *, said: bool) -> bool:
    """Whether a number with signs between its groups is written as telephones are.

    Seven to thirteen digits in two to five groups of two to four (the first and the last may have
    up to five and six), or a trunk prefix (`0…`, `(…)`) and longer groups. Not a social security
    number (3-2-4), not years, not an ISBN's groups of one.
    """
    groups = re.findall(r"\d+", _EXTENSION.sub("", found))
    sizes = [len(group) for group in groups]
    total = sum(sizes)
    if not 7 <= total <= 13 or not 2 <= len(sizes) <= 6 or (sizes == [3, 2, 4] and "-" in found):
        return False
    if all(
        size == 4 and group[:2] in {"19", "20"} for size, group in zip(sizes, groups, strict=True)
    ):
        return False
    trunk = found[0] in "0(+"
    if trunk:
        return max(sizes) <= 8 and sizes[-1] >= 2
    if sizes[0] == 1 and groups[0] in "178" and len(sizes) >= 4:
        sizes = sizes[1:]  # a country code or trunk digit
    if len(sizes) == 2:
        return said or (sizes in ([3, 4], [4, 4], [3, 6], [4, 6]) and "." not in found)
    return min(sizes) >= 2 and max(sizes[:-1]) <= 5 and sizes[-1] <= 5 and max(sizes) <= 5


@lru_cache(maxsize=4096)  # the same order number stands in many tickets
def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    import phonenumbers

    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
