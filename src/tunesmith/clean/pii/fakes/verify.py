"""Whether a value is a fake."""

from __future__ import annotations

import re

from tunesmith.clean.pii.fakes import dates, network, people, phones, streets
from tunesmith.clean.pii.fakes.seal import is_sealed
from tunesmith.clean.pii.payment import card_is_valid, iban_is_valid

#: A social security number in an area that is never issued, and no taxpayer number (9xx-50 …).
_NEVER_ISSUED = re.compile(r"9\d{2}([- .]?)[0-4]\d\1\d{4}")


def is_fake(key: bytes, text: str, regions: tuple[str, ...]) -> bool:
    """Whether a value is of this key's making, or of a range that can be nobody's.

    What kind a detector takes it for does not count: a card that fails its check may be taken for
    a telephone.

    Args:
        key: The secret.
        text: The value as it is written.
        regions: Where telephones without a country code are from.
    """
    if "@" in text:
        return people.is_fake_mail(key, text)
    if network.is_nobodys(text) or network.is_sealed_hex(key, text):
        return True
    if any(letter.isalpha() for letter in text) and streets.is_fake_address(key, text):
        return True
    if dates.is_fake_date(key, text) or phones.is_nobodys(text):
        return True
    return is_sealed(key, text) and not _is_somebodys(text, regions)


def _is_somebodys(text: str, regions: tuple[str, ...]) -> bool:
    """Whether a value passes a check that no fake passes."""
    if _NEVER_ISSUED.fullmatch(text):
        return False
    plain = "".join(letter for letter in text if letter.isalnum())
    if plain.isdigit() and (card_is_valid(plain) or phones.is_valid(text, regions)):
        return True
    return len(plain) >= 15 and plain[:2].isalpha() and iban_is_valid(plain)
