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
    words = text.split()
    for place, written in enumerate(words):
        if written.isalpha():
            continue
        word = written.strip(_EDGES)
        if word[:1].isdigit():
            before = " ".join(words[max(0, place - 2) : place])
            yield from _numbers(before, word, words[place + 1 : place + 4])
        elif word[2:4].isdigit():
            yield from (("IBAN", found) for found in _ibans(word, words[place + 1 : place + 9]))
        if "@" in word and _is_mail(word):
            yield "EMAIL", word
    if "+" in text:
        yield from (("PHONE", number) for number in _phones(text))


def _numbers(before: str, word: str, following: list[str]) -> Iterator[tuple[Kind, str]]:
    """What begins with a word that begins with a digit; a version is no address."""
    from stdnum import luhn
    from stdnum.us import ssn

    if word.count(".") == 3 and _is_ip(word) and not _says_version(before):
        yield "IP_ADDRESS", word
    if len(word) == 11 and word[3] == "-" == word[6] and ssn.is_valid(word):
        yield "SSN", word
    for number in _cards(word, following):
        if luhn.is_valid(number):
            yield "CARD", number


def _says_version(before: str) -> bool:
    words = f" {before}".rstrip(_EDGES + " ").lower()
    return words.endswith((" v", "version", "release", "build", "firmware"))


def _cards(word: str, following: list[str]) -> Iterator[str]:
    """Numbers of 16 digits in one word, or in four of four."""
    if word[0] not in "3456":
        return
    digits = word.replace("-", "")
    if len(digits) == 16 and digits.isdigit():
        yield digits
    groups = [word, *(other.strip(_EDGES) for other in following)]
    if len(groups) == 4 and all(len(group) == 4 and group.isdigit() for group in groups):
        yield "".join(groups)


def _ibans(word: str, following: list[str]) -> Iterator[str]:
    """Account numbers in one word, or in groups of four and a rest."""
    from stdnum import iban

    if len(word) >= 15 and iban.is_valid(word):
        yield word
    groups = [word]
    for other in following if word[:2].isalpha() else ():
        if len(groups[-1]) != 4:
            return
        groups.append(other.strip(_EDGES))
        if len(groups) >= 4 and iban.is_valid("".join(groups)):
            yield " ".join(groups)


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
