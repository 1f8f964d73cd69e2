from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.clean.pii import gates
from tunesmith.clean.pii.gates import Gates

NAMED = {
    name: getattr(gates, name)
    for name in (
        *("DIGIT", "SIX_DIGITS", "CARD", "GROUPED", "SEVEN_DIGITS", "AT", "URL", "IBAN", "MARKS"),
        *("LONG", "NAME", "BIRTH", "CREDENTIAL", "PLACE", "SPELLED", "CODE", "STREET"),
    )
}
WORDS = Gates(
    {
        gates.NAME: {"dear", "is", "s", "se\u00f1or"},
        gates.LINK: {"speaking"},
        gates.LINKED: {"with"},
        gates.BIRTH: {"born"},
        gates.CREDENTIAL: {"password"},
        gates.SPELLED: {"dot"},
        gates.CODE: {"pin", "pr\u00fcfnummer"},
        gates.STREET: {"street"},
    },
    ["de"],
)


def opened(text: str) -> set[str]:
    bits = int(WORDS(pl.Series([text]))[0])
    assert bits & gates.ALWAYS
    return {name for name, gate in NAMED.items() if bits & gate}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set()),
        ("nothing to see here. Unfortunately, nothing at all!", set()),
        ("one 1", {"DIGIT"}),
        ("12-34 - 56", {"DIGIT", "SIX_DIGITS"}),
        ("12 and 34 and 56", {"DIGIT"}),
        ("12\n34\n56", {"DIGIT"}),
        ("4111 1111 1111", {"DIGIT", "SIX_DIGITS", "GROUPED"}),
        ("6304 2737 3398", {"DIGIT", "SIX_DIGITS", "CARD", "GROUPED"}),
        ("1 6304.2737-3398 1", {"DIGIT", "MARKS", "SIX_DIGITS", "CARD", "GROUPED"}),
        ("1630427373398", {"DIGIT", "SIX_DIGITS", "SEVEN_DIGITS", "LONG"}),
        ("4111 1111 1111 1111", {"DIGIT", "SIX_DIGITS", "CARD", "GROUPED"}),
        ("41111111 / 1111", {"DIGIT", "SIX_DIGITS", "GROUPED", "SEVEN_DIGITS"}),
        ("1234567", {"DIGIT", "SIX_DIGITS", "SEVEN_DIGITS"}),
        ("+1234567", {"DIGIT", "SIX_DIGITS", "SEVEN_DIGITS", "GROUPED"}),
        ("(1234567", {"DIGIT", "SIX_DIGITS", "SEVEN_DIGITS", "GROUPED"}),
        ("1234567 ext 4", {"DIGIT", "SIX_DIGITS", "SEVEN_DIGITS", "GROUPED"}),
        ("555\u20110112", {"DIGIT", "SIX_DIGITS", "GROUPED"}),
        ("a@b", {"AT"}),
        ("a @ b", set()),
        ("https://u:p@h", {"AT", "MARKS", "URL"}),
        ("x?key=v", {"URL"}),
        ("DE 89", {"DIGIT", "PLACE"}),
        ("DE 89 3704-0044 053", {"DIGIT", "SIX_DIGITS", "GROUPED", "IBAN", "PLACE"}),
        ("de893704004", {"DIGIT", "SIX_DIGITS", "SEVEN_DIGITS"}),
        ("de89 abcdefghijk", {"DIGIT", "IBAN"}),
        ("de89 abcdefghij", {"DIGIT"}),
        ("de89 abc. defghijk", {"DIGIT"}),
        ("at89 abcdefghijk", {"DIGIT"}),
        ("code 89", {"DIGIT"}),
        ("aa:bb:cc", {"MARKS"}),
        ("see. it. through", set()),
        ("a1b2c3d4e5f6g", {"DIGIT", "LONG"}),
        ("AKIAABCDEFGHIJKL", {"LONG"}),
        ("Dear Jane", {"NAME"}),
        ("DEAR \u00c9mile", {"NAME"}),
        ("dear jane", set()),
        ("dear (Jane", set()),
        ("se\u00f1or, Paz", {"NAME"}),
        ("with Jane", set()),
        ("speaking with Jane", {"NAME"}),
        ("name\u2019s jane", {"NAME"}),
        ("the name jane", set()),
        ("Born, then", {"BIRTH"}),
        ("a (at) b", {"SPELLED"}),
        ("a<\u00e4t>b", {"SPELLED"}),
        ("a[@]b", {"SPELLED"}),
        ("a {AT }b", {"SPELLED"}),
        ("a (attic) b", set()),
        ("firm dot com", {"SPELLED"}),
        ("the pin", set()),
        ("pin 4", {"DIGIT", "CODE"}),
        ("PR\u00dcFNUMMER 4", {"DIGIT", "CODE", "PLACE"}),
        ("4 main street", {"DIGIT", "STREET"}),
        ("stubborn, then", set()),
        ("password: x", {"CREDENTIAL"}),
        ("Room 5", {"DIGIT", "PLACE"}),
        ("Room #5", {"DIGIT", "PLACE"}),
        ("5 rue de Paix", {"DIGIT", "PLACE"}),
        ("the 5th of", {"DIGIT", "PLACE"}),
        ("5 of them", {"DIGIT"}),
        ("\u0661", set(NAMED)),
        ("\uff11", set(NAMED)),
        ("\u8a9e\U0001f600\u2764\ufe0f \u0434\u043e\u043c", set()),
    ],
)
def test_a_text_opens_the_gates_that_it_should(text: str, expected: set[str]) -> None:
    assert opened(text) == expected


@given(st.lists(st.none() | st.text(max_size=30), max_size=6))
def test_a_text_opens_the_same_gates_alone(texts: list[str | None]) -> None:
    together = WORDS(pl.Series(texts, dtype=pl.String)).tolist()
    alone = [WORDS(pl.Series([text], dtype=pl.String)).tolist()[0] for text in texts]
    assert together == alone
    assert [bits == 0 for bits in together] == [text is None for text in texts]
