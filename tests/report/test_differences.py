"""An answer beside its reference, word by word."""

from __future__ import annotations

import difflib
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.report.differences import compare_words

WORDS = st.lists(st.sampled_from(["the", "parcel", "Parcel.", "is", "lost", "we", "(send)", "\n"]))
TEXTS = WORDS.map(" ".join) | st.text(max_size=40)


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("We send it today.", "we send it tomorrow",
         [("same", "We send it"), ("added", " today."), ("missing", "tomorrow")]),
        ("", "x", [("missing", "x")]),
        ("all new words", "", [("added", "all new words")]),
        # A lone agreement between two differences does not break them up.
        ("open the door now", "close the window then",
         [("added", "open the door now"), ("missing", "close the window then")]),
    ],
)  # fmt: skip
def test_what_both_say_and_what_one_says(
    answer: str, reference: str, expected: list[tuple[str, str]]
) -> None:
    found = compare_words(answer, reference)
    assert [(s.kind, s.text) for s in found.stretches] == expected


def test_a_long_stretch_that_is_missing_is_shown_by_its_ends() -> None:
    reference = " ".join(f"w{i}" for i in range(40))
    stretch = compare_words("nothing alike", reference).stretches[-1]
    assert stretch.text == "w0 w1 w2 w3 w4 … w37 w38 w39"
    assert stretch.whole == reference


@given(answer=TEXTS, reference=TEXTS)
def test_the_stretches_give_back_both_texts(answer: str, reference: str) -> None:
    found = compare_words(answer, reference)
    assert "".join(s.text for s in found.stretches if s.kind != "missing") == answer
    words = len(re.findall(r"\S+", answer)), len(re.findall(r"\S+", reference))
    assert (found.same + found.added, found.same + found.missing) == words
    kinds = [s.kind for s in found.stretches if s.text.strip()]
    assert all(a != b for a, b in pairwise(kinds))


@given(answer=WORDS, reference=WORDS)
def test_no_more_is_called_the_same_than_a_longest_common_subsequence(
    answer: list[str], reference: list[str]
) -> None:
    """The reference is difflib: its matching blocks are a common subsequence, ours the longest
    one without lone agreements, so ours is never longer than min(len) and equal texts are whole."""
    ours = compare_words(" ".join(answer), " ".join(reference))
    assert ours.same <= min(len(" ".join(answer).split()), len(" ".join(reference).split()))
    whole = compare_words(" ".join(answer), " ".join(answer))
    matcher = difflib.SequenceMatcher(None, answer, answer, autojunk=False)
    assert matcher.ratio() == 1.0
    assert (whole.added, whole.missing) == (0, 0)
