from __future__ import annotations

import pytest

from tunesmith.clean.pii.detect import Settings, find
from tunesmith.clean.pii.national import NATIONAL_IDS
from tunesmith.clean.pii.spans import KINDS


def found(text: str, **settings) -> list[tuple[str, str]]:
    spans = find(text, KINDS, Settings(**settings))
    return [(span.kind, text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        # The example of the Amazon Web Services documentation, and made-up keys of the same forms.
        ("key AKIAIOSFODNN7EXAMPLE here", "SECRET", "AKIAIOSFODNN7EXAMPLE"),
        ("use ghp_" + "a1B2" * 9 + " then", "SECRET", "ghp_" + "a1B2" * 9),
        ("my password is Tr0ub4dor&3.", "SECRET", "Tr0ub4dor&3"),
        ("passwort lautet Sommerhaus", "SECRET", "Sommerhaus"),
        ("my password is bluehorse and it fails", "SECRET", "bluehorse"),
        ("Passwort ist Sommerhaus.", "SECRET", "Sommerhaus"),
        ("KENNWORT: „blauwal“", "SECRET", "blauwal"),
        ("the passcode is 4821", "SECRET", "4821"),
        ("api_key: 'x9f3kqz81mmw'", "SECRET", "x9f3kqz81mmw"),
        # BIP 173's example, and the address of Bitcoin's first block.
        ("to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 now", "CRYPTO_ADDRESS", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "CRYPTO_ADDRESS", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("0x" + "52908400098527886E0F7030069857D2E4169EE7", "CRYPTO_ADDRESS", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("router 00:1B:44:11:3A:B7 is down", "MAC_ADDRESS", "00:1B:44:11:3A:B7"),
        ("switch 001b.4411.3ab7", "MAC_ADDRESS", "001b.4411.3ab7"),
        ("I was born on 4 March 1984", "DATE_OF_BIRTH", "4 March 1984"),
        ("DOB: 1984-03-04", "DATE_OF_BIRTH", "1984-03-04"),
        ("geboren am 4.3.1984", "DATE_OF_BIRTH", "4.3.1984"),
        ("card 630427373398", "CARD", "630427373398"),
        ("JCB 213176828496175", "CARD", "213176828496175"),
        ("ship to 12 Harbour Street, please", "ADDRESS", "12 Harbour Street"),
        ("Berliner Straße 7, 10115 Berlin", "ADDRESS", "Berliner Straße 7, 10115 Berlin"),
        ("12 rue de la Paix, 75002 Paris", "ADDRESS", "12 rue de la Paix, 75002 Paris"),
        ("calle Mayor 5", "ADDRESS", "calle Mayor 5"),
        ("P.O. Box 1234", "ADDRESS", "P.O. Box 1234"),
        ("My name is Nadia Kowalski.", "PERSON", "Nadia Kowalski"),
        ("my name is nadia kowalski.", "PERSON", "nadia kowalski"),
        ("Dear Mr. Okonkwo, thanks", "PERSON", "Okonkwo"),
        ("That works.\n\nRegards,\nLena Fischer", "PERSON", "Lena Fischer"),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_what_is_personal(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "the secret of good coffee is patience, the password is required",
        "to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5 now",
        "pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "our shop was born in 1999 at 12:30",
        "on 4 March 1984 we opened",
        "invoice 434527792612",
        "we ship 12 boxes, version 3 Street edition",
        "my password is wrong, your password is incorrect and the old password is expired",
        "the password is case sensitive; password: required; password: string value",
        "password: street",
        "Passwort ist falsch, mein Passwort ist abgelaufen",
        "my password isn't working, my password was rejected",
        "Dear customer, Hello there. Thanks, the team",
        "Press Settings > Privacy and choose Delete Account",
        "Zip 3610-114",
        "5 Steps to a better day, 12 Monkeys",
        "open 9 to 5, Monday 12 March",
    ],
)
def test_what_is_not(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("country", "text", "value"),
    [
        # Valid numbers from the documentation of python-stdnum's modules.
        ("BE", "Rijksregister 85.07.30-033 28", "85.07.30-033 28"),
        ("BR", "CPF 390.533.447-05", "390.533.447-05"),
        ("CH", "AHV 756.9217.0769.85", "756.9217.0769.85"),
        ("ES", "DNI 54362315-K", "54362315-K"),
        ("FI", "tunnus 131052-308T", "131052-308T"),
        ("FR", "numéro 2 95 10 99 126 111 93", "2 95 10 99 126 111 93"),
        ("IT", "codice RCCMNL83S18D969H", "RCCMNL83S18D969H"),
        ("NL", "my BSN is 111222333", "111222333"),
        ("PL", "PESEL 44051401359", "44051401359"),
        ("DE", "meine Steuer-ID 36 574 261 809", "36 574 261 809"),
        ("SE", "personnummer 880320-0016", "880320-0016"),
        ("US", "ITIN 912-90-3456", "912-90-3456"),
        ("GB", "it is AB 12 34 56 C", "AB 12 34 56 C"),
        ("GB", "NINO: AB123456C", "AB123456C"),
    ],
)
def test_national_numbers(country: str, text: str, value: str) -> None:
    assert ("NATIONAL_ID", value) in found(text, countries=(country,))
    assert ("NATIONAL_ID", value) not in found(text)


def test_a_weak_number_needs_a_word_that_announces_it() -> None:
    assert found("order 111222333", countries=("NL",)) == []


@pytest.mark.parametrize(
    "code", ["part AB123456C", "QQ 12 34 56 C", "BG 12 34 56 A", "AB 12 34 56 E"]
)
def test_a_code_is_no_national_insurance_number(code: str) -> None:
    assert "NATIONAL_ID" not in dict(found(code, countries=("GB",)))


def test_every_country_has_its_checker() -> None:
    for country in NATIONAL_IDS:
        assert found("nothing personal: 1", countries=(country,)) == []


def test_the_companys_own_numbers() -> None:
    accounts = (r"\bAC-\d{6}\b", r"KD\d{4}")
    assert found("AC-123456, KD0815 and AC-1234567", accounts=accounts) == [
        ("ACCOUNT", "AC-123456"),
        ("ACCOUNT", "KD0815"),
    ]


def test_names_by_lists() -> None:
    text = "Nicole moved to Lisbon and works for Brightwater Labs with Tomasz Nowak."
    assert found(text, lists=True) == [
        ("PERSON", "Nicole"),
        ("LOCATION", "Lisbon"),
        ("ORGANIZATION", "Brightwater Labs"),
        ("PERSON", "Tomasz Nowak"),
    ]
    assert found(text) == []
