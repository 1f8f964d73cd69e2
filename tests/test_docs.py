from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from tunesmith.clean.pii.spans import Kind
from tunesmith.cli import COMMANDS
from tunesmith.recipe import Recipe

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
SOURCE = {"name": "x", "kind": "pages", "path": "."}


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli", "recipe"])
def test_generated_pages_are_fresh(generator, name) -> None:
    made = {"cli": generator.command_page, "recipe": generator.recipe_page}[name]()
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") == made, "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page) -> None:
    text = page.read_text(encoding="utf-8")
    for command in re.findall(r"(?m)^tunesmith ([a-z-]+)", text):
        assert command in COMMANDS
    for target in re.findall(r"(?m)^make ([a-z]+)", text):
        assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_recipe_snippets_are_valid(page) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        Recipe.model_validate({"name": "x", "sources": [SOURCE]} | yaml.safe_load(block))


def test_the_recipe_with_a_model_masks_every_kind() -> None:
    text = (ROOT / "docs" / "personal-data.md").read_text(encoding="utf-8")
    section = text.partition("## Names by a model")[2]
    (block,) = re.findall(r"```yaml\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    kinds = yaml.safe_load(block)["clean"]["personal_data"]["kinds"]
    assert set(kinds) == set(get_args(Kind))


def test_the_house_in_the_architecture_page_is_the_house() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / "src" / "tunesmith").iterdir() if path.suffix == ".py"}
    there |= {f"{path.parent.name}/" for path in (ROOT / "src" / "tunesmith").glob("*/__init__.py")}
    there -= {"__init__.py", "__main__.py"}
    assert not {name for name in there if name not in text}


def test_nothing_names_a_machine() -> None:
    """No absolute path of somebody's computer stands in the sources or the documentation."""
    place = re.compile(r"(?<![\w.:])/(?:home|root|Users|mnt|tmp)/\w")
    for folder in ("src", "docs", "benchmarks"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".j2"}:
                assert not place.search(path.read_text(encoding="utf-8")), path
