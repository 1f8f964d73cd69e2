from __future__ import annotations

import time

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.clean.pii.phone import phones


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in phones(text, ("US",), anywhere=True)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Smith+351 912 345 678(212) 555-0123", ["+351 912 345 678", "(212) 555-0123"]),
        ("Smith+351912345678, yes", ["+351912345678"]),
        ("tel=+351 912 345 678Smith", ["+351 912 345 678"]),
        ("(212) 555-0123(212) 555-0199", ["(212) 555-0123", "(212) 555-0199"]),
        ("Smith(212) 555-0123x12now", ["(212) 555-0123x12"]),
        ("+351 912 345 678+44 20 7123 1234", ["+351 912 345 678", "+44 20 7123 1234"]),
        ("912 345 678(212) 555-0123", ["912 345 678", "(212) 555-0123"]),
        ("2125550123(212) 555-0199", ["(212) 555-0199"]),
    ],
)
def test_numbers_glued_to_words_and_to_each_other(text, numbers) -> None:
    assert found(text) == numbers


@pytest.mark.parametrize(
    "text", ["+1(212) 555-0123x12", "1(212) 555-0123", "001(212) 555-0123", "+44(0)20 7123 1234"]
)
def test_a_country_code_glued_to_its_number_is_part_of_it(text) -> None:
    assert found(f"at {text}, daily") == [text]


@pytest.mark.parametrize("text", ["a+12345678b", "x+1234567", "1+2345678"])
def test_what_is_glued_and_no_sure_number_stays(text) -> None:
    assert found(text) == []


_NUMBERS = ["(212) 555-0123", "+351 912 345 678", "+4915112345678", "+1 (212) 867-5309"]


@given(
    st.lists(
        st.one_of(st.sampled_from(_NUMBERS), st.text(alphabet="ab 19-.+()@:/[]=", max_size=6)),
        max_size=6,
    )
)
def test_all_that_libphonenumber_is_sure_of_is_found(parts: list[str]) -> None:
    text = "".join(parts)
    covered = {place for span in phones(text, ("US",), anywhere=True) for place in range(*span)}
    for match in phonenumbers.PhoneNumberMatcher(text, None):
        if match.raw_string.lstrip("(").startswith("+"):
            digits = [n for n in range(match.start, match.end) if text[n].isdigit()]
            assert covered.intersection(digits), (text, match.raw_string)


@pytest.mark.parametrize(
    "piece", ["+", "(", "+1", "a+351 912 345 678", "(212) 555-0123", "1 ", "1(", "+1 (2"]
)
def test_time_grows_with_the_text(piece) -> None:
    def seconds(letters: int) -> float:
        text = piece * (letters // len(piece))
        start = time.process_time()
        found(text)
        return time.process_time() - start

    seconds(1000)
    assert seconds(80_000) < 40 * max(seconds(8_000), 0.002)
