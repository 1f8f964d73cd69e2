"""evaluation.json of a run folder: made once a dataset, methods read every time."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from factory import recipe, tickets, write_csv
from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset import evaluate, write_evaluation
from tunesmith.assess.dataset.estimate import counted
from tunesmith.cli import cli


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    rows = tickets(200)
    for row in rows[:12]:
        row["answer"] = ""  # dropped by the checks: all of them of one length
    write_csv(folder / "t.csv", rows)
    path = recipe(folder, {"path": "t.csv"})
    done = CliRunner().invoke(cli, ["prepare", str(path), "--out", str(folder / "out"), "--quiet"])
    assert done.exit_code == 0, done.output
    return path, folder / "out"


def test_a_run_folder_has_everything_but_methods_before_they_are_measured(prepared) -> None:
    _, out = prepared
    found = write_evaluation(out)
    assert found["extrinsic"] == {}
    run = json.loads((out / "run.json").read_text())
    assert found["intrinsic"]["size"]["value"] == run["counts"]["kept"]
    assert found["bias"]["selection"]["findings"][0].startswith("12 of 200 rows were dropped")
    assert {test["facet"] for test in found["bias"]["selection"]["tests"]} >= {"category", "length"}
    assert found["bias"]["temporal"]["score"] is not None
    assert found["quality"]["composite"]["value"] is not None
    assert found == json.loads((out / "evaluation.json").read_text())


def test_the_same_dataset_is_not_read_again_and_methods_are(prepared, monkeypatch) -> None:
    _, out = prepared
    first = write_evaluation(out)
    figure = counted(0.5, 30, unit="share", label="Token F1", meaning="m")
    card = {"method": "base", "metrics": {"token_f1": figure}}
    (out / "methods" / "base").mkdir(parents=True)
    (out / "methods" / "base" / "metrics.json").write_text(json.dumps(card))

    (out / "methods" / "gone").mkdir()
    (out / "methods" / "gone" / "metrics.json").write_text(json.dumps(card))

    def read(*args: object, **settings: object) -> None:
        raise AssertionError("the dataset was read again")

    monkeypatch.setattr(evaluate, "read_rows", read)
    again = write_evaluation(out, methods=["base", "never"])
    assert again == first | {"extrinsic": {"base": card["metrics"]}}
    with pytest.raises(AssertionError, match="read again"):
        write_evaluation(out, config=AssessConfig(confidence=0.9))


def test_verdicts_of_the_recipe_and_of_the_command_line(prepared, tmp_path) -> None:
    path, out = prepared
    exported = (out / "export/standard/train.jsonl").read_text()
    rows = [json.loads(line) for line in exported.splitlines()]
    lines = [json.dumps({"id": row["id"], "correct": i % 4 > 0}) for i, row in enumerate(rows[:40])]
    (path.parent / "v.jsonl").write_text("\n".join(lines))
    given = yaml.safe_load(path.read_text()) | {"assess": {"verdicts": "v.jsonl"}}
    judged = path.with_name("judged.yaml")
    judged.write_text(yaml.safe_dump(given))
    done = CliRunner().invoke(cli, ["assess", str(judged), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    accuracy = json.loads(done.output)["quality"]["accuracy"]
    assert (accuracy["value"], accuracy["n"], accuracy["basis"]) == (0.75, 40, "verdicts")
    file = str(path.parent / "v.jsonl")
    done = CliRunner().invoke(cli, ["assess", str(out), "--verdicts", file])
    assert "Accuracy                0.750" in done.output
    assert "Bias (1 is none found)" in done.output


def test_what_does_not_go_together_is_said() -> None:
    run = CliRunner().invoke
    assert "Name a recipe or a run folder" in run(cli, ["assess"]).output
    assert "Name a recipe or a run folder" in run(cli, ["assess", "x", "--pii", "y"]).output
    assert "go with --pii" in run(cli, ["assess", "x", "--kinds", "EMAIL"]).output
    assert "not for --pii" in run(cli, ["assess", "--pii", "y", "--out", "z"]).output
