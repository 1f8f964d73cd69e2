from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from factory import small
from growth import contents
from tunesmith import ledger
from tunesmith.errors import MissingExtraError, RunLockedError
from tunesmith.io import read_json, read_jsonl
from tunesmith.pipeline import run
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load
from tunesmith.store.lock import run_lock
from tunesmith.store.versions import read_version

EXAMPLE = Path(__file__).parents[2] / "examples" / "support"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    out = tmp_path_factory.mktemp("example")
    os.environ["TUNESMITH_SECRET"] = "a secret for tests only"
    run(load(EXAMPLE / "recipe.yaml"), out, until="prepare")
    return out


def fates(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "ledger.parquet")


def test_every_row_of_the_example_is_accounted_for(prepared) -> None:
    counts = read_json(prepared / "run.json")["counts"]
    defects = read_json(EXAMPLE / "planted.json")["rows"].values()
    planted = Counter(defect for row in defects for defect in row)
    assert counts["collected"] == sum(counts[fate] for fate in ledger.FATES)
    bad = fates(prepared).filter(fate="quarantined").group_by("source").len()
    # Six lines of tickets and chats, the mail that is torn, the notice that is scanned.
    assert dict(bad.iter_rows()) == {"tickets": 3, "chats": 3, "mail": 1, "handbook": 1}
    by_reason = dict(ledger.reasons(fates(prepared)).select("reason", "rows").iter_rows())
    assert by_reason["the answer is missing"] == planted["missing_answer"]
    assert by_reason["type is 'internal note'"] == planted["internal_note"]
    assert by_reason["the answer is too short (letters)"] == planted["short_answer"]


def test_every_channel_of_the_example_gives_what_was_planted(prepared) -> None:
    planted = read_json(EXAMPLE / "channels.json")["files"]
    table = fates(prepared)
    made = dict(
        table.filter(pl.col("step") != "collect").group_by("source").len().iter_rows()
    )  # rows that were made, whatever became of them
    assert made["mail"] == 43
    assert made["live chat"] + 4 == planted["raw/livechat.json"]["exchanges"]
    left = table.filter(step="collect", fate="dropped", source="live chat")
    counted = dict(left.group_by("reason").len().iter_rows())
    assert counted["an internal note"] == planted["raw/livechat.json"]["internal_notes"]


def test_what_was_planted_is_found(prepared) -> None:
    planted = read_json(EXAMPLE / "planted.json")
    table = fates(prepared)
    rows = {row["source_id"]: row for row in table.iter_rows(named=True) if row["source_id"]}
    duplicates = {
        name
        for name, defects in planted["rows"].items()
        if {"exact_duplicate", "near_duplicate"} & set(defects)
    }
    of = planted["copies"]
    together = sum(
        "merged" in {rows[name]["fate"], rows[of[name]]["fate"]}
        for name in duplicates
        if name in rows
    )
    assert together >= 0.9 * len(duplicates)
    foreign = [name for name, defects in planted["rows"].items() if "other_language" in defects]
    assert sum(rows[name]["fate"] == "dropped" for name in foreign) >= 0.95 * len(foreign)
    broken = [name for name, defects in planted["rows"].items() if "mojibake" in defects]
    assert all("mojibake" in rows[name]["changes"] for name in broken)


def test_no_personal_data_is_left_anywhere(prepared) -> None:
    planted = ["@example.", "4111 1111", "4111-1111", "NWBK", "078-05-1120", "192.0.2.", "555-01"]
    for path in sorted(prepared.rglob("*")):
        if path.is_file() and "work" not in path.relative_to(prepared).parts:
            if path.suffix == ".parquet":
                text = json.dumps(pl.read_parquet(path).to_dicts(), default=str)
            else:
                text = path.read_text(encoding="utf-8")
            for words in planted:
                assert words not in text, f"{words} in {path.name}"


def test_the_cache_is_for_its_owner_alone(prepared) -> None:
    assert (prepared / "work").stat().st_mode & 0o077 == 0


def test_the_exports_agree_with_the_dataset(prepared) -> None:
    dataset = read_version(prepared / "dataset")
    total = 0
    for path in sorted((prepared / "export" / "standard").glob("*.jsonl")):
        rows = read_jsonl(path)
        total += len(rows)
        expected = dataset.filter(pl.col("split") == path.stem)
        assert [row["id"] for row in rows] == expected["id"].to_list()
        assert all({"id", "text", "metadata", "annotations"} <= set(row) for row in rows)
    assert total == dataset.height
    chat = read_jsonl(prepared / "export" / "chat" / "train.jsonl")
    assert [m["role"] for m in chat[0]["messages"]] == ["user", "assistant"]
    alpaca = read_jsonl(prepared / "export" / "alpaca" / "train.jsonl")
    assert set(alpaca[0]) == {"instruction", "input", "output"}


@pytest.mark.parametrize("workers", [1, 2])
def test_one_process_or_two_make_the_same_bytes(tmp_path, monkeypatch, workers) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    monkeypatch.setattr("tunesmith.prepare.rows.CHUNK_ROWS", 40)
    monkeypatch.setattr("tunesmith.collect.base.CHUNK_ROWS", 40)
    path = small(tmp_path, 150)
    prepare(load(path, ["workers=1"]), tmp_path / "one", SilentProgress())
    prepare(load(path, [f"workers={workers}"]), tmp_path / "other", SilentProgress())
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_two_runs_on_one_folder_at_once(tmp_path) -> None:
    path = small(tmp_path)
    with run_lock(tmp_path / "out"), pytest.raises(RunLockedError, match=f"process {os.getpid()}"):
        run(load(path), tmp_path / "out", until="prepare")
    run(load(path), tmp_path / "out", until="prepare")


def test_a_vault_without_its_extra_is_told_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    path = small(tmp_path, clean={"personal_data": {"vault": True}})
    with pytest.raises(MissingExtraError, match=r"tunesmith\[vault\]"):
        prepare(load(path), tmp_path / "out", SilentProgress())
    assert not (tmp_path / "out").exists()


KILLED = """
import sys
from pathlib import Path
import tunesmith.collect.base, tunesmith.prepare.rows
tunesmith.collect.base.CHUNK_ROWS = tunesmith.prepare.rows.CHUNK_ROWS = 64
from tunesmith.cli import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path) -> None:
    """SIGKILL at random moments, run again each time: nothing is lost, and the bytes are equal."""
    path = small(tmp_path, 1500, workers=1)
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1767225600"}

    def start(out: Path) -> subprocess.Popen[bytes]:
        arguments = [
            sys.executable,
            "-c",
            KILLED,
            "prepare",
            str(path),
            "--out",
            str(out),
            "--quiet",
        ]
        with (tmp_path / "stderr").open("wb") as said:
            return subprocess.Popen(arguments, env=environment, stderr=said)

    started = time.monotonic()
    whole = start(tmp_path / "whole")
    assert whole.wait(timeout=300) == 0
    seconds = time.monotonic() - started
    dice = random.Random(20260101)
    kills = 0
    while kills < 8:
        process = start(tmp_path / "killed")
        # Most of the time is start-up: aim at the later part, where the work is done.
        time.sleep(dice.uniform(0.35, 1.0) * seconds)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    last = start(tmp_path / "killed")
    assert last.wait(timeout=300) == 0, (tmp_path / "stderr").read_text()
    assert kills >= 1
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    rests = [p.name for p in (tmp_path / "killed").rglob("*.tmp") if "dataset" not in p.parts]
    assert [name for name in rests if "work" not in name] == rests
