from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from factory import recipe, tickets, write_csv
from tunesmith.cli import COMMANDS, cli


def tunesmith(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tunesmith", *arguments],
        cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture
def project(tmp_path) -> Path:
    write_csv(tmp_path / "t.csv", tickets(80))
    recipe(tmp_path, {"path": "t.csv"})
    return tmp_path


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from tunesmith.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    heavy = ["polars", "pydantic", "torch", "transformers", "numpy", "rich", "yaml", "mlflow"]
    code += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in COMMANDS)


def test_every_command_has_help() -> None:
    for name in COMMANDS:
        result = CliRunner().invoke(cli, [name, "--help"])
        assert result.exit_code == 0, name
        assert "Usage:" in result.output


def test_a_project_from_its_file_to_its_dataset(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(80))
    done = tunesmith("init", "t.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Wrote recipe.yaml" in done.stderr
    checked = tunesmith("check", "recipe.yaml", cwd=tmp_path)
    assert checked.returncode == 0
    assert "(1 source, 1 file, 3 methods)" in checked.stdout
    done = tunesmith("prepare", "recipe.yaml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["run"]["counts"]
    assert counts["collected"] == 80
    assert (tmp_path / "runs" / "t" / "ledger.parquet").exists()
    done = tunesmith("trace", "t.csv:5", cwd=tmp_path)
    assert "collected  from 't': t.csv, line 5" in done.stdout
    done = tunesmith("versions", cwd=tmp_path)
    assert done.stdout.startswith("  0  ")
    done = tunesmith("report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "t" / "report.html").exists()


def test_a_recipe_is_not_written_over(project) -> None:
    done = tunesmith("init", "t.csv", cwd=project)
    assert done.returncode == 1
    assert "there is a recipe already" in done.stderr
    assert "--force" in done.stderr
    assert tunesmith("init", "t.csv", "--force", cwd=project).returncode == 0


def test_an_expected_error_is_one_message(project) -> None:
    done = tunesmith("check", "recipe.yaml", "--set", "sources.0.path=none.csv", cwd=project)
    assert done.returncode == 1
    assert "no file or folder 'none.csv'" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_is_exit_code_2(project) -> None:
    done = tunesmith("prepaer", "recipe.yaml", cwd=project)
    assert done.returncode == 2
    assert "Did you mean 'prepare'?" in done.stderr


def test_a_gate_that_is_not_met_is_exit_code_3(project) -> None:
    done = tunesmith(
        "prepare", "recipe.yaml", "--quiet",
        "--set", "clean.terminology={collect: 'mail me@example.com'}", cwd=project,
    )  # fmt: skip
    assert done.returncode == 3
    assert "personal data is left" in done.stderr
    assert "me@example.com" not in done.stderr


def test_the_second_of_two_runs_is_refused(project) -> None:
    code = "import time; from pathlib import Path; from tunesmith.store.lock import run_lock\n"
    code += "with run_lock(Path('out')): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=project, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        done = tunesmith("prepare", "recipe.yaml", "--out", "out", cwd=project)
        assert done.returncode == 1
        assert f"process {holder.pid}" in done.stderr
    finally:
        holder.kill()
        holder.communicate()
    assert (
        tunesmith("prepare", "recipe.yaml", "--out", "out", "--quiet", cwd=project).returncode == 0
    )


def test_versions_and_their_difference(project) -> None:
    assert tunesmith("prepare", "recipe.yaml", "--quiet", cwd=project).returncode == 0
    done = tunesmith("diff", cwd=project)
    assert done.returncode == 1
    assert "no two versions" in done.stderr
    rows = tickets(80)
    rows[3]["answer"] = "An answer that has changed since, and is long enough to stay."
    write_csv(project / "t.csv", rows[:79])
    assert tunesmith("prepare", "recipe.yaml", "--quiet", cwd=project).returncode == 0
    done = tunesmith("diff", "--json", cwd=project)
    found = json.loads(done.stdout)
    assert (found["before"], found["after"]) == (0, 1)
    assert len(found["removed"]) == 1
    assert list(found["changed"].values()) == [["answer", "content_hash"]] or "answer" in str(
        found["changed"]
    )


def test_a_row_that_is_not_there(project) -> None:
    assert tunesmith("prepare", "recipe.yaml", "--quiet", cwd=project).returncode == 0
    done = tunesmith("trace", "nothing", cwd=project)
    assert done.returncode == 1
    assert "no row is called 'nothing'" in done.stderr


def test_without_a_run(tmp_path) -> None:
    done = tunesmith("versions", cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no run in ./runs" in done.stderr
