from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from tunesmith.clean.pii.spans import Kind
from tunesmith.cli import COMMANDS
from tunesmith.collect import AnySource
from tunesmith.recipe import Recipe

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
KINDS = {
    get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(AnySource)[0])
}
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


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    found = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", one.strip().lower()).replace(" ", "-") for one in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_anchors_are_there(page) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert anchor in headings(page.parent / target if target else page), (target, anchor)


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


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "sources").glob("*.md")), ids=lambda page: page.name
)
def test_a_page_of_sources_begins_with_what_to_write(page) -> None:
    """A lead of words, then a recipe whose sources have the kinds that the page tells of."""
    lead, _, rest = page.read_text(encoding="utf-8").partition("```yaml\n")
    assert len(lead.split("\n\n")) > 2
    assert len(lead) < 1500
    assert yaml.safe_load(rest.partition("```")[0]).keys() & {"sources", "licenses"}


def test_every_kind_of_source_is_in_an_example() -> None:
    told = set()
    for page in (ROOT / "docs" / "sources").glob("*.md"):
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            told |= {one["kind"] for one in yaml.safe_load(block).get("sources", [])}
    assert told == KINDS


@pytest.fixture(scope="module")
def sources_table() -> list[list[str]]:
    """The rows of the one table of every kind and format."""
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    lines = text.partition("## Every kind and format")[2].splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| `")]
    assert {len(row) for row in rows} == {6}
    return [[cell.strip() for cell in row] for row in rows]


def test_every_kind_of_source_is_in_the_tables(sources_table) -> None:
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    first = text.partition("## Every kind and format")[0]
    assert {row[0].strip("`") for row in sources_table} == KINDS
    assert set(re.findall(r"`kind: (\w+)`", first)) == KINDS


def test_what_to_write_is_a_source() -> None:
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "`kind: " in line]
    assert len(lines) > len(KINDS)
    for line in lines:
        settings = re.findall(r"`([^`]+)`", line.split(" | ")[1])
        source = yaml.safe_load("{name: x, " + ", ".join(settings) + "}")
        Recipe.model_validate({"name": "x", "sources": [source]})


def test_every_test_in_the_table_of_sources_exists_and_reads_what_it_says(sources_table) -> None:
    for row in sources_table:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row[-1])
        assert named, row
        for file, name in named:
            text = (ROOT / "tests" / "collect" / file).read_text(encoding="utf-8")
            found = re.search(rf"(?ms)^def {name}\(.*?(?=^\S(?<!\))|\Z)", text)
            assert found, f"{file}::{name}"
            real = re.search(r"shared_data|\breal\(|\bFILE\b", found[0])
            assert bool(real) != row[-1].startswith("no real file"), f"{file}::{name}"


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
