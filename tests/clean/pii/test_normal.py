from __future__ import annotations

import pytest

from tunesmith.clean.pii.normal import normal


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        (
            "PERSON",
            ["Jane Doe", "JANE  DOE", "Doe, Jane", "Dr. Jane Doe", "Ms Jané Doe", "jane.doe"],
        ),
        ("PHONE", ["(212) 555-0123", "212 555 0123", "2125550123"]),
        ("EMAIL", ["Jane@Acme.example", "jane@acme.example"]),
        ("IBAN", ["DE89 3704 0044", "de8937040044"]),
    ],
)
def test_spellings_agree(kind, spellings) -> None:
    assert len({normal(kind, spelling) for spelling in spellings}) == 1


def test_what_differs_stays_apart() -> None:
    assert normal("PERSON", "Jane Doe") != normal("PERSON", "Jane Roe")
    assert normal("PERSON", "Mr") == "mr"
    assert normal("SECRET", "a b") != normal("SECRET", "ab")
