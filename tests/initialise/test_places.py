from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.initialise.places import Tree

ROOT = Path("/data")


def _places(
    mine, others, *, strangers=(), strict=False, hidden=(), kept_out="/elsewhere"
) -> list[str]:
    files = sorted(ROOT / name for name in (*mine, *others, *strangers))
    claimed = [ROOT / name for name in (*mine, *others)]
    tree = Tree(ROOT, files, claimed, [ROOT / name for name in hidden], Path(kept_out))
    found = tree.places([ROOT / name for name in mine], strict=strict)
    return [place.path.relative_to(ROOT).as_posix() for place in found]


@pytest.mark.parametrize(
    ("mine", "others", "places"),
    [
        (["a.md"], [], ["."]), (["a.md"], ["t.csv"], ["*.md"]),
        (["a.md", "b.md"], ["t.csv"], ["*.md"]), (["in/a.md", "b.md"], ["t.csv"], ["**/*.md"]),
        (["in/a.md", "in/b.html"], ["t.csv"], ["in"]), (["in/a.md", "on/b.html"], [], ["."]),
        (["x/chat.txt", "y/chat.txt"], ["x/a.txt"], ["**/chat.txt"]),
        (["a.json", "b.json"], ["c.json"], ["a.json", "b.json"]),
        (["[1]/a.md", "[1]/b.md"], ["[1]/c.txt"], ["[[]1]/*.md"]),
    ],
)  # fmt: skip
def test_a_source_names_no_files_of_others(mine, others, places) -> None:
    assert _places(mine, others) == places


def test_files_that_fit_nothing_may_lie_among_others_but_not_in_tables() -> None:
    assert _places(["a.md", "b.html"], ["t.csv"], strangers=["c.html"]) != []
    assert _places(["in/a.md", "in/b.html"], ["t.csv"], strangers=["in/LICENSE"]) == ["in"]
    assert _places(["a.csv", "b.csv"], [], strangers=["c.csv"], strict=True) == ["a.csv", "b.csv"]
    assert _places(["a.csv", "b.csv"], ["a.md"], strict=True) == ["*.csv"]
    assert _places(["a.csv"], [], strict=True) == ["a.csv"]


def test_the_folder_of_the_recipe_is_not_named_as_runs_will_lie_in_it() -> None:
    assert _places(["a.md", "kb/b.md"], [], kept_out="/data") == ["kb", "*.md"]


def test_no_pattern_finds_hidden_files() -> None:
    mine = ["x/a.md", "y/b.md"]
    assert _places(mine, ["x/t.csv"], hidden=[".venv/c.md"]) == ["y", "x/*.md"]
    assert _places(mine, ["x/t.csv"], hidden=[".venv/c.txt"]) == ["**/*.md"]
    assert _places(mine, [], hidden=[".venv/c.md"]) == ["."]


_NAMES = st.builds(
    lambda folders, stem, suffix: "/".join([*folders, stem + suffix]),
    st.lists(st.sampled_from(["x", "y", "[z]"]), max_size=3),
    st.sampled_from(["a", "b", "c*"]),
    st.sampled_from([".md", ".json", ""]),
)


@given(st.dictionaries(_NAMES, st.sampled_from(["mine", "other", "nothing"]), max_size=12))
def test_places_find_each_file_once_and_none_of_others(kinds) -> None:
    by_kind = {k: [ROOT / n for n in kinds if kinds[n] == k] for k in ("mine", "other", "nothing")}
    files = sorted(ROOT / name for name in kinds)
    tree = Tree(ROOT, files, by_kind["mine"] + by_kind["other"], [], Path("/elsewhere"))
    found = tree.places(by_kind["mine"])
    listed = [file for place in found for file in place.files]
    assert sorted(listed) == sorted(by_kind["mine"])
