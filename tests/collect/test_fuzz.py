"""Damaged files of every kind end as rows or as reasons: a fixed number of what the fuzz target does."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

import fuzz_parsers
from fuzz_seeds import Target, targets
from tunesmith.collect import AnySource
from tunesmith.errors import SourceError

KNOWN = targets()

#: A workbook in a table source has a process of its own each time.
ROUNDS, SLOW_ROUNDS = 3, 1


def named(target: Target) -> str:
    return f"{target.kind}-{next(iter(target.files))}"


def test_every_kind_of_source_has_a_target() -> None:
    union = get_args(get_args(AnySource)[0])
    kinds = {source.model_fields["kind"].default for source in union}
    assert kinds == {target.kind for target in KNOWN} - {"licenses"}


@pytest.mark.parametrize("target", KNOWN, ids=named)
def test_seeds_are_read(target: Target) -> None:
    found = fuzz_parsers.try_once(target, {})
    assert found["refused"] == 0
    assert sum(found.values()) > 0
    if target.by is None and target.kind not in {"mail", "chats", "ticket_exports"}:
        assert found["rows"] > 0


@pytest.mark.parametrize("target", KNOWN, ids=named)
def test_damage_ends_as_rows_or_reasons(target: Target) -> None:
    slow = target.kind == "table" and "a.xlsx" in target.files
    rounds = fuzz_parsers.inputs([target], seed=1)
    for one, changed in itertools.islice(rounds, SLOW_ROUNDS if slow else ROUNDS):
        fuzz_parsers.try_once(one, changed)


def test_what_must_hold_is_looked_at(tmp_path, monkeypatch) -> None:
    """A source that gives an identifier twice, or fails, is found."""
    target = next(one for one in KNOWN if one.kind == "calls")
    monkeypatch.setattr("tunesmith.collect.base.record.record_id", lambda *_: "same")
    with pytest.raises(AssertionError, match="an identifier twice"):
        fuzz_parsers.try_once(target, {})

    def fails(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("tunesmith.collect.CallSource.read", fails)
    with pytest.raises(ValueError, match="broken"):
        fuzz_parsers.try_once(target, {})

    def refuses(*_: object) -> None:
        raise SourceError("no")

    monkeypatch.setattr("tunesmith.collect.CallSource.read", refuses)
    assert fuzz_parsers.try_once(target, {}) == {"refused": 1}
