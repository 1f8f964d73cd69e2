from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from factory import recipe, tickets, write_csv
from tunesmith.cli import cli
from tunesmith.errors import TunesmithError
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load
from tunesmith.reveal import LOG, reveal, reveal_text

pytest.importorskip("cryptography", reason="the extra `vault` is not installed")


def prepared(folder: Path, style: str, *settings: str) -> Path:
    folder.mkdir(exist_ok=True)
    rows = tickets(60)
    for number, row in enumerate(rows):
        row["customer"] = "Jane Doe" if number % 2 else f"customer {number}"
        row["question"] += f" Write to jane{number % 3}@acme.test or call (212) 867-53{number:02d}."
        row["answer"] += " Jane is told." if number % 2 else ""
    write_csv(folder / "t.csv", rows)
    clean = {"personal_data": {"replace": style, "vault": True}}
    path = recipe(folder, {"path": "t.csv"}, clean=clean)
    out = folder / "out"
    prepare(load(path, list(settings)), out, SilentProgress())
    return out


@pytest.fixture(scope="module", params=["pseudonym", "fake"])
def run(request, tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNESMITH_SECRET", "a secret for tests only")
        return prepared(tmp_path_factory.mktemp("run") / request.param, request.param)


def exported(out: Path) -> list[dict]:
    paths = sorted((out / "export" / "standard").iterdir())
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def test_texts_come_back_as_they_were(run) -> None:
    texts = [row["question"] for row in exported(run)] + [row["answer"] for row in exported(run)]
    assert not any("acme" in text or "Jane" in text for text in texts)
    back = [reveal_text(run, text) for text in texts]
    originals = {row["question"] for row in map(dict, tickets(60))}
    for text in back[: len(texts) // 2]:
        start, _, asked = text.partition(" Write to ")
        assert start in originals
        assert re.fullmatch(r"jane\d@acme\.test or call \(212\) 867-53\d\d\.", asked)
    told = [text for text in back[len(texts) // 2 :] if "told" in text]
    assert told
    assert all(re.search(r"Jane( Doe)? is told\.$", text) for text in told)


def test_pseudonyms_of_columns_come_back(run) -> None:
    row = next(row for row in exported(run) if "told" in row["answer"])
    customer = row["metadata"]["customer"]
    assert reveal(run, [customer])[0].originals == (("CUSTOMER", "Jane Doe"),)


def test_every_look_is_noted_without_a_value(run) -> None:
    row = exported(run)[0]
    token = row["metadata"]["customer"]
    before = (run / LOG).read_text().splitlines() if (run / LOG).exists() else []
    reveal(run, [token, "jane0@acme.test"])
    lines = [json.loads(line) for line in (run / LOG).read_text().splitlines()]
    assert len(lines) == len(before) + 2
    assert [line["token"] for line in lines[-2:]] == [token, None]
    assert [line["found"] for line in lines[-2:]] == [True, False]
    assert lines[-1]["time"].endswith("+00:00")
    assert "acme" not in (run / LOG).read_text()
    assert (run / LOG).stat().st_mode & 0o077 == 0


def test_another_secret_reveals_nothing(run, monkeypatch) -> None:
    token = exported(run)[0]["metadata"]["customer"]
    reveal(run, [token])
    noted = (run / LOG).read_text()
    monkeypatch.setenv("TUNESMITH_SECRET", "another secret of the tests")
    with pytest.raises(TunesmithError, match="another secret"):
        reveal(run, [token])
    assert (run / LOG).read_text() == noted


def test_the_command(run) -> None:
    token = exported(run)[0]["metadata"]["customer"]
    done = CliRunner().invoke(cli, ["reveal", token, "--out", str(run)])
    assert done.output.startswith(f"{token}  CUSTOMER  ")
    done = CliRunner().invoke(cli, ["reveal", token, "--out", str(run), "--json"])
    assert json.loads(done.output)[0]["originals"][0]["kind"] == "CUSTOMER"
    text = exported(run)[0]["question"]
    done = CliRunner().invoke(cli, ["reveal", "--text", "-", "--out", str(run)], input=text)
    assert "@acme.test" in done.output
    done = CliRunner().invoke(cli, ["reveal", "[EMAIL_AAAAAAAA]", "--out", str(run)])
    assert "the vault does not know 1 of 1" in str(done.exception)
    assert CliRunner().invoke(cli, ["reveal", "--out", str(run)]).exit_code == 2


def test_values_that_share_a_pseudonym_are_all_listed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tunesmith.clean.pii.replace.LETTERS", 1)
    monkeypatch.setattr("tunesmith.clean.pii.replace._SHOWN", re.compile(r"\[[A-Z_]+_[A-Z]\]"))
    out = prepared(tmp_path, "pseudonym")
    tokens = sorted(
        {
            token
            for row in exported(out)
            for token in re.findall(r"\[PHONE_[A-Z]\]", row["question"])
        }
    )
    found = reveal(out, tokens)
    assert len({value for one in found for _, value in one.originals}) == 60
    shared = next(one for one in found if len(one.originals) > 1)
    values = " | ".join(value for _, value in shared.originals)
    assert reveal_text(out, f"call {shared.token}!") == f"call {{{values}}}!"


def test_a_killed_run_and_more_processes_write_the_same_vault(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tunesmith.prepare.rows.CHUNK_ROWS", 10)
    monkeypatch.setattr("tunesmith.collect.base.CHUNK_ROWS", 10)
    out = prepared(tmp_path / "one", "fake")
    before = {path.name: path.read_bytes() for path in (out / "vault").iterdir()}
    assert len(before) > 1
    shutil.rmtree(next((out / "work").glob("rows-*")))
    next((out / "work").glob("checked-*/done.json")).unlink()
    again = prepared(tmp_path / "one", "fake")
    assert {path.name: path.read_bytes() for path in (again / "vault").iterdir()} == before
    two = prepared(tmp_path / "two", "fake", "workers=2")
    assert {path.name: path.read_bytes() for path in (two / "vault").iterdir()} == before


def test_without_the_setting_there_is_no_vault(tmp_path) -> None:
    out = prepared(tmp_path, "fake")
    assert (out / "vault").exists()
    prepare(
        load(tmp_path / "recipe.yaml", ["clean.personal_data.vault=false"]), out, SilentProgress()
    )
    assert not (out / "vault").exists()
    with pytest.raises(TunesmithError, match="no vault"):
        reveal(out, ["anything"])
    assert not list(out.glob("work/**/*.vault"))
