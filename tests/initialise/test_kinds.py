from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml

from factory import tickets, write_csv
from tunesmith.collect import AnySource
from tunesmith.initialise import propose
from tunesmith.initialise.kinds import KINDS, SourceKind, place_of, sorted_by_kind
from tunesmith.recipe import check, load

MAIL = SourceKind("mail", frozenset({".eml", ".txt"}), "mail", lambda head: head[:5] == b"From:")


def test_every_kind_that_is_proposed_is_one_that_recipes_know() -> None:
    union = get_args(AnySource)[0]
    known = {source.model_fields["kind"].default for source in get_args(union)}
    assert {kind.kind for kind in KINDS} <= known


def test_files_are_told_by_name_and_first_bytes(tmp_path) -> None:
    for name, text in (("a.eml", "From: x"), ("b.txt", "From: y"), ("c.txt", "Hello"), ("d.x", "")):
        (tmp_path / name).write_text(text)
    found = sorted_by_kind(sorted(tmp_path.iterdir()), (MAIL, *KINDS))
    named = {kind.kind: [file.name for file in files] for kind, files in found.items()}
    assert named == {"mail": ["a.eml", "b.txt"], "pages": ["c.txt"]}


@pytest.mark.parametrize(
    ("files", "others", "place"),
    [
        (["a.md"], [], ""), (["a.md"], ["t.csv"], "a.md"), (["a.md", "b.md"], ["t.csv"], "**/*.md"),
        (["in/a.md", "in/b.html"], ["t.csv"], "in"), (["in/a.md", "on/b.html"], [], ""),
        (["in/a.md", "in/b.md"], ["t.csv"], "in"),
    ],
)  # fmt: skip
def test_a_source_names_no_files_of_others(files, others, place) -> None:
    root = Path("/data")
    found = place_of([root / f for f in files], root, [root / f for f in others])
    assert found == root / place


def test_a_folder_of_several_kinds_becomes_a_recipe_that_is_right(tmp_path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    write_csv(raw / "t.csv", tickets(30))
    for name in ("a", "b"):
        (raw / f"{name}.md").write_text("# About\n\nWhat we do with kettles.\n")
    proposal = propose(raw, recipe_folder=tmp_path)
    (tmp_path / "recipe.yaml").write_text(proposal.recipe)
    check(load(tmp_path / "recipe.yaml"))
    sources = yaml.safe_load(proposal.recipe)["sources"]
    assert [(one["kind"], one["path"]) for one in sources] == [
        ("tickets", "raw/t.csv"), ("pages", "raw/**/*.md"),
    ]  # fmt: skip
    assert "2 pages" in proposal.findings
