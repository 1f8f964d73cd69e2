from __future__ import annotations

import json

from click.testing import CliRunner

from factory import recipe, tickets, write_csv
from tunesmith.cli import cli


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
