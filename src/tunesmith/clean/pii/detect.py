"""Every detector of personal data behind one function.

A detector is a cheap pattern that may be wrong and a check that decides. The cheap patterns run in
Rust over whole columns; the checks run in Python on the few texts that were hit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.clean.pii import (
    address,
    birth,
    codes,
    credentials,
    gates,
    mail,
    names,
    national,
    network,
    payment,
    phone,
    spelled,
    ssn,
    written_small,
)
from tunesmith.clean.pii.allow import Allow
from tunesmith.clean.pii.gates import Gates
from tunesmith.clean.pii.settle import settled
from tunesmith.clean.pii.spans import DEFAULT_KINDS, KINDS, Claims, Kind, Span, merged

__all__ = [
    "DEFAULT_KINDS",
    "KINDS",
    "Hint",
    "Kind",
    "Settings",
    "Span",
    "candidates",
    "find",
    "hints",
]


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
    allow: Allow = field(default_factory=Allow)
    """What is not personal."""


Find = Callable[[str, Settings], Iterable[tuple[int, int]]]

_FINDERS: dict[Kind, Find] = {
    "URL_CREDENTIALS": lambda text, _: credentials.url_credentials(text),
    "SECRET": lambda text, _: chain(credentials.secrets(text), codes.pins(text)),
    "EMAIL": lambda text, _: chain(mail.emails(text), spelled.spelled_emails(text)),
    "IBAN": lambda text, _: payment.ibans(text),
    "CARD": lambda text, _: _on_cards(text),
    "CRYPTO_ADDRESS": lambda text, _: payment.crypto_addresses(text),
    "SSN": lambda text, _: ssn.ssns(text),
    "NATIONAL_ID": lambda text, known: national.national_ids(text, known.countries),
    "MAC_ADDRESS": lambda text, _: network.mac_addresses(text),
    "IP_ADDRESS": lambda text, _: network.ip_addresses(text),
    "DATE_OF_BIRTH": lambda text, _: birth.births(text),
    "ACCOUNT": lambda text, known: _accounts(text, known.accounts),
    "PHONE": lambda text, known: phone.phones(text, known.regions, anywhere=known.anywhere),
    "ADDRESS": lambda text, _: merged(
        address.addresses(text), written_small.boxes(text), written_small.small_addresses(text)
    ),
}


def _on_cards(text: str) -> Iterator[tuple[int, int]]:
    """Card numbers, then the codes and dates beside them."""
    numbers = list(payment.cards(text))
    yield from numbers
    yield from codes.card_codes(text, numbers)


@dataclass(frozen=True)
class Hint:
    """What a text must hold for a detector to be worth running."""

    gate: int
    """Gates of which one must be open (see `gates`)."""
    patterns: tuple[str, ...] = ()
    """Rust regular expressions that it must hold, the cheapest first."""


def hints(kinds: Iterable[Kind], settings: Settings) -> dict[Kind, tuple[Hint, ...]]:
    """By kind, hints of which a text must give one for its detector to be worth running.

    Patterns are tried one by one: one pattern for all kinds would be far slower than all of them
    apart, because its automaton does not fit its cache.
    """
    accounts = "|".join(f"(?:{pattern})" for pattern in settings.accounts)
    name = Hint(gates.ALWAYS, (names.HINT,))
    announced = Hint(gates.NAME, (names.ANNOUNCED_HINT,))
    known: dict[Kind, tuple[Hint, ...]] = {
        "URL_CREDENTIALS": (Hint(gates.URL, (credentials.URL_HINT,)),),
        "SECRET": (
            Hint(gates.LONG, (credentials.ISSUED_HINT,)),
            Hint(gates.CREDENTIAL, (credentials.SAID_HINT,)),
            Hint(gates.CREDENTIAL, (credentials.TOLD_HINT,)),
            Hint(gates.CODE, (codes.PIN_HINT,)),
        ),
        "EMAIL": (Hint(gates.AT), Hint(gates.SPELLED, (spelled.HINT,))),
        "IBAN": (Hint(gates.IBAN),),
        "CARD": (
            Hint(gates.CARD),
            Hint(gates.CODE, (codes.CODE_HINT,)),
        ),
        "CRYPTO_ADDRESS": (Hint(gates.LONG, (payment.CRYPTO_HINT,)),),
        "SSN": (Hint(gates.SIX_DIGITS, (ssn.HINT,)),),
        "NATIONAL_ID": (Hint(gates.DIGIT, (national.HINT,)),),
        "MAC_ADDRESS": (Hint(gates.MARKS, (network.MAC_HINT,)),),
        "IP_ADDRESS": (Hint(gates.MARKS, (network.IP_HINT,)),),
        "DATE_OF_BIRTH": (Hint(gates.BIRTH, (birth.HINT,)),),
        "ACCOUNT": (Hint(gates.ALWAYS, (accounts,)),),
        "PHONE": (Hint(gates.GROUPED), Hint(gates.SEVEN_DIGITS, (phone.SAID_HINT,))),
        "ADDRESS": (Hint(gates.PLACE), Hint(gates.STREET, (written_small.HINT,))),
        "PERSON": (name if settings.lists else announced,),
        "ORGANIZATION": (name,),
        "LOCATION": (name,),
    }
    idle = {
        "NATIONAL_ID": not settings.countries,
        "ACCOUNT": not settings.accounts,
        "ORGANIZATION": not settings.lists,
        "LOCATION": not settings.lists,
    }
    return {kind: known[kind] for kind in KINDS if kind in set(kinds) and not idle.get(kind)}


def candidates(
    texts: pl.Series, hints: dict[Kind, tuple[Hint, ...]]
) -> dict[int, tuple[Kind, ...]]:
    """The places of the texts that may hold personal data, and the kinds they may hold."""
    opened = _gates()(texts)
    reached: dict[Hint, list[int]] = {}
    found: dict[int, tuple[Kind, ...]] = {}
    for kind, alternatives in hints.items():
        for hint in alternatives:
            if hint not in reached:
                reached[hint] = _hit(texts, opened, hint)
            for place in reached[hint]:
                kinds = found.get(place, ())
                if not kinds or kinds[-1] != kind:
                    found[place] = (*kinds, kind)
    return found


#: A pattern over a column has a cost of its own: fewer texts are left to the detector itself.
_FEW = 24


def _hit(texts: pl.Series, opened: NDArray[np.int64], hint: Hint) -> list[int]:
    """The places of the texts that give a hint."""
    places = np.flatnonzero(opened & hint.gate)
    for pattern in hint.patterns:
        if len(places) < _FEW:
            break
        places = places[texts.gather(places).str.contains(pattern).to_numpy()]
    hit: list[int] = places.tolist()
    return hit


@cache
def _gates() -> Gates:
    return Gates(
        {
            gates.NAME: names.ANNOUNCING_WORDS,
            gates.LINK: names.LINKS,
            gates.LINKED: names.LINKED,
            gates.BIRTH: birth.WORDS,
            gates.CREDENTIAL: credentials.WORDS,
            gates.SPELLED: spelled.WORDS,
            gates.CODE: codes.WORDS,
            gates.STREET: written_small.WORDS,
        },
        payment.IBAN_COUNTRIES,
    )


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
        if not settings.allow.covers(text, start, end):
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
        lambda span: span.kind in wanted and not settings.allow.covers(text, span.start, span.end),
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
