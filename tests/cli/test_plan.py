from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from factory import recipe, tickets, write_csv
from tunesmith.cli import cli
from tunesmith.errors import TunesmithError


def test_the_plan_needs_no_run_and_trains_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "t.csv", tickets(40))
    path = recipe(tmp_path, {"path": "t.csv"})
    done = CliRunner().invoke(cli, ["decide", str(path), "--plan"])
    assert done.exit_code == 0, done.output
    assert "Phase 1: Prompt prototype (current)" in done.output
    assert "not measured: No dataset has been made" in done.output
    assert "  [ ] Implement LoRA training pipeline" in done.output
    assert not (tmp_path / "runs").exists()


def test_a_prepared_dataset_ticks_its_items_and_the_plan_is_written(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "t.csv", tickets(40))
    path = recipe(tmp_path, {"path": "t.csv"})
    CliRunner().invoke(cli, ["prepare", str(path), "--quiet"])
    done = CliRunner().invoke(cli, ["decide", str(path), "--plan", "--json"])
    assert done.exit_code == 0, done.output
    plan = json.loads(done.output)
    assert plan == json.loads((tmp_path / "runs" / "test" / "plan.json").read_text())
    first = plan["roadmap"][0]["items"]
    assert [item["done"] for item in first] == [True, True, False, True]
    assert first[0]["evidence"] == "run.json"
    assert plan["missing"][0]["gap"] == 1000 - plan["missing"][0]["measured"]
    assert not (tmp_path / "runs" / "test" / "methods").exists()


def test_a_run_folder_is_enough_for_its_plan_and_its_report(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "t.csv", tickets(40))
    CliRunner().invoke(cli, ["prepare", str(recipe(tmp_path, {"path": "t.csv"})), "--quiet"])
    run = str(tmp_path / "runs" / "test")
    by_recipe = CliRunner().invoke(cli, ["decide", str(tmp_path / "recipe.yaml"), "--plan"])
    monkeypatch.chdir(tmp_path / "runs")  # where a recipe's run folder is not found by its name
    by_folder = CliRunner().invoke(cli, ["decide", run, "--plan"])
    assert by_folder.exit_code == 0, by_folder.output
    assert by_folder.output == by_recipe.output
    report = CliRunner().invoke(cli, ["report", run])
    assert report.output.strip() == str(tmp_path / "runs" / "test" / "report.html")
    assert (
        "Name the run folder once" in CliRunner().invoke(cli, ["report", run, "--out", run]).output
    )


def test_a_folder_where_a_recipe_is_wanted_says_so(tmp_path) -> None:
    done = CliRunner().invoke(cli, ["decide", str(tmp_path)])
    assert done.exit_code == 2
    assert "is a folder: name the recipe, or add --plan" in done.output
    both = CliRunner().invoke(cli, ["decide", str(tmp_path), "--plan", "--set", "seed=1"])
    assert "--set and --out go with a recipe" in both.output


@pytest.mark.parametrize("command", [["decide", "--plan"], ["assess"]])
def test_what_is_not_there_is_neither_recipe_nor_run(command, tmp_path) -> None:
    with pytest.raises(TunesmithError, match="there is no such recipe or run folder"):
        CliRunner().invoke(cli, [*command, str(tmp_path / "none")], catch_exceptions=False)
