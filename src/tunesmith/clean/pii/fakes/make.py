"""A kind and a value to its fake.

What a card should become was decided so: it keeps its first digit, grouping and length and fails
Luhn's check. No such card can exist, so nobody's is made up by chance, a model that learns the
fakes learns no valid number, and the scanners of whoever receives the dataset stay quiet. Test
numbers of payment providers pass the check, but there are few of them, they raise those alarms,
and they are real numbers of a bank's range.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from tunesmith.clean.pii.fakes import dates, network, people, phones, streets
from tunesmith.clean.pii.fakes.seal import Draw, sealed
from tunesmith.clean.pii.fakes.verify import is_fake
from tunesmith.clean.pii.normal import normal
from tunesmith.clean.pii.payment import iban_is_valid, luhn
from tunesmith.clean.pii.spans import Kind

_ATTEMPTS = 64
_ISSUER = re.compile(
    r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[rs]k_(?:live|test)_|whsec_"
    r"|sk-(?:proj-|ant-)?|hf_|AIza|ya29\.|SG\.|npm_|pypi-"
)
_LETTERS = re.compile(r"[A-Za-z]{0,4}")


@lru_cache(maxsize=16_384)
def fake_of(
    key: bytes, kind: Kind, text: str, whole: str | None, regions: tuple[str, ...]
) -> str | None:
    """The fake of a value: the same for the same value, whatever its spelling.

    Args:
        key: The secret.
        kind: What the value is.
        text: The value as it is written.
        whole: What it stands for where that is known, such as a person's whole name.
        regions: Where telephones without a country code are from.

    Returns:
        The fake, or none where there is none that could be known again (a value of few digits).
    """
    fake = _MAKERS[kind](key, kind, text, whole, regions)
    if fake is None or fake == text:
        return None
    # A Bitcoin address with wrong check digits is taken for nothing, so it needs no seal.
    unsealed = kind in {"PERSON", "ORGANIZATION", "LOCATION", "CRYPTO_ADDRESS"}
    return fake if unsealed or is_fake(key, fake, regions) else None


Maker = Callable[[bytes, Kind, str, "str | None", tuple[str, ...]], "str | None"]


def _drawn(
    key: bytes,
    kind: Kind,
    text: str,
    regions: tuple[str, ...],
    *,
    keep: int = 0,
    refuse: Callable[[str], bool] | None = None,
) -> str | None:
    """The text with other digits and letters, sealed; drawn anew if it cannot be known again."""
    value = normal(kind, text)
    for attempt in range(_ATTEMPTS):
        fake = sealed(key, text, Draw(key, kind, value, str(attempt)), keep=keep)
        if fake is None:
            return None
        if is_fake(key, fake, regions) and not (refuse and refuse(fake)):
            return fake
    return None


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _card(key: bytes, kind: Kind, text: str, _: str | None, regions: tuple[str, ...]) -> str | None:
    if len(_digits(text)) < 12:
        return None  # a security code or an expiry date
    return _drawn(key, kind, text, regions, keep=1, refuse=lambda fake: luhn(_digits(fake)))


def _iban(key: bytes, kind: Kind, text: str, _: str | None, regions: tuple[str, ...]) -> str | None:
    return _drawn(key, kind, text, regions, keep=2, refuse=lambda fake: iban_is_valid(_plain(fake)))


def _ssn(key: bytes, kind: Kind, text: str, *_: object) -> str | None:
    """Area 9xx, which is never issued, and a group that no taxpayer number has."""
    value = normal(kind, text)
    for attempt in range(_ATTEMPTS):
        draw = Draw(key, kind, value, str(attempt))
        lead = f"9{draw.below(100):02d}{1 + draw.below(49):02d}"
        digits = iter(lead)
        started = "".join(next(digits, letter) if letter.isdigit() else letter for letter in text)
        fake = sealed(key, started, draw, keep=5)
        if fake is not None and not _digits(fake).endswith("0000"):
            return fake
    return None


def _account(
    key: bytes, kind: Kind, text: str, _: str | None, regions: tuple[str, ...]
) -> str | None:
    start = _LETTERS.match(text)
    return _drawn(key, kind, text, regions, keep=start.end() if start else 0)


def _secret(
    key: bytes, kind: Kind, text: str, _: str | None, regions: tuple[str, ...]
) -> str | None:
    if "PRIVATE KEY" in text:
        return None
    issuer = _ISSUER.match(text)
    return _drawn(key, kind, text, regions, keep=len(_plain(issuer[0])) if issuer else 0)


def _crypto(key: bytes, kind: Kind, text: str, *_: object) -> str | None:
    if text.startswith("0x"):
        return network.ether_address(key, text, normal(kind, text))
    draw = Draw(key, kind, text)
    keep = 3 if text[:3].lower() == "bc1" else 1
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l" if keep == 3 else (
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    )  # fmt: skip
    drawn = "".join(draw.of(alphabet) for _ in text[keep:])
    return text[:keep] + (drawn.upper() if text.isupper() else drawn)


_MAKERS: dict[Kind, Maker] = {
    "URL_CREDENTIALS": lambda key, kind, text, _, regions: _drawn(key, kind, text, regions),
    "SECRET": _secret,
    "EMAIL": lambda key, kind, text, *_: people.mail(key, text, normal(kind, text)),
    "IBAN": _iban,
    "CARD": _card,
    "CRYPTO_ADDRESS": _crypto,
    "SSN": _ssn,
    "NATIONAL_ID": lambda key, kind, text, _, regions: _drawn(key, kind, text, regions),
    "MAC_ADDRESS": lambda key, kind, text, *_: network.mac_address(key, text, normal(kind, text)),
    "IP_ADDRESS": lambda key, kind, text, *_: network.ip_address(key, text),
    "DATE_OF_BIRTH": lambda key, kind, text, *_: dates.date(key, text),
    "ACCOUNT": _account,
    "PHONE": lambda key, kind, text, whole, regions: phones.phone(
        key, text, normal(kind, text), regions
    ),
    "ADDRESS": lambda key, kind, text, *_: streets.address(key, text, normal(kind, text)),
    "PERSON": lambda key, kind, text, whole, _: people.person(key, text, whole),
    "ORGANIZATION": lambda key, kind, text, *_: people.organisation(key, text),
    "LOCATION": lambda key, kind, text, *_: people.place(key, text),
}
