from __future__ import annotations

import importlib
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith.clean.pii.backends import SpacyModel
from tunesmith.clean.pii.backends.base import (
    Entity,
    find_in_windows,
    needs,
    windows,
    without_overlaps,
)
from tunesmith.clean.pii.detect import Span
from tunesmith.errors import MissingExtraError

TEXTS = st.text(alphabet="ab \n", max_size=400)


@given(TEXTS, st.integers(8, 60))
def test_each_place_is_one_windows_own(text: str, size: int) -> None:
    cut = list(windows(text, size, size // 3))
    assert cut[0].first == 0
    assert cut[-1].last == len(text)
    for window, following in itertools.pairwise(cut):
        assert window.last == following.first
        assert window.start < following.start < window.end < following.end
    for window in cut:
        assert window.start <= window.first <= window.last <= window.end <= window.start + size


def names(texts: list[str]) -> list[list[Entity]]:
    return [
        [Entity(*match.span(), "PERSON") for match in re.finditer(r"a\w*", text)] for text in texts
    ]


@given(st.lists(st.sampled_from(["ann", "abel", "bob", "x"]), max_size=120))
def test_windows_change_nothing_for_names_that_fit(words: list[str]) -> None:
    text = " ".join(words)
    (whole,) = find_in_windows([text], lambda t: list(windows(t, 10_000, 100)), names)
    (pieces,) = find_in_windows([text], lambda t: list(windows(t, 60, 24)), names)
    assert pieces == whole
    assert len(whole) == sum(word[0] == "a" for word in words)


def test_a_name_that_a_window_cuts_is_the_next_windows() -> None:
    """A model is often surer of half a name at the end of a window than of the whole name."""

    def ask(texts: list[str]) -> list[list[Entity]]:
        return [
            [
                Entity(*match.span(), "PERSON", 0.9 if " " in match[0] else 0.99)
                for match in re.finditer(r"ann(?: lee)?", text)
            ]
            for text in texts
        ]

    for before in range(40):
        text = "x" * before + " ann lee " + "y" * 90
        (found,) = find_in_windows([text], lambda t: list(windows(t, 40, 20)), ask)
        assert [(span.start, span.end) for span in found] == [(before + 1, before + 8)]


def test_answers_go_back_to_their_texts() -> None:
    texts = ["ann", "", "bob " * 50 + "ann " + "bob " * 50, "bob"]
    found = find_in_windows(texts, lambda t: list(windows(t, 60, 24)), names)
    assert [[(span.start, span.end) for span in spans] for spans in found] == [
        [(0, 3)], [], [(200, 203)], [],
    ]  # fmt: skip


def test_white_space_at_the_ends_is_no_part_of_a_name() -> None:
    ask = lambda texts: [[Entity(0, len(text), "PERSON")] for text in texts]  # noqa: E731
    found = find_in_windows(["\n Ann \n", "   "], lambda t: list(windows(t, 100, 20)), ask)
    assert found == [[Span(2, 5, "PERSON")], []]


ENTITIES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9), st.sampled_from([0.2, 0.9])).map(
        lambda at: Entity(at[0], at[0] + at[1], "PERSON", at[2])
    ),
    max_size=12,
)


@given(ENTITIES)
def test_the_surest_stays_and_nothing_overlaps(entities: list[Entity]) -> None:
    kept = without_overlaps(entities)
    for span, following in itertools.pairwise(kept):
        assert span.end <= following.start
    at = {(span.start, span.end) for span in kept}
    for entity in entities:  # what is not kept gave way to something surer, or as sure and as long
        if (entity.start, entity.end) not in at:
            rivals = [
                e
                for e in entities
                if (e.start, e.end) in at and e.start < entity.end and entity.start < e.end
            ]
            assert any(
                (e.score, e.end - e.start) >= (entity.score, entity.end - entity.start)
                for e in rivals
            )


def test_windows_that_would_not_go_on_are_refused() -> None:
    with pytest.raises(ValidationError, match="at least twice overlap_letters"):
        SpacyModel(model="x", window_letters=200, overlap_letters=150)


def test_what_is_missing_is_named_as_it_is_installed() -> None:
    with (
        pytest.raises(MissingExtraError, match="'no-such-package' is not installed"),
        needs("spacy", "no-such-package"),
    ):
        importlib.import_module("no_such_package")


def test_what_an_installed_package_lacks_is_another_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_part"), needs("spacy"):
        importlib.import_module("no_such_part")
