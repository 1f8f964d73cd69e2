from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tunesmith.cli import cli
from tunesmith.errors import TunesmithError

TEXTS: list[dict[str, Any]] = [
    {"text": "Zebulon wrote from zebulon@example.com", "spans": [[0, 7, "TITLE"], [19, 38, "EMAIL_ADDRESS"]]},
    {"text": "It is zebulon at example", "spans": [[6, 24, "EMAIL"]], "template_id": 3},
    {"text": "Call 212-555-0123 and pay 4111 1111 1111 1111", "spans": [[26, 45, "Karte"]], "template_id": 4},
    {"text": "Zebulon", "spans": [[0, 70, "TITLE"]]},
]  # fmt: skip


@pytest.fixture
def gold(tmp_path) -> Path:
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(map(json.dumps, TEXTS)))
    return path


def assess(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, ["assess", "--pii", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_tables_hold_figures_and_no_word_of_the_texts(gold) -> None:
    output = assess(gold, "--label", "Karte=CARD").output
    assert "3 texts; 95% intervals in brackets" in output
    assert "Exact: start, end and kind agree" in output
    assert "labelled, not looked for, in no figure: TITLE 1" in output
    assert (
        "found, of kinds that the file labels nowhere, in no precision: PERSON 1, PHONE 1" in output
    )
    assert "row 4: span 1 is [0, 70) in a text of 7 characters" in output
    assert "documents per CPU-second" in output
    assert "ebulon" not in output
    assert "4111" not in output


def test_json_holds_every_figure(gold) -> None:
    result = json.loads(assess(gold, "--json").stdout)
    assert result["kinds"]["EMAIL"]["exact"]["recall"]["value"] == 0.5
    assert result["kinds"]["EMAIL"]["exact"]["precision"]["value"] == 1.0
    assert result["not_looked_for"]["Karte"] == {"kind": "KARTE", "spans": 1, "characters": 19}
    assert result["bad_rows"] == {"4": "span 1 is [0, 70) in a text of 7 characters"}
    assert result["file"] == str(gold)
    assert result["documents_per_cpu_s"] > 0


def test_a_half_of_the_templates(gold) -> None:
    odd = json.loads(assess(gold, "--json", "--half", "odd").stdout)
    even = json.loads(assess(gold, "--json", "--half", "even", "--label", "Karte=CARD").stdout)
    assert (odd["texts"], even["texts"]) == (2, 1)
    assert list(even["kinds"]) == ["CARD"]


def test_a_recipe_says_what_is_masked(gold, tmp_path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: x\nsources: [{name: a, kind: pages, path: kb}]\n"
        "clean: {personal_data: {kinds: [EMAIL], allow: [zebulon@example.com]}}\n"
    )
    result = json.loads(assess(gold, "--json", "--recipe", recipe).stdout)
    assert result["kinds"]["EMAIL"]["found"] == 0
    assert not result["not_labelled"]
    result = json.loads(
        assess(gold, "--json", "--recipe", recipe, "--set", "clean.personal_data.allow=[]").stdout
    )
    assert result["kinds"]["EMAIL"]["found"] == 1


def test_mistakes_are_for_their_owner_alone(gold, tmp_path) -> None:
    path = tmp_path / "mistakes.jsonl"
    path.write_text("an older file that everybody may read")
    result = assess(gold, "--errors", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (row,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert (row["row"], row["mistake"], row["value"]) == (2, "missed", "zebulon at example")
    assert "1 mistakes with their texts" in result.stderr
    assert "ebulon" not in result.output


def test_wrong_use_says_what_to_do(gold, tmp_path) -> None:
    assert assess(gold, "--label", "PERSON").exit_code == 2
    assert assess(gold, "--set", "a=1").exit_code == 2
    with pytest.raises(TunesmithError, match="not masked, so not measured: SHOE_SIZE"):
        assess(gold, "--kinds", "email,shoe_size")
    with pytest.raises(TunesmithError, match="No such file"):
        assess(tmp_path / "none.jsonl")
