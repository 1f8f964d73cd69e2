from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.code_blocks import blocks, blocks_and_spans, outside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n```\nb\n```\nc", ["```\nb\n```\n"]),
        ("```py\nb", ["```py\nb"]),
        ("```one line``` and more", []),
        ("~~~\n```\n~~~\n", ["~~~\n```\n~~~\n"]),
        ("````\n```\n````", ["````\n```\n````"]),
        ("a\n\n    b\n\n\n    c\nd", ["    b\n\n\n    c\n"]),
        ("    b\n\tc", ["    b\n\tc"]),
        ("list:\n    not code", []),
        ("    \n   \nnothing", []),
    ],
)
def test_blocks(text, expected) -> None:
    assert [text[start:end] for start, end in blocks(text)] == expected


def test_spans_lie_between_blocks() -> None:
    text = "use `a` or ``b ` c``\n```\n`d`\n```\n`open\n`"
    found = [text[start:end] for start, end in blocks_and_spans(text)]
    assert found == ["`a`", "``b ` c``", "```\n`d`\n```\n"]


MARKDOWN = st.lists(
    st.sampled_from(["```", "~~~", "``", "`", "    ", "\t", "\n", "\n\n", "a", "b c", " ", "é"]),
    max_size=25,
).map("".join)


@given(st.lists(st.one_of(MARKDOWN, st.none()), max_size=4))
def test_what_is_not_code_is_rewritten_and_nothing_else(texts) -> None:
    done = outside(pl.Series(texts, dtype=pl.String), lambda plain: plain.str.to_uppercase())
    for text, new in zip(texts, done, strict=True):
        if text is None:
            assert new is None
            continue
        place, expected = 0, ""
        for start, end in blocks_and_spans(text):
            assert place <= start < end <= len(text)
            expected += text[place:start].upper() + text[start:end]
            place = end
        assert new == expected + text[place:].upper()
