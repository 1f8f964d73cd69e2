"""Short codes that only the words before them tell: a card's security code and expiry date, PINs.

What stands on a card is masked as `CARD`: no tool has a kind of its own for it, and PCI DSS calls
the number, the date and the code together account data. A date is a card's only beside a card.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

from tunesmith.clean.pii.spans import merged

#: Words that the codes of a card and PINs are announced with.
WORDS = (
    *("cvv", "cvc", "cvn", "verification", "security", "sicherheitscode", "kartenprüfnummer"),
    *("prüfnummer", "seguridad", "sicurezza", "cryptogramme", "pin", "pincode"),
)
_IS = r"(?:[ ]?[:=#][ ]?|[ ](?:is|was|ist|lautet|es|est|è)[ :]{1,2}|[ ])"
_NUMBER_WORD = r"(?:[ ](?:number|code|no\.?|nr\.?|nummer))?"
_CODE = (
    r"(?:cvv2?|cvc2?|cvn|card verification (?:code|value|number)|(?:card )?security code"
    r"|(?:karten)?prüfnummer|sicherheitscode|código de seguridad|codice di sicurezza|cryptogramme)"
)
#: Each of those codes holds one of these.
_KEYS = (
    *("cvv", "cvc", "cvn", "card verif", "curity code", "prüfnummer", "sicherheitscode"),
    *("seguridad", "sicurezza", "cryptogramme"),
)
_CARD_CODE = re.compile(
    rf"(?<![^\W_]){_CODE}{_NUMBER_WORD}(?:[ ]\(\w{{3,4}}\))?{_IS}(\d{{3,4}})(?![\w/-]|[.,:]\d)",
    re.IGNORECASE,
)
_EXPIRY = re.compile(
    r"(?<![^\W_])(?:exp(?:\.|iry|iration|ires?|iring)?(?:[ ]date)?|valid (?:thru|through|until|to)"
    r"|good thru|gültig bis|ablaufdatum|verfallsdatum|caduca|vencimiento|fecha de caducidad"
    r"|date d['’]expiration|expire(?: le)?|scadenza)"
    r"(?:[ ]?[:=][ ]?|[ ](?:is|on|in|ist|es|est)[ :]{1,2}|[ ])"
    r"((?:0?[1-9]|1[0-2])[ ]?[/.-][ ]?(?:20)?\d{2})(?![\w/-]|[.,]\d)",
    re.IGNORECASE,
)
_PIN = re.compile(
    rf"(?<![^\W_])(?:pin{_NUMBER_WORD}|pin-?code){_IS}(\d{{4,6}})(?![\w/-]|[.,:]\d|[ ]\d)",
    re.IGNORECASE,
)
#: Letters between a card and its expiry date, at most.
_BESIDE = 80
CODE_HINT = rf"(?i){_CODE}[^\d\n]{{1,24}}\d"
PIN_HINT = r"(?i)pin[^\d\n]{1,24}\d{4}"


def card_codes(text: str, cards: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Security codes of cards, and the expiry dates beside cards.

    Args:
        text: The text.
        cards: Where card numbers stand in it.
    """
    small = text.casefold()
    said = any(key in small for key in _KEYS)
    codes = [match.span(1) for match in _CARD_CODE.finditer(text)] if said else []
    yield from codes
    beside = merged(cards, codes)
    begins = [begin for begin, _ in beside]
    for match in _EXPIRY.finditer(text) if beside else ():
        start, end = match.span(1)
        last = bisect.bisect_left(begins, end + _BESIDE) - 1
        if last >= 0 and beside[last][1] > start - _BESIDE:
            yield start, end


def pins(text: str) -> Iterator[tuple[int, int]]:
    """Personal identification numbers of four to six digits, where a word before says so."""
    for match in _PIN.finditer(text) if "pin" in text.casefold() else ():
        yield match.span(1)
