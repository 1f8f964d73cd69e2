from __future__ import annotations

import time

import pytest

from tunesmith.clean.pii.detect import find
from tunesmith.clean.pii.spans import KINDS


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in find(text, KINDS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4111 1111 1111 1111 exp 04/27 cvv 123", ["4111 1111 1111 1111", "04/27", "123"]),
        ("cvc: 123, expiry date is 04/2027", ["123", "04/2027"]),
        ("4111111111111111 gültig bis 4/27 Prüfnummer 123", ["4111111111111111", "4/27", "123"]),
        ("the security code (CVV2) is 4821.", ["4821"]),
        ("PRÜFNUMMER lautet 482", ["482"]),
    ],
)
def test_what_stands_on_a_card(text: str, expected: list[str]) -> None:
    assert found(text) == [("CARD", value) for value in expected]


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("my pin is 4821", "4821"),
        ("PIN lautet 4821, danke", "4821"),
        ("PIN: 482193.", "482193"),
        ("pin number 4821", "4821"),
    ],
)
def test_a_pin(text: str, pin: str) -> None:
    assert found(text) == [("SECRET", pin)]


@pytest.mark.parametrize(
    "text",
    [
        "the offer is valid until 04/27",
        "4111 1111 1111 1111 was charged. " + "We wrote of it before. " * 5 + "valid until 04/27",
        "a security code of 6 digits, 482193, was sent",
        "pin 12 of the connector",
        "pin 4 5000 mV",
        "the PIN is 4 digits",
        "spin 4821, shipping 4821, pins 4821",
        "cvv 12 and cvv 12345",
        "PIN 2024-05-01",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert all(value.startswith("4111 ") for _, value in found(text))


def test_time_grows_with_the_text_only() -> None:
    started = time.perf_counter()
    assert len(found("cvv 123 exp 04/27 " * 20_000)) == 40_000
    assert time.perf_counter() - started < 8
