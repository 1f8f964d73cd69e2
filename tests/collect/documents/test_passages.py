"""Passages of long pages: nothing lost, nothing too long, headings kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith.collect.documents.blocks import Block
from tunesmith.collect.documents.markdown import text_blocks
from tunesmith.collect.documents.passages import Passages, cut, estimate_tokens

WORDS = st.lists(st.text("abcdefg", min_size=1, max_size=12), min_size=1, max_size=60)
BLOCKS = st.lists(
    st.one_of(
        st.builds(lambda w, n: Block("heading", " ".join(w[:5]), n), WORDS, st.integers(1, 4)),
        st.builds(lambda w: Block("paragraph", " ".join(w)), WORDS),
        st.builds(lambda w: Block("table", "\n".join(w), header="a | b"), WORDS),
    ),
    min_size=1,
    max_size=30,
)


@given(BLOCKS, st.integers(60, 300), st.integers(0, 25), st.integers(0, 60))
def test_every_word_is_in_exactly_one_passage(blocks, most, overlap, least) -> None:
    settings = Passages(max_tokens=most, overlap_tokens=overlap, min_tokens=least)
    passages = cut(blocks, settings)
    before = [word for block in blocks for word in block.text.split()]
    after = [word for p in passages for block in p.blocks for word in block.text.split()]
    assert after == before
    for passage in passages:
        above = sum(estimate_tokens(heading.text) + 1 for heading in passage.path)
        assert estimate_tokens(passage.text(headings=False)) <= most + overlap + 8
        assert above <= most


def test_a_short_page_is_one_passage() -> None:
    blocks = [Block("heading", "A", 1), Block("paragraph", "b"), Block("heading", "C", 2)]
    [passage] = cut(blocks, Passages())
    assert passage.blocks == blocks


def test_passages_keep_their_headings_and_number_their_sections() -> None:
    text = "# Guide\n\n" + "\n\n".join(
        f"## Part {letter}\n\n" + "word " * 90 for letter in "AB"
    ) + "\n\n### Detail\n\n" + "word " * 90  # fmt: skip
    settings = Passages(max_tokens=120, min_tokens=20, overlap_tokens=0)
    passages = cut(list(text_blocks(text, markdown=True)), settings)
    assert [(p.position, [h.text for h in p.path]) for p in passages] == [
        ("section 1", []),
        ("section 1.2", ["Guide"]),
        ("section 1.2.1", ["Guide", "Part B"]),
    ]
    assert passages[2].text(headings=True).startswith("# Guide\n\n## Part B\n\n### Detail\n\nword")


def test_sentences_overlap_where_a_section_is_cut() -> None:
    text = " ".join(f"This is the sentence with number {number}." for number in range(60))
    settings = Passages(max_tokens=150, min_tokens=0, overlap_tokens=20)
    first, second, *_ = cut([Block("paragraph", text)], settings)
    last = first.blocks[-1].text.rsplit(". ", 1)[-1]
    assert second.overlap.endswith(last)
    assert second.text(headings=True).startswith(second.overlap)


def test_code_is_no_heading() -> None:
    blocks = list(text_blocks("# A\n\n```\n# comment\n```\n\nUnder\n-----\n\nb", markdown=True))
    assert [(block.kind, block.text) for block in blocks] == [
        ("heading", "A"),
        ("code", "```\n# comment\n```"),
        ("heading", "Under"),
        ("paragraph", "b"),
    ]


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="overlap_tokens must be at most half"):
        Passages(max_tokens=100, overlap_tokens=60, min_tokens=0)
    with pytest.raises(ValidationError, match="min_tokens must be at most"):
        Passages(max_tokens=100, overlap_tokens=0, min_tokens=101)
