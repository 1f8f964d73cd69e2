from __future__ import annotations

import pytest

from factory import pairs
from tunesmith.clean.punctuation import StraightPunctuation
from tunesmith.step import apply


def cleaned(text: str, **settings) -> str:
    return apply([StraightPunctuation(**settings)], pairs({"answer": text})).frame["answer"][0]


def test_quotes_as_ftfy_writes_them() -> None:
    from ftfy.fixes import uncurl_quotes

    text = "“a” ‘b’ „c“ \u201ad‘ it’s 5\u2032 6\u2033 «e» `f` \u02bcn"
    assert cleaned(text, quotes="straighten") == uncurl_quotes(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9–17, e\u2010mail", "9-17, e-mail"),
        ("a—b—c — d", "a - b - c - d"),
        ("— he said —\nend", "- he said -\nend"),
        ("−5 °C", "−5 °C"),
        ("so “x—y”", "so “x - y”"),
    ],
)
def test_dashes(text, expected) -> None:
    assert cleaned(text, dashes="straighten") == expected


def test_nothing_happens_unasked() -> None:
    assert cleaned("“a” — b") == "“a” — b"
