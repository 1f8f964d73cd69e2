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
from tunesmith.clean.pii.settle import settled
from tunesmith.clean.pii.spans import DEFAULT_KINDS, KINDS, Claims, Kind, Span

__all__ = ["DEFAULT_KINDS", "KINDS", "Kind", "Settings", "Span", "candidates", "find", "hints"]


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


#: Gates: what many detectors need, looked for once and in the texts that passed the one before.
_DIGIT = r"\d"
_RARE = "|".join(
    f"(?:{hint})"
    for hint in (payment.IBAN_HINT, payment.CRYPTO_HINT, network.MAC_HINT, network.IP_HINT)
)
_SIX_DIGITS = r"\d(?:[^\p{L}\p{N}\n]{0,5}\d){5}"


def hints(kinds: Iterable[Kind], settings: Settings) -> dict[Kind, tuple[str, ...]]:
    """By kind, what a text must hold for its detector to be worth running.

    Rust regular expressions, the cheapest first; each is tried on the texts that the one before
    has hit. One pattern for all kinds would be far slower than all of them one by one: its
    automaton does not fit its cache.
    """
    known: dict[Kind, tuple[str, ...]] = {
        "URL_CREDENTIALS": (credentials.URL_HINT,),
        "SECRET": (credentials.SECRET_HINT,),
        "EMAIL": (mail.HINT,),
        "IBAN": (_DIGIT, _RARE, payment.IBAN_HINT, payment.IBAN_SECOND_HINT),
        "CARD": (_DIGIT, _SIX_DIGITS, payment.CARD_HINT, payment.CARD_SECOND_HINT),
        "CRYPTO_ADDRESS": (_DIGIT, _RARE, payment.CRYPTO_HINT),
        "SSN": (_DIGIT, _SIX_DIGITS, ssn.HINT),
        "NATIONAL_ID": (_DIGIT, national.HINT),
        "MAC_ADDRESS": (_DIGIT, _RARE, network.MAC_HINT),
        "IP_ADDRESS": (_DIGIT, _RARE, network.IP_HINT),
        "DATE_OF_BIRTH": (_DIGIT, birth.HINT),
        "ACCOUNT": ("|".join(f"(?:{pattern})" for pattern in settings.accounts),),
        "PHONE": (_DIGIT, _SIX_DIGITS, phone.HINT, phone.second_hint()),
        "ADDRESS": (_DIGIT, address.HINT, address.SECOND_HINT),
        "PERSON": (names.HINT if settings.lists else names.ANNOUNCED_HINT,),
        "ORGANIZATION": (names.HINT,),
        "LOCATION": (names.HINT,),
    }
    idle = {
        "NATIONAL_ID": not settings.countries,
        "ACCOUNT": not settings.accounts,
        "ORGANIZATION": not settings.lists,
        "LOCATION": not settings.lists,
    }
    return {kind: known[kind] for kind in KINDS if kind in set(kinds) and not idle.get(kind)}


def candidates(texts: pl.Series, hints: dict[Kind, tuple[str, ...]]) -> dict[int, tuple[Kind, ...]]:
    """The places of the texts that may hold personal data, and the kinds they may hold."""
    reached: dict[tuple[str, ...], pl.Series] = {(): texts.is_not_null().arg_true()}
    found: dict[int, tuple[Kind, ...]] = {}
    for kind, patterns in hints.items():
        for step in range(1, len(patterns) + 1):
            if patterns[:step] not in reached:
                places = reached[patterns[: step - 1]]
                hit = texts.gather(places).str.contains(patterns[step - 1])
                reached[patterns[:step]] = places.filter(hit)
        for place in reached[patterns].to_list():
            found[place] = (*found.get(place, ()), kind)
    return found


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
    claims = Claims()

    def claim(start: int, end: int, kind: Kind) -> None:
        if not settings.allow or text[start:end].casefold() not in settings.allow:
            claims.add(Span(start, end, kind))

    for kind, finder in _FINDERS.items():
        if kind in wanted:
            for start, end in finder(text, settings):
                claim(start, end, kind)
    if wanted & {"PERSON", "ORGANIZATION", "LOCATION"}:
        for name in names.names(text, lists=settings.lists):
            if name.kind in wanted:
                claim(name.start, name.end, name.kind)
    return settled(
        text,
        claims.spans,
        lambda span: (
            span.kind in wanted and text[span.start : span.end].casefold() not in settings.allow
        ),
    )


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
