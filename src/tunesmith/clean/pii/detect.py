"""Every detector of personal data behind one function.

A detector is a cheap pattern that may be wrong and a check that decides. The cheap patterns run in
Rust over whole columns; the checks run in Python on the few texts that were hit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from tunesmith.clean.pii import (
    address,
    birth,
    credentials,
    mail,
    names,
    national,
    network,
    payment,
    phone,
    ssn,
)
from tunesmith.clean.pii.spans import DEFAULT_KINDS, KINDS, Kind, Span

__all__ = ["DEFAULT_KINDS", "KINDS", "Kind", "Settings", "Span", "find", "hints", "second_hints"]


@dataclass(frozen=True)
class Settings:
    """What detectors need to know beside the text."""

    regions: tuple[str, ...] = ("US",)
    """Where telephones without a country code are from, as ISO 3166 codes."""
    anywhere: bool = True
    """Numbers that are grouped like a telephone of any region count too."""
    countries: tuple[str, ...] = ()
    """Whose national identity numbers are looked for."""
    accounts: tuple[str, ...] = ()
    """The company's own account and order numbers, as regular expressions."""
    lists: bool = False
    """Find names by lists of names too, not only where the words before announce them."""
    allow: frozenset[str] = frozenset()
    """Texts that are not personal, case-folded."""


Find = Callable[[str, Settings], Iterable[tuple[int, int]]]

_FINDERS: dict[Kind, Find] = {
    "URL_CREDENTIALS": lambda text, _: credentials.url_credentials(text),
    "SECRET": lambda text, _: credentials.secrets(text),
    "EMAIL": lambda text, _: mail.emails(text),
    "IBAN": lambda text, _: payment.ibans(text),
    "CARD": lambda text, _: payment.cards(text),
    "CRYPTO_ADDRESS": lambda text, _: payment.crypto_addresses(text),
    "SSN": lambda text, _: ssn.ssns(text),
    "NATIONAL_ID": lambda text, known: national.national_ids(text, known.countries),
    "MAC_ADDRESS": lambda text, _: network.mac_addresses(text),
    "IP_ADDRESS": lambda text, _: network.ip_addresses(text),
    "DATE_OF_BIRTH": lambda text, _: birth.births(text),
    "ACCOUNT": lambda text, known: _accounts(text, known.accounts),
    "PHONE": lambda text, known: phone.phones(text, known.regions, anywhere=known.anywhere),
    "ADDRESS": lambda text, _: address.addresses(text),
}


def hints(kinds: Iterable[Kind], settings: Settings) -> dict[Kind, str]:
    """By kind, what a text must hold for its detector to be worth running: Rust regex."""
    known: dict[Kind, str] = {
        "URL_CREDENTIALS": credentials.URL_HINT,
        "SECRET": credentials.SECRET_HINT,
        "EMAIL": mail.HINT,
        "IBAN": payment.IBAN_HINT,
        "CARD": payment.CARD_HINT,
        "CRYPTO_ADDRESS": payment.CRYPTO_HINT,
        "SSN": ssn.HINT,
        "NATIONAL_ID": national.HINT,
        "MAC_ADDRESS": network.MAC_HINT,
        "IP_ADDRESS": network.IP_HINT,
        "DATE_OF_BIRTH": birth.HINT,
        "ACCOUNT": "|".join(f"(?:{pattern})" for pattern in settings.accounts),
        "PHONE": phone.HINT,
        "ADDRESS": address.HINT,
        "PERSON": names.HINT if settings.lists else names.ANNOUNCED_HINT,
        "ORGANIZATION": names.HINT,
        "LOCATION": names.HINT,
    }
    idle = {
        "NATIONAL_ID": not settings.countries,
        "ACCOUNT": not settings.accounts,
        "ORGANIZATION": not settings.lists,
        "LOCATION": not settings.lists,
    }
    return {kind: known[kind] for kind in KINDS if kind in set(kinds) and not idle.get(kind)}


def second_hints() -> dict[Kind, str]:
    """One more look at the texts that a hint has hit, where the hint alone is often wrong."""
    return {
        "IBAN": payment.IBAN_SECOND_HINT,
        "CARD": payment.CARD_SECOND_HINT,
        "PHONE": phone.second_hint(),
    }


def find(
    text: str, kinds: Iterable[Kind] = DEFAULT_KINDS, settings: Settings = Settings()
) -> list[Span]:
    """The personal data in a text: spans that do not overlap, from left to right.

    Where two detectors claim the same letters, the one that is earlier in `KINDS` has them: those
    with a checksum come before telephones, which would claim any long number.

    Args:
        text: The text.
        kinds: What to look for.
        settings: What the detectors need to know.
    """
    wanted = set(kinds)
    taken: list[Span] = []

    def claim(start: int, end: int, kind: Kind) -> None:
        if settings.allow and text[start:end].casefold() in settings.allow:
            return
        if all(end <= other.start or start >= other.end for other in taken):
            taken.append(Span(start, end, kind))

    for kind, finder in _FINDERS.items():
        if kind in wanted:
            for start, end in finder(text, settings):
                claim(start, end, kind)
    if wanted & {"PERSON", "ORGANIZATION", "LOCATION"}:
        for name in names.names(text, lists=settings.lists):
            if name.kind in wanted:
                claim(name.start, name.end, name.kind)
    taken.sort(key=lambda span: span.start)
    return taken


#: Letters of the private use area, which no text of a business holds.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


def _accounts(text: str, patterns: tuple[str, ...]) -> Iterable[tuple[int, int]]:
    """Where the company's own patterns match: Rust's regular expressions, linear in the text."""
    if _OPEN in text or _CLOSE in text:
        text = text.replace(_OPEN, " ").replace(_CLOSE, " ")
    for pattern in patterns:
        marked: str = pl.Series([text]).str.replace_all(f"({pattern})", f"{_OPEN}${{1}}{_CLOSE}")[0]
        before, *parts = marked.split(_OPEN)
        place = len(before)
        for part in parts:
            inside, _, after = part.partition(_CLOSE)
            if inside:
                yield place, place + len(inside)
            place += len(inside) + len(after)
