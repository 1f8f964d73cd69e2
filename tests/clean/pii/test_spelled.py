from __future__ import annotations

import time

import polars as pl
import pytest

from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.normal import normal
from tunesmith.clean.pii.replace import Style
from tunesmith.clean.pii.spelled import spelled_emails


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in spelled_emails(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to bob (at) firm (dot) com please", ["bob (at) firm (dot) com"]),
        ("bob [at] firm dot com", ["bob [at] firm dot com"]),
        ("bob(at)firm.com, or ann{AT}firm.co.uk.", ["bob(at)firm.com", "ann{AT}firm.co.uk"]),
        ("jane.doe <@> eu.firm [.] org", ["jane.doe <@> eu.firm [.] org"]),
        ("jane dot doe at firm dot com is mine", ["jane dot doe at firm dot com"]),
        ("my mail is info at firm dot co dot uk.", ["info at firm dot co dot uk"]),
        ("max (ät) firma punkt de", ["max (ät) firma punkt de"]),
        ("bob@firm dot com", ["bob@firm dot com"]),
        ("bob.w+x@firm (dot) com!", ["bob.w+x@firm (dot) com"]),
    ],
)
def test_what_is_an_address(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "look at example dot com",
        "we are at firm dot com now",
        "meet me at example dot com",
        "they met (at) noon",
        "it occurred at some point in time",
        "sold at 5 dot com shops",
        "bob at firm.com",  # no dot is spelled: as likely a shop that somebody works at
        "bob@firm.com",  # `mail` finds it
        "bob dot com",
        "at dot com",
    ],
)
def test_what_is_none(text: str) -> None:
    assert found(text) == []


def test_time_grows_with_the_text_only() -> None:
    for text in ("a at b dot " * 20_000, "bob (at) " * 20_000, "a-" * 100_000 + " at b dot com"):
        started = time.perf_counter()
        found(text)
        assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "spelled", ["Bob (at) firm (dot) com", "bob at firm dot com", "bob[@]firm.com"]
)
def test_a_spelled_address_has_the_pseudonym_of_the_plain_one(spelled: str) -> None:
    assert normal("EMAIL", spelled) == normal("EMAIL", "bob@firm.com")


@pytest.mark.parametrize("style", ["tag", "pseudonym", "fake"])
def test_nothing_is_left(style: Style) -> None:
    step = MaskPersonalData(replace=style)
    text = (
        "mail bob (at) firm (dot) com, card 4111 1111 1111 1111 exp 04/27 cvv 123, my pin is 4821, "
        "my password is bluehorse, 12 main street, springfield il 62704, P.O. Box 12, Springfield"
    )
    masked, found = step.mask(text)
    assert found == {"EMAIL": 1, "CARD": 3, "SECRET": 2, "ADDRESS": 2}
    assert not step.scan(pl.Series([masked]))
    for value in ("firm", "04/27", "123", "4821", "bluehorse", "main", "springfield"):
        assert value not in masked.lower()
