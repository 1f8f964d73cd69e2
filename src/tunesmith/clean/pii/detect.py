"""Detectors of personal data that can be told by its form, and by a checksum where it has one.

Each detector is a cheap pattern that may be wrong and a check that decides. The cheap patterns
run in Rust over whole columns; the checks run in Python on the few texts that were hit.

Checks: Luhn's formula for cards (ISO/IEC 7812-1), the remainder 97 for IBANs (ISO 13616),
`phonenumbers` (a port of Google's libphonenumber) for telephones, `ipaddress` for IP addresses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

#: In the order in which detectors claim letters.
Kind = Literal["URL_CREDENTIALS", "EMAIL", "IBAN", "CARD", "SSN", "IP_ADDRESS", "PHONE"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Span:
    """Personal data at `[start, end)` of a text, in letters."""

    start: int
    end: int
    kind: Kind


# ── e-mail ───────────────────────────────────────────────────────────────────────────────────────

_EMAIL = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]*[\w!#$%&*+/=?^`{|}~-]@"
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-zA-Z0-9-]{1,59})(?![\w@])"
)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    # Splitting at the at-signs keeps the search linear: a local part has at most 64 letters.
    start = 0
    while (at := text.find("@", start)) >= 0:
        match = _EMAIL.search(text, max(start, at - 64), min(len(text), at + 256))
        if match is None or match.start() > at:
            start = at + 1
            continue
        begin, end = match.span()
        while text[begin] in ".'`{|}/=*&!#$%^?~-" and text[begin] != "@" and begin < at - 1:
            begin += 1
        yield begin, end
        start = end


# ── URLs with credentials ────────────────────────────────────────────────────────────────────────

_USERINFO = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://([^\s/?#@\"'<>]{1,256})@")
_QUERY_SECRET = re.compile(
    r"[?&;](?:access_token|api_?key|apikey|auth|key|passwd|password|pwd|secret|sig|signature|token)"
    r"=([^\s&#\"'<>\[\]]{1,512})",
    re.IGNORECASE,
)


def _credentials(text: str) -> Iterator[tuple[int, int]]:
    if "://" not in text:
        return
    for match in _USERINFO.finditer(text):
        if match[1] != "[URL_CREDENTIALS]":
            yield match.span(1)
    for match in _QUERY_SECRET.finditer(text):
        yield match.span(1)


# ── IBAN ─────────────────────────────────────────────────────────────────────────────────────────

#: Letters of an IBAN by country (SWIFT IBAN registry, release 99).
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[ ]?(\d{2})(?=[ -]?[A-Za-z0-9])")


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(match[1].upper())
        if length is None:
            continue
        letters, end = match[1] + match[2], match.end()
        while end < len(text) and len(letters) < length:
            letter = text[end]
            if letter.isascii() and letter.isalnum():
                letters += letter
            elif letter not in " -" or not (end + 1 < len(text) and text[end + 1].isalnum()):
                break
            end += 1
        ends_here = end >= len(text) or not text[end].isalnum()
        if len(letters) == length and ends_here and iban_is_valid(letters):
            yield match.start(), end


def iban_is_valid(iban: str) -> bool:
    """Whether the check digits are right (ISO 13616: the rearranged number modulo 97 is 1)."""
    if not (iban.isascii() and iban.isalnum()):
        return False
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


# ── cards ────────────────────────────────────────────────────────────────────────────────────────

_CARD = re.compile(r"(?<![\d.+])(?<![\d][ -])\d(?:[ .-]?\d){12,18}(?![ -]?\d)(?!\.\d)")


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        if card_is_valid(re.sub(r"\D", "", match[0])):
            yield match.span()


def card_is_valid(digits: str) -> bool:
    """Whether 13 to 19 digits begin like a payment card and pass Luhn's check."""
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or len(set(digits)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


# ── US social security numbers ───────────────────────────────────────────────────────────────────

_SSN = re.compile(
    r"(?<![\w.-])(?!000|666|9\d\d)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])(?!\.\d)"
)
_SSN_SAID = re.compile(
    r"\b(?:ssn|social security(?: number| no\.?| #)?)\b\D{0,12}"
    r"((?!000|666|9\d\d)\d{3}[ ]?(?!00)\d{2}[ ]?(?!0000)\d{4})(?!\d)",
    re.IGNORECASE,
)


def _ssns(text: str) -> Iterator[tuple[int, int]]:
    for match in _SSN.finditer(text):
        yield match.span()
    for match in _SSN_SAID.finditer(text):
        yield match.span(1)


# ── IP addresses ─────────────────────────────────────────────────────────────────────────────────

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w])(?!\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:%\w{1,16})?(?![\w:])")
_VERSION = re.compile(r"(?:\bv|version|release|build|firmware)[ :]*\Z", re.IGNORECASE)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in _IPV4.finditer(text):
        if _is_address(match[0]) and not _VERSION.search(
            text, max(0, match.start() - 12), match.start()
        ):
            yield match.span()
    if text.count(":") < 2:
        return
    for match in _IPV6.finditer(text):
        digits = match[0].partition("%")[0]
        if any(letter.isdigit() for letter in digits) and _is_address(digits):
            yield match.span()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# ── telephones ───────────────────────────────────────────────────────────────────────────────────

_PHONE = re.compile(
    r"(?<![\w.@#/=-])(?:(?:\+|00)[ ]?)?\(?\d(?:[ ]?[().\u2010-\u2013/ -]?[ ]?\(?\d\)?){5,16}"
    r"(?:[ ]?(?:x|ext\.?|extension)[ ]?\d{1,6})?(?![\w@])(?![.,]\d)",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"[2-9]\d{2}[-. ]\d{4}")
_NORTH_AMERICAN = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-. ]\d{4}")
_DATE = re.compile(
    r"(?:19|20)\d{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:[0-2]?\d|3[01])(?:[ T]\d{1,2})?"
    r"|(?:[0-3]?\d)[-./ ](?:[0-3]?\d)[-./ ](?:19|20)?\d{2}(?:[ ]\d{1,2})?"
    r"|(?:19|20)\d{2}[ ]?[-\u2013/][ ]?(?:19|20)\d{2}"
)
_ANNOUNCED = (
    r"\b(?:call(?:ed|ing)?|phone|tel(?:ephone)?|mobile|mob|cell|fax|whatsapp|text|sms|ring|dial|"
    r"reach|number is|contact|hotline|handy|telefon|t[ée]l[ée]phone)\b|\u260e|\U0001f4de"
)
_SAID = re.compile(rf"(?:{_ANNOUNCED})[^\d\n]{{0,24}}\Z", re.IGNORECASE)
_NOT_A_PHONE = re.compile(
    r"\b(?:order|purchase|invoice|ticket|case|ref(?:erence)?|tracking|serial|sku|isbn|model|part|"
    r"id|po|transaction|confirmation|booking|account|policy)\b[^\d\n]{0,16}\Z",
    re.IGNORECASE,
)


def _phones(text: str, regions: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text):
        start, end = match.span()
        if text[start] == "(" and ")" not in match[0]:
            start += 1
        found = text[start:end]
        bare = found.isdigit()
        digits = len(found) if bare else sum(letter.isdigit() for letter in found)
        if not 7 <= digits <= 18 or (not bare and _DATE.fullmatch(found)):
            continue
        before = text[max(0, start - 40) : start]
        said = _SAID.search(before) is not None
        if bare and not said:
            continue  # a bare number, unless the words before it say that it is a telephone's
        named = _NOT_A_PHONE.search(before) is not None
        if _is_phone(found, regions, said=said, named=named):
            yield start, end


def _phone_hint() -> str:
    """A Rust regex for texts in which `_phones` may find something.

    That is seven digits with at least one sign between or around them, or seven digits after a
    word that announces a telephone: most long numbers in business texts are neither.
    """
    sign = r"[().\x{2010}-\x{2013}/-]"
    gap = rf"\)?(?: {sign}? ?\(?|{sign} ?\(?)"
    maybe = rf"(?:{gap})?"
    broken = "|".join(rf"\d{{{left}}}{gap}\d(?:{maybe}\d){{{6 - left}}}" for left in range(1, 7))
    around = r"\+ ?\(?\d{7}|\(\d{7}|\d{7}(?:\)| ?(?i:x|ext))"
    return rf"{broken}|{around}|(?i:{_ANNOUNCED})[^\d\n]*\d{{7}}"


def _is_phone(found: str, regions: tuple[str, ...], *, said: bool, named: bool) -> bool:
    import phonenumbers

    if found.startswith(("+", "00")):
        number = _parsed("+" + found.removeprefix("+").removeprefix("00"), None)
        if number is not None and phonenumbers.is_possible_number(number):
            return True
    if named and not said:
        return False
    if _LOCAL.fullmatch(found) or _NORTH_AMERICAN.fullmatch(found):
        return "US" in regions or "CA" in regions
    for region in regions:
        number = _parsed(found, region)
        if number is None:
            continue
        if phonenumbers.is_valid_number_for_region(number, region):
            return True
        if said and phonenumbers.is_possible_number(number):
            return True
    return False


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    import phonenumbers

    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


# ── all of them ──────────────────────────────────────────────────────────────────────────────────

#: What a text must hold for a detector to be worth running: Rust regex, over a whole column.
HINTS: dict[Kind, str] = {
    "EMAIL": r"@\w",
    "URL_CREDENTIALS": r"://[^\s/?#]{1,256}@|(?i)[?&;](?:access_token|api_?key|auth|key|passwd|"
    r"password|pwd|secret|sig|signature|token)=",
    "IBAN": r"(?:^|[^A-Za-z0-9])[A-Za-z]{2} ?\d{2}[ -]?[A-Za-z0-9]{2}",
    "CARD": r"\d(?:[ .-]?\d){12}",
    "SSN": r"\d{3}[- .]\d{2}[- .]\d{4}|[sS][sS][nN]|[sS][oO][cC][iI][aA][lL] [sS]",
    "IP_ADDRESS": r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:",
    "PHONE": r"\d(?: ?[().\x{2010}-\x{2013}/ -]? ?\(?\d\)?){6}",
}

#: One more look at the texts that a hint has hit, where the hint alone is often wrong.
SECOND_HINTS: dict[Kind, str] = {
    "IBAN": rf"(?i:{'|'.join(_IBAN_LENGTHS)}) ?\d{{2}}(?:[ -]*[A-Za-z0-9]){{11}}",
    "CARD": r"(?:^|[^\d])[2-6](?:[ .-]?\d){12}",
    "PHONE": _phone_hint(),
}

_DETECTORS: dict[Kind, Callable[[str], Iterator[tuple[int, int]]]] = {
    "EMAIL": _emails,
    "URL_CREDENTIALS": _credentials,
    "IBAN": _ibans,
    "CARD": _cards,
    "SSN": _ssns,
    "IP_ADDRESS": _addresses,
}


def find(
    text: str,
    kinds: tuple[Kind, ...] = KINDS,
    *,
    regions: tuple[str, ...] = ("US",),
    allow: frozenset[str] = frozenset(),
) -> list[Span]:
    """The personal data in a text: spans that do not overlap, from left to right.

    Where two detectors claim the same letters, the one that is earlier in `KINDS` has them: those
    with a checksum come before telephones, which would claim any long number.

    Args:
        text: The text.
        kinds: What to look for.
        regions: Where telephones without a country code are from, as ISO 3166 codes.
        allow: Texts that are not personal (a support address), case-folded.
    """
    taken: list[Span] = []
    for kind in KINDS:
        if kind not in kinds:
            continue
        spans = _phones(text, regions) if kind == "PHONE" else _DETECTORS[kind](text)
        for start, end in spans:
            if allow and text[start:end].casefold() in allow:
                continue
            if all(end <= other.start or start >= other.end for other in taken):
                taken.append(Span(start, end, kind))
    return sorted(taken, key=lambda span: span.start)
