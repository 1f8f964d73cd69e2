from __future__ import annotations

import pytest
from pydantic import ValidationError

from factory import pairs
from tunesmith.clean.terminology import Terminology
from tunesmith.step import apply

TERMS = Terminology(
    terms={
        "log in": "sign in",
        "e-mail": "email",
        "north star": "NorthStar",
        "app": "Trellis app",
        "C++": "Cpp",
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please log in now", "Please sign in now"),
        ("Log in. LOG IN! log\n in?", "Sign in. SIGN IN! sign in?"),
        ("the NORTH STAR and North star", "the NorthStar and NorthStar"),
        ("blog in snappy apps", "blog in snappy apps"),
        ("our app", "our Trellis app"),
        ("an e-mail, E-Mail", "an email, Email"),
        ("C++ code", "Cpp code"),
    ],
)
def test_whole_words_in_their_case(text, expected) -> None:
    assert apply([TERMS], pairs({"answer": text})).frame["answer"][0] == expected


def test_a_replacement_is_not_replaced_again() -> None:
    swap = Terminology(terms={"tea": "coffee", "coffee": "tea"})
    assert apply([swap], pairs({"answer": "tea, coffee"})).frame["answer"][0] == "coffee, tea"


def test_the_longer_variant_wins() -> None:
    step = Terminology(terms={"card": "pass", "card reader": "terminal"})
    done = apply([step], pairs({"answer": "a card for the card reader"})).frame
    assert done["answer"][0] == "a pass for the terminal"


def test_variants_that_differ_in_case_are_refused() -> None:
    with pytest.raises(ValidationError, match="differ only in case"):
        Terminology(terms={"App": "x", "app": "y"})
