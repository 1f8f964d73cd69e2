from __future__ import annotations

import re
import time

import pytest

from tunesmith.clean.pii.allow import Allow
from tunesmith.clean.pii.detect import DEFAULT_KINDS, Settings, find
from tunesmith.clean.pii.settle import settled
from tunesmith.clean.pii.spans import Span


def found(text: str, **settings) -> list[str]:
    spans = find(text, DEFAULT_KINDS, Settings(**settings))
    return [text[span.start : span.end] for span in spans if span.kind == "PERSON"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Jane Doe. I paid twice.\nBest, Jane", ["Jane Doe", "Jane"]),
        ("Dear Mr. Doe, we called Doe twice.", ["Doe"]),
        ("My name is Rubija. Tell Rubija.", ["Rubija"]),
        ("My name is Jane Doe. The Janet Doering case", ["Jane Doe"]),
        ("My name is Jane Price. What is the Price? Price it.", ["Jane Price", "Price"]),
        ("My name is Jane Doe; jane is doe", ["Jane Doe"]),
    ],
)
def test_a_person_is_named_again(text, expected) -> None:
    assert found(text) == expected


def test_what_is_allowed_stays() -> None:
    text = "My name is Jane Doe. Jane signed."
    assert found(text, allow=Allow({"jane"})) == ["Jane Doe"]


def test_other_kinds_are_not_looked_for_again() -> None:
    text = "Paris and Paris"
    spans = [Span(0, 5, "LOCATION")]
    assert settled(text, spans, lambda _: True) == spans


def test_many_names_take_bounded_time() -> None:
    text = "".join(
        f"Dear Mr. Nam{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}, hi. " for i in range(676)
    )
    started = time.process_time()
    assert len(found(text * 4)) >= 676
    assert time.process_time() - started < 10
    assert re.search("Namaa", text)
