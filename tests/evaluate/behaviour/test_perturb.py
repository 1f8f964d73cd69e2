from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluate.behaviour.perturb import PERTURBATIONS, perturbed

QUESTION = "How can I cancel the order that I placed on Monday?"


@pytest.mark.parametrize("kind", PERTURBATIONS)
def test_every_change_changes_and_follows_from_its_seed(kind) -> None:
    changed = perturbed(QUESTION, kind, "13")
    assert changed not in {None, QUESTION}
    assert perturbed(QUESTION, kind, "13") == changed


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=120), st.integers(0, 99))
def test_typing_errors_swap_neighbours_inside_words(text, seed) -> None:
    changed = perturbed(text, "typos", str(seed))
    if changed is None:
        return
    assert len(changed) == len(text)
    assert Counter(changed) == Counter(text)
    moved = [place for place in range(len(text)) if text[place] != changed[place]]
    assert 2 <= len(moved) <= 2 * max(1, len(text.split()) // 8)
    for first, second in zip(moved[::2], moved[1::2], strict=True):
        assert second == first + 1
        assert text[first] == changed[second]
        assert text[first - 1].isalnum()


def test_what_does_not_apply_is_none() -> None:
    assert perturbed("a b c?", "typos", "1") is None
    assert perturbed("loud", "lower_case", "1") is None
    assert perturbed("Parcel?", "rewording", "1") is None


def test_a_name_becomes_another_and_a_missing_one_is_added() -> None:
    changed = perturbed("I am Maria, where is it?", "names", "5")
    assert changed is not None
    assert "Maria" not in changed
    assert changed.endswith(", where is it?")
    added = perturbed("Where is it?", "names", "5")
    assert added is not None
    assert added.endswith(" here. Where is it?")


def test_rewording_keeps_the_rest() -> None:
    assert perturbed(QUESTION, "rewording", "1") == (
        "What is the way to cancel the order that I placed on Monday?"
    )
    assert perturbed("i want to pay {{x}}", "rewording", "1") == "i would like to pay {{x}}"


def test_punctuation_goes_or_comes() -> None:
    assert perturbed("Where?", "punctuation", "1") == "Where"
    assert perturbed("Where", "punctuation", "1") == "Where?"
