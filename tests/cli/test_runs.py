from __future__ import annotations

import re

import yaml
from click.testing import CliRunner

from factory import recipe, tickets, write_csv
from tunesmith.cli import cli


def test_the_summary_names_every_row_that_is_kept(tmp_path, monkeypatch) -> None:
    write_csv(tmp_path / "t.csv", tickets(40))
    (tmp_path / "kb").mkdir()
    page = (
        "# Returning a lamp\n\nYou can send a lamp back within thirty days of buying it. Put it "
        "into the box that it came in, with the bulb taken out and wrapped in paper. Print the "
        "label that we send by mail, and bring the parcel to any post office near your home. "
        "When it has arrived in our workshop, we look at the lamp and pay the price back to "
        "the card that you have used. This takes about a week, and longer in December.\n"
    )
    (tmp_path / "kb" / "returns.md").write_text(page)
    path = recipe(tmp_path, {"path": "t.csv"})
    data = yaml.safe_load(path.read_text())
    data["sources"].append({"name": "kb", "kind": "pages", "path": "kb"})
    path.write_text(yaml.safe_dump(data))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["prepare", str(path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    said = done.output
    kept = re.search(r"(\d+) kept", said)
    dealt = re.search(
        r"(\d+) for training, (\d+) for validation, (\d+) for test, 1 page kept as knowledge", said
    )
    assert kept is not None
    assert dealt is not None, said
    assert int(kept[1]) == sum(int(number) for number in dealt.groups()) + 1


def test_the_summary_says_why_rows_are_gone(tmp_path, monkeypatch) -> None:
    rows = tickets(40)
    for row in rows[:3]:
        row["answer"] = ""
    rows[5]["answer"] = "No."
    path = write_csv(tmp_path / "t.csv", rows)
    with path.open("a") as file:
        file.write("only,two\n")
    monkeypatch.chdir(tmp_path)
    given = recipe(tmp_path, {"path": "t.csv"})
    said = CliRunner().invoke(cli, ["prepare", str(given), "--out", str(tmp_path / "out")]).output
    assert "  3 dropped: the answer is missing\n  1 dropped: the answer is too short" in said
    assert "  1 quarantined: the first is t.csv:42: 2 fields" in said
    assert "other reasons" not in said


def test_settings_that_are_no_mapping_are_named(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(9))
    given = recipe(tmp_path, {"path": "t.csv"}, dedup={"against": ["eval.jsonl"]})
    said = str(CliRunner().invoke(cli, ["prepare", str(given)]).exception)
    assert "dedup.against.0: this takes settings by name (columns, match, name" in said
    assert "AgainstConfig" not in said


def test_measuring_performance_is_a_setting_of_the_recipe(tmp_path, monkeypatch) -> None:
    from tunesmith.cli import runs

    seen = {}
    monkeypatch.setattr(
        runs, "_run", lambda recipe, overrides, out, **more: seen.update(more, set=overrides)
    )
    given = ["evaluate", str(tmp_path / "r.yaml"), "--performance", "--set", "seed=3"]
    assert CliRunner().invoke(cli, given).exit_code == 0
    assert seen["set"] == ("seed=3", "evaluate.performance.always=true")
    assert seen["until"] == "evaluate"
