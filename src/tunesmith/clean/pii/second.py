"""A second detector for the leak scan, which shares no pattern and no check with the first.

It reads a text word by word and asks other people's validators: `python-stdnum` for cards, IBANs
and social security numbers, libphonenumber's own matcher for international telephones, `ipaddress`
for addresses. It finds less than the first, and nothing that the first should have left: what it
finds fails the run.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterator

import polars as pl

from tunesmith.clean.pii.spans import Kind

#: A text without an at-sign and without seven digits, signs between them, holds nothing for it.
_WORTH_READING = r"@|\d(?:\D{0,3}\d){6}|\d\.\d{1,3}\.\d{1,3}\.\d"
_EDGES = ".,;:!?()[]{}<>\"'`“”‘’«»"


def scan(texts: pl.Series, kinds: tuple[Kind, ...], spared: Callable[[str], bool]) -> Counter[str]:
    """How much personal data of each kind a column of texts holds.

    Args:
        texts: The texts, without nulls.
        kinds: What is looked for; the detector knows six of them.
        spared: Whether a value is not personal: allowed, or a fake.
    """
    left: Counter[str] = Counter()
    for text in texts.filter(texts.str.contains(_WORTH_READING)):
        for kind, value in read(text):
            if kind in kinds and not spared(value):
                left[kind] += 1
    return left


def read(text: str) -> Iterator[tuple[Kind, str]]:
    """What a text holds, as `(kind, value)`."""
    from stdnum import iban, luhn
    from stdnum.us import ssn

    words = [word.strip(_EDGES) for word in text.split()]
    for word in words:
        if _is_mail(word):
            yield "EMAIL", word
        elif word.count(".") == 3 and _is_ip(word):
            yield "IP_ADDRESS", word
        elif len(word) >= 15 and iban.is_valid(word):  # the shortest has 15 letters
            yield "IBAN", word
        elif len(word) == 11 and word[3:4] == "-" == word[6:7] and ssn.is_valid(word):
            yield "SSN", word
    for number in _cards(words):
        if luhn.is_valid(number):
            yield "CARD", number
    if "+" in text:
        yield from (("PHONE", number) for number in _phones(text))


def _is_mail(word: str) -> bool:
    local, _, host = word.rpartition("@")
    labels = host.split(".")
    return (
        0 < len(local) <= 64
        and local[-1].isalnum()
        and len(labels) > 1
        and all(label.replace("-", "").isalnum() for label in labels)
        and labels[-1].isalpha()
        and len(labels[-1]) > 1
    )


def _cards(words: list[str]) -> Iterator[str]:
    """Numbers of 16 digits in one word, or in four of four."""
    for place, word in enumerate(words):
        digits = word.replace("-", "")
        if len(digits) == 16 and digits.isdigit() and digits[0] in "3456":
            yield digits
        four = words[place : place + 4]
        joined = "".join(four)
        if (
            len(four) == 4
            and all(len(part) == 4 and part.isdigit() for part in four)
            and joined[0] in "3456"
        ):
            yield joined


def _phones(text: str) -> Iterator[str]:
    import phonenumbers

    for match in phonenumbers.PhoneNumberMatcher(text, None):
        if match.raw_string.lstrip("(").startswith("+"):
            yield match.raw_string


def _is_ip(word: str) -> bool:
    try:
        ipaddress.IPv4Address(word)
    except ValueError:
        return False
    return True
