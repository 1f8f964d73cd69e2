from __future__ import annotations

import ipaddress
import re

import phonenumbers
import pytest
from stdnum import iban, luhn
from stdnum.us import ssn

from tunesmith.clean.pii.fakes import people, phones
from tunesmith.clean.pii.fakes.make import fake_of
from tunesmith.clean.pii.fakes.verify import is_fake

KEY, OTHER = b"a secret of this test", b"another secret of this test"
REGIONS = ("US", "GB")

VALUES = [
    ("EMAIL", "jane.doe@acme.example"), ("PHONE", "(212) 867-5309"), ("PHONE", "867-5309"),
    ("PHONE", "+44 20 7123 1234"), ("PHONE", "07912 345678"), ("PHONE", "+33 6 12 34 56 78"),
    ("PHONE", "+49 30 12345678"), ("PHONE", "+351 912 345 678"), ("CARD", "4111 1111 1111 1111"),
    ("CARD", "378282246310005"), ("IBAN", "DE89 3704 0044 0532 0130 00"),
    ("IBAN", "GB82WEST12345698765432"), ("SSN", "078-05-1120"), ("SSN", "078 05 1120"),
    ("NATIONAL_ID", "12345678Z"), ("IP_ADDRESS", "10.2.3.4"),
    ("IP_ADDRESS", "fe80:0:0:0:1:2:3:4"), ("IP_ADDRESS", "fe80::1"),
    ("MAC_ADDRESS", "00:1A:2B:3C:4D:5E"), ("MAC_ADDRESS", "001a.2b3c.4d5e"),
    ("DATE_OF_BIRTH", "25/12/1985"), ("DATE_OF_BIRTH", "March 3rd, 1990"),
    ("DATE_OF_BIRTH", "1985-12-25"), ("DATE_OF_BIRTH", "3 feb 85"), ("ACCOUNT", "AC-123456"),
    ("SECRET", "AKIAIOSFODNN7EXAMPLE"), ("SECRET", "Tr0ub4dor&3"),
    ("URL_CREDENTIALS", "bob:hunter2"), ("CRYPTO_ADDRESS", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
    ("CRYPTO_ADDRESS", "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe"),
    ("ADDRESS", "12 Main Street, Apt 4, Springfield, IL 62701"), ("ADDRESS", "Hauptstraße 12"),
    ("PERSON", "Jane Doe"), ("ORGANIZATION", "Doe & Partners Ltd"), ("LOCATION", "New York"),
]  # fmt: skip
UNSEALED = {"PERSON", "ORGANIZATION", "LOCATION", "CRYPTO_ADDRESS"}


def made(kind, value, whole=None, key=KEY):
    return fake_of(key, kind, value, whole, REGIONS)


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_fake_is_another_value_known_again_by_its_key_alone(kind, value) -> None:
    fake = made(kind, value)
    assert fake is not None
    assert fake != value
    assert made(kind, value) == fake
    assert made(kind, value, key=OTHER) != fake
    assert kind in UNSEALED or is_fake(KEY, fake, REGIONS)
    assert not is_fake(KEY, value, REGIONS)
    if kind not in {"EMAIL", "IP_ADDRESS", "LOCATION"}:
        shape = re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "1", value))
        assert len(re.findall(r"\w+", fake)) == len(re.findall(r"\w+", value)), shape


@pytest.mark.parametrize(("kind", "value"), [
    (kind, value) for kind, value in VALUES
    if kind in {"PHONE", "CARD", "IBAN", "SSN", "NATIONAL_ID", "ACCOUNT", "SECRET", "MAC_ADDRESS"}
])  # fmt: skip
def test_grouping_and_length_stay(kind, value) -> None:
    def signs(text):
        return re.sub(r"[A-Za-z0-9]", "x", text)

    assert signs(made(kind, value)) == signs(value)


def test_spellings_have_one_fake() -> None:
    assert made("EMAIL", "Jane.Doe@Acme.example") == made("EMAIL", "jane.doe@acme.example")
    digits = [
        re.sub(r"\D", "", made("CARD", text) or "")
        for text in ("4111 1111 1111 1111", "4111111111111111")
    ]
    assert digits[0] == digits[1]
    assert people.person(KEY, "JANE DOE") == people.person(KEY, "Jane Doe").upper()
    assert people.person(KEY, "Jane Doe").split()[0] == people.person(KEY, "Jane")
    assert people.person(KEY, "Jané Doe") == people.person(KEY, "Jane Doe")
    mail = made("EMAIL", "jane.doe@acme.example")
    assert mail.startswith(people.person(KEY, "jane doe").replace(" ", "."))
    assert made("EMAIL", "jane.doe@other.example") != mail


def test_small_words_and_titles_stay_and_short_names_do_not() -> None:
    assert people.person(KEY, "Dr. Ann van der Berg").startswith("Dr. ")
    assert " van der " in people.person(KEY, "Dr. Ann van der Berg")
    assert "doe" not in people.person(KEY, "jane doe")
    assert people.person(KEY, "of") != "of"


def test_no_card_iban_or_social_security_number_is_valid() -> None:
    for number in range(40):
        card = made("CARD", f"4{number:011d}0000")
        assert not luhn.is_valid(card)
        assert not iban.is_valid(made("IBAN", f"DE{number:02d}370400440532013000"))
        fake = made("SSN", f"1{number:02d}-05-1{number:03d}")
        assert not ssn.is_valid(fake)
        assert fake[0] == "9"


def test_telephones_are_of_ranges_for_fiction_or_none() -> None:
    assert re.fullmatch(r"\([2-7][0-8]\d\) 555-01\d\d", made("PHONE", "(212) 867-5309"))
    assert re.fullmatch(r"\+44 20 7946 0\d{3}", made("PHONE", "+44 20 7123 1234"))
    assert re.fullmatch(r"07700 900\d{3}", made("PHONE", "07912 345678"))
    assert re.fullmatch(r"\+33 6 39 98 \d\d \d\d", made("PHONE", "+33 6 12 34 56 78"))
    for number in range(30):
        fake = made("PHONE", f"+351 912 3{number:02d} 678")
        assert not phonenumbers.is_valid_number(phonenumbers.parse(fake, None))
    assert phones.is_nobodys("+1 (212) 555-0123 ext 4")
    assert not phones.is_nobodys("212-555-1123")


def test_addresses_of_machines_are_for_documentation_or_local() -> None:
    for number in range(20):
        ip = ipaddress.ip_address(made("IP_ADDRESS", f"10.2.3.{number}"))
        assert any(
            ip in ipaddress.ip_network(net)
            for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
        )
        mac = made("MAC_ADDRESS", f"00:1a:2b:3c:4d:{number:02x}")
        assert int(mac[:2], 16) & 3 == 2
    assert ipaddress.ip_address(made("IP_ADDRESS", "fe80::1")) in ipaddress.ip_network(
        "2001:db8::/32"
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("25/12/1985", r"\d\d/\d\d/198[3-7]"), ("December 25th, 1985", r"[A-Z][a-z]+ \d{1,2}(st|nd|rd|th), 198\d"),
        ("5 JAN 85", r"\d{1,2} [A-Z]{3} 8\d"), ("1985-02-03", r"198\d-\d\d-\d\d"),
    ],
)  # fmt: skip
def test_dates_are_written_as_before(text, form) -> None:
    assert re.fullmatch(form, made("DATE_OF_BIRTH", text))


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("Jane", 0), ("Doe", 1), ("JANE", 0), ("janedoe", "both"), ("Jame", 0), ("J. Doe", "initial"),
        ("Doe, Jane", "turned"),
    ],
)  # fmt: skip
def test_the_spellings_of_a_known_person_keep_to_one_fake(written, same) -> None:
    first, last = people.person(KEY, "Jane Doe").split()
    fake = people.person(KEY, written, "Jane Doe")
    expected = {
        "both": (first + last).lower(), "initial": f"{first[0]}. {last}", "turned": f"{last}, {first}",
    }  # fmt: skip
    wanted = expected[same] if isinstance(same, str) else (first, last)[same]
    assert fake.lower() == wanted.lower()
    assert fake[0].isupper() == written[0].isupper()


@pytest.mark.parametrize(
    ("kind", "value"),
    [("ACCOUNT", "12-34"), ("URL_CREDENTIALS", "a:b"), ("ADDRESS", "P.O. Box 12"), ("DATE_OF_BIRTH", "99/99/1985"),
     ("SECRET", "-----BEGIN PRIVATE KEY-----\nabc123\n-----END PRIVATE KEY-----")],
)  # fmt: skip
def test_what_could_not_be_known_again_has_no_fake(kind, value) -> None:
    assert made(kind, value) is None


def test_a_fake_beside_a_real_name_is_not_taken_for_one() -> None:
    fake = people.person(KEY, "Jane Doe")
    given = fake.split()[0]
    assert people.spans(KEY, f"Hello {fake}, yes") == [(6, 6 + len(fake))]
    assert people.spans(KEY, f"Hello {given} Smith, yes") == []
    assert people.spans(OTHER, f"Hello {fake}, yes") == []


def test_real_names_seldom_pass_as_fakes(shared_data) -> None:
    import json

    rows = json.loads((shared_data / "pii-presidio" / "synth_dataset_v2.json").read_text("utf-8"))
    names = {
        s["entity_value"] for row in rows for s in row["spans"] if s["entity_type"] == "PERSON"
    }
    keys = [f"secret number {number}".encode() for number in range(10)]
    passed = sum(bool(people.spans(key, name)) for key in keys for name in names)
    assert passed / len(names) / len(keys) < 0.01
