"""A second run with more files ends with what a fresh run over all files makes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory import tickets
from growth import FOOTER, contents, files, prepared, project
from tunesmith import ledger
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.task import ApplySteps
from tunesmith.io import read_json
from tunesmith.pipeline import run
from tunesmith.prepare import Prepared
from tunesmith.recipe import load
from tunesmith.store.versions import versions


@pytest.fixture(autouse=True)
def _settled(monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")


KEEP = {"clean": {}, "split": {"test": 0.2, "validation": 0.1}}


def small_parts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tunesmith.store.parts.CUT_ROWS", 30)
    patch.setattr("tunesmith.prepare.rows.CHUNK_ROWS", 40)
    patch.setattr("tunesmith.collect.base.CHUNK_ROWS", 40)


def same_rows(one: Prepared, other: Prepared) -> None:
    assert one.frame.equals(other.frame)
    assert one.tally.equals(other.tally)
    assert one.removed.equals(other.removed)
    assert one.ledger.equals(other.ledger)
    assert one.counts == other.counts
    assert one.version.fingerprint == other.version.fingerprint
    assert one.within_fields == other.within_fields
    assert one.near_sizes == other.near_sizes
    for mine, its in zip(one.steps, other.steps, strict=True):
        assert vars(mine) | {"seconds": 0} == vars(its) | {"seconds": 0}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1000), st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=2, max_size=3))  # fmt: skip
def test_files_may_come_and_go_between_runs(tmp_path_factory, seed, states) -> None:
    """After any history, rows, fates, counts and fingerprint are those of a fresh run."""
    with pytest.MonkeyPatch.context() as patch:
        small_parts(patch)
        folder = tmp_path_factory.mktemp("history")
        parts = dict(zip("abcdef", files(6, seed=seed), strict=True))
        for number, names in enumerate(states):
            for old in (folder / "raw").glob("*.csv") if number else ():
                old.unlink()
            path = project(folder, {name: parts[name] for name in names})
            last = prepared(path, folder / "out")
        fresh = prepared(path, folder / "fresh")
        same_rows(last, fresh)
        exports = contents(folder / "out"), contents(folder / "fresh")
        for made in exports:
            made.pop("dataset")  # its files are named after the version
        assert exports[0] == exports[1]
        assert ledger.conserve(last.ledger, collected=last.counts["collected"]) == last.counts
        assert not list(folder.rglob("people.parquet"))  # names, needed while rows are masked


@pytest.mark.parametrize(
    "change",
    [
        "split.test=0.3",
        "split.threads=false",
        "split.near_threshold=0.2",
        "dedup.near.threshold=0.5",
        "dedup.exact=false",
        "dedup.keep=newest",
        "clean.boilerplate=false",
        "clean.personal_data.names=lists",
    ],
)
def test_a_changed_recipe_meets_nothing_of_the_last_run(tmp_path, monkeypatch, change) -> None:
    small_parts(monkeypatch)
    path = project(tmp_path, dict(zip("abc", files(3), strict=True)))
    first = prepared(path, tmp_path / "out").ledger
    again = prepared(path, tmp_path / "out", change)
    fresh = prepared(path, tmp_path / "fresh", change)
    same_rows(again, fresh)
    made = contents(tmp_path / "out"), contents(tmp_path / "fresh")
    for each in made:
        each.pop("dataset")
    assert made[0] == made[1]
    assert not again.ledger.equals(first)
    assert prepared(path, tmp_path / "out").ledger.equals(first)


def worked_on(monkeypatch) -> dict[str, int]:
    """Counts the rows that are cleaned and scanned."""
    done = {"cleaned": 0, "scanned": 0}
    read, scan = ApplySteps.read, MaskPersonalData.scan

    def counted_read(self):
        frame = read(self)
        done["cleaned"] += frame.height
        return frame

    def counted_scan(self, texts):
        done["scanned"] = max(done["scanned"], texts.len())
        return scan(self, texts)

    monkeypatch.setattr(ApplySteps, "read", counted_read)
    monkeypatch.setattr(MaskPersonalData, "scan", counted_scan)
    return done


def test_only_new_rows_are_cleaned_and_scanned(tmp_path, monkeypatch) -> None:
    parts = files(2, rows=1100)
    for rows in parts:
        for row in rows:
            row["thread"] = ""
    path = project(tmp_path, {"a": parts[0]}, clean={})
    prepared(path, tmp_path / "out")
    done = worked_on(monkeypatch)
    project(tmp_path, {"b": parts[1][:30]}, clean={})
    prepared(path, tmp_path / "out")
    assert done == {"cleaned": 30, "scanned": done["scanned"]}
    assert 0 < done["scanned"] <= 60
    done.update(cleaned=0, scanned=0)
    prepared(path, tmp_path / "out")
    assert done == {"cleaned": 0, "scanned": 0}


def test_a_line_that_becomes_boilerplate_goes_from_old_rows_too(tmp_path, monkeypatch) -> None:
    small_parts(monkeypatch)
    rows = tickets(100)
    for number, row in enumerate(rows):
        row["thread"] = row["agent"] = ""
        row["answer"] += "\n\nWe are here for you on every day of the week."  # so from the start
        row["answer"] += f"\n\n{FOOTER}" if number >= 40 or number < 10 else ""
    path = project(tmp_path, {"m": rows[:40]})
    before = prepared(path, tmp_path / "out").frame
    assert before["answer"].str.contains(FOOTER, literal=True).sum() == 10
    assert not before["answer"].str.contains("every day").any()
    project(tmp_path, {"n": rows[40:]})
    after = prepared(path, tmp_path / "out").frame
    assert after.height == 100
    assert not after["answer"].str.contains(FOOTER, literal=True).any()


KILLED = """
import sys
import tunesmith.collect.base, tunesmith.prepare.rows, tunesmith.store.parts
tunesmith.collect.base.CHUNK_ROWS = tunesmith.prepare.rows.CHUNK_ROWS = 64
tunesmith.store.parts.CUT_ROWS = 64
from tunesmith.cli import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_killed_while_it_grows_it_ends_with_the_same_bytes(tmp_path, monkeypatch) -> None:
    parts = files(2, rows=700)
    path = project(tmp_path, {"a": parts[0]}, **KEEP)
    arguments = [sys.executable, "-c", KILLED, "prepare", str(path), "--quiet", "--out"]

    def start(out: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*arguments, str(out)], env=os.environ, stderr=subprocess.DEVNULL)

    for name in ("whole", "killed"):
        assert start(tmp_path / name).wait(timeout=200) == 0
    project(tmp_path, {"b": parts[1]}, **KEEP)
    started = time.monotonic()
    assert start(tmp_path / "whole").wait(timeout=200) == 0
    seconds = time.monotonic() - started
    kills = 0
    for share in (0.35, 0.45, 0.55, 0.65, 0.75, 0.85):  # start-up takes about a third
        process = start(tmp_path / "killed")
        time.sleep(share * seconds)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    assert start(tmp_path / "killed").wait(timeout=200) == 0
    assert kills
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_the_whole_command_says_what_grew(tmp_path) -> None:
    rows = tickets(120)
    for row in rows:
        row["thread"] = row["agent"] = ""
    path = project(tmp_path, {"m": rows[:100]}, **KEEP)
    run(load(path), tmp_path / "out", until="prepare")
    project(tmp_path, {"n": rows[100:]}, **KEEP)
    run(load(path), tmp_path / "out", until="prepare")
    told = read_json(tmp_path / "out" / "run.json")
    assert told["dataset"]["version"] == 1
    assert len(versions(tmp_path / "out" / "dataset")) == 2
    fates = pl.read_parquet(tmp_path / "out" / "ledger.parquet")
    assert fates.height == told["counts"]["collected"] == 120
