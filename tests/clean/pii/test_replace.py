from __future__ import annotations

from tunesmith.clean.pii.detect import find
from tunesmith.clean.pii.fakes import people
from tunesmith.clean.pii.replace import without_fakes

KEY = b"a secret of this test"


def without(text: str) -> str:
    return without_fakes(KEY, text, find(text), ("US",))


def test_the_scan_looks_past_fakes_and_nothing_else() -> None:
    name = people.person(KEY, "Jane Doe")
    assert without(f"Hello {name}, call (212) 555-0123 or (212) 867-5309") == (
        "Hello [PERSON_XXXXXXXXXXXX], call [PHONE_XXXXXXXXXXXX] or (212) 867-5309"
    )


def test_an_address_with_a_fake_name_in_it_stays_an_address() -> None:
    text = f"Write to {people.person(KEY, 'jane')}@acme.test."
    assert without(text) == text
