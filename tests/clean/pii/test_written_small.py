from __future__ import annotations

import time

import pytest

from tunesmith.clean.pii.detect import find
from tunesmith.clean.pii.written_small import boxes, small_addresses


def found(text: str) -> list[str]:
    spans = find(text, ("ADDRESS",))
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i live at 12 main street, springfield il 62704 and", ["12 main street, springfield il 62704"]),
        ("12 main street", ["12 main street"]),
        ("ship to 4 oak dr apt 5, new york, ny 10001-1234", ["4 oak dr apt 5, new york, ny 10001-1234"]),
        ("send it to 120b n 5th ave.", ["120b n 5th ave"]),
        ("to P.O. Box 123, Springfield. Thanks", ["P.O. Box 123, Springfield"]),
        ("P.O. Box 12, New York", ["P.O. Box 12, New York"]),
        ("Postfach 1234, Hamburg", ["Postfach 1234, Hamburg"]),
        ("Postfach 12 34 56, 80331 München", ["Postfach 12 34 56, 80331 München"]),
        ("po box 12, springfield il 62704", ["po box 12, springfield il 62704"]),
        ("PO BOX 4731\n\nOmaha, NE 68104", ["PO BOX 4731\n\nOmaha, NE 68104"]),
        ("P.O. Box 12, Bury St. Edmunds.", ["P.O. Box 12, Bury St. Edmunds"]),
        ("P.O. Box 12, Please call", ["P.O. Box 12"]),
        ("12 Main St, P.O. Box 5, Springfield, IL 62704", ["12 Main St", "P.O. Box 5, Springfield, IL 62704"]),
    ],
)  # fmt: skip
def test_what_is_an_address(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "5 minutes down the road",
        "24 hour drive",
        "2 cars on the street",
        "a box 12 inches wide",
        "order 123456 main street",
        "version 1.2 main street",
        "12 streets and 3 roads",
        "i placed 3 orders in court",
        "4 oak drive",  # without a town it may be a drive of any kind
    ],
)
def test_what_is_none(text: str) -> None:
    assert found(text) == []


def test_time_grows_with_the_text_only() -> None:
    for text in ("1 a b c " * 20_000, "po box 1, " * 20_000, "12 " + "a" * 200_000, "1" * 200_000):
        started = time.perf_counter()
        list(small_addresses(text)), list(boxes(text))
        assert time.perf_counter() - started < 5
