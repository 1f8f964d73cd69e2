"""What rows take over from those of a version, against dictionaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.hashing import text_hashes
from tunesmith.store.dealt import Dealt, Rows

#: Rows of a part: question ("" has no words) and split; equal questions have equal splits.
SPLIT_OF = {"": 0, "a": 1, "b": 2, "c": 3, "d": 1}
PART = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=6)


def rows(parts: dict[str, list[str]], moved: str = "") -> Rows:
    """Rows whose identifiers are their part and place, or were those of the part `moved`."""
    asked = [question for part in parts.values() for question in part]
    ids = [f"{moved or name}{place}" for name, part in parts.items() for place in range(len(part))]
    return Rows(
        list(parts),
        [len(part) for part in parts.values()],
        text_hashes(pl.Series(asked, dtype=pl.String)),
        text_hashes(pl.Series(ids, dtype=pl.String)),
    )


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from("pqr"), PART, min_size=1), st.data())
def test_rows_of_parts_that_stayed_changed_or_went(tmp_path_factory, parts, data) -> None:
    """Also through a folder."""
    before = {name: [question for question, _ in part] for name, part in parts.items()}
    stays = [stay for part in parts.values() for _, stay in part]
    ranks = np.array(
        [SPLIT_OF[q] if s else 0 for q, s in (row for part in parts.values() for row in part)],
        dtype=np.uint8,
    )
    folder = tmp_path_factory.mktemp("dealt")
    Dealt(rows(before), ranks).write(folder)
    dealt = Dealt.read(folder)
    assert dealt is not None
    names = data.draw(st.sets(st.sampled_from(sorted(parts))))
    now = {name: before[name] for name in before if name in names}
    now["new"] = data.draw(st.lists(st.sampled_from(["", *"abcd"]), max_size=6))
    asked, own = dealt.inherited(rows(now))
    there = {q for part in parts.values() for q, stay in part if stay}
    questions = [question for part in now.values() for question in part]
    assert asked.tolist() == [SPLIT_OF[q] if q in there else 0 for q in questions]
    known = dict(zip(((n, p) for n in before for p in range(len(before[n]))), ranks, strict=True))
    places = [(name, place) for name in now for place in range(len(now[name]))]
    assert own.tolist() == [known.get(place, 0) for place in places]
    assert len(stays) == len(ranks)


def test_a_row_is_found_by_its_identifier_when_its_part_has_another_name() -> None:
    old = Dealt(rows({"p": ["a", "b"], "q": ["c"]}), np.array([1, 2, 3], dtype=np.uint8))
    now = rows({"changed": ["x", "y"]}, moved="p")
    asked, own = old.inherited(now)
    assert asked.tolist() == [0, 0]
    assert own.tolist() == [1, 2]


def test_a_question_without_a_word_inherits_nothing_but_the_row_is_known() -> None:
    old = Dealt(rows({"p": ["", "b"]}), np.array([3, 2], dtype=np.uint8))
    asked, own = old.inherited(rows({"p": ["", "b"]}))
    assert asked.tolist() == [0, 2]
    assert own.tolist() == [3, 2]


def test_what_a_killed_run_has_left_is_not_read(tmp_path: Path) -> None:
    Dealt(rows({"p": ["a"]}), np.array([1], dtype=np.uint8)).write(tmp_path)
    (tmp_path / "parts.json").unlink()
    assert Dealt.read(tmp_path) is None
