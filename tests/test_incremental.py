"""A second run with more files: what a fresh run over all files makes, and splits that stay."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory import recipe, tickets, write_csv
from test_prepare import contents
from tunesmith import ledger
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.task import ApplySteps
from tunesmith.errors import QualityGateError
from tunesmith.io import read_json
from tunesmith.pipeline import run
from tunesmith.prepare import Prepared, prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load
from tunesmith.split import PROTECTED
from tunesmith.store.versions import diff, read_version, versions

FOOTER = "This message is confidential and meant for its addressee alone."
SETTINGS = {
    "clean": {"boilerplate": {"min_rows": 20, "min_share": 0.2}},
    "split": {"keep": False, "customers": False},
}


@pytest.fixture(autouse=True)
def _settled(monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")


def files(count: int, *, rows: int = 24, seed: int = 3) -> list[list[dict[str, object]]]:
    """Files of tickets: threads and duplicates that cross files, names, footers, bad rows."""
    dice = random.Random(seed)
    every = tickets(count * rows)
    people = ("Zuri Abebe", "Ada Ek", "Kim Larsson")
    for number, row in enumerate(every):
        row["thread"] = f"t{dice.randrange(count * rows // 3)}"
        row["agent"] = people[number % 3] if number % 5 == 0 else ""
        row["answer"] += f" {dice.choice(people)} looks after it.\n\n{FOOTER}"
        if number % 4 == 3:  # nearly or just the same as a row of any file
            other = dice.choice(every[:number] or every)
            row["question"], row["answer"] = other["question"], other["answer"]
            if number % 8 == 3:
                row["answer"] = row["answer"].replace("within", "in", 1)
        if number % 17 == 0:
            row["answer"] = ""
    dice.shuffle(every)
    return [every[start : start + rows] for start in range(0, len(every), rows)]


def project(folder: Path, parts: dict[str, list[dict[str, object]]], **more) -> Path:
    (folder / "raw").mkdir(exist_ok=True)
    for name, rows in parts.items():
        write_csv(folder / "raw" / f"{name}.csv", rows)
    columns = {
        "question": "question", "answer": "answer", "category": "category", "id": "number",
        "customer": "customer", "timestamp": "created", "thread": "thread", "author": "agent",
    }  # fmt: skip
    return recipe(folder, {"path": "raw/*.csv", "columns": columns}, **(SETTINGS | more))


def prepared(path: Path, out: Path, *changes: str) -> Prepared:
    return prepare(load(path, list(changes)), out, SilentProgress())


def small_parts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tunesmith.store.parts.CUT_ROWS", 30)
    patch.setattr("tunesmith.prepare.CHUNK_ROWS", 40)
    patch.setattr("tunesmith.collect.base.CHUNK_ROWS", 40)


def same_rows(one: Prepared, other: Prepared) -> None:
    assert one.frame.equals(other.frame)
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


def test_a_row_that_was_merged_and_now_stays_is_scanned(tmp_path) -> None:
    """What stood for it is gone: the leak that its part has held all the time must be found."""
    rows = tickets(60)
    secret = rows.pop(10)
    rows = [row for row in rows if "kettle" not in row["question"]]
    secret["answer"] = "The kettle is on its way and comes on Monday with the other things."
    better = secret | {"number": "B-1"}
    better["answer"] = secret["answer"].replace("kettle", "lamp") + " Thank you for your patience!"
    (tmp_path / "raw").mkdir()
    write_csv(tmp_path / "raw" / "a.csv", [*rows, secret])
    write_csv(tmp_path / "raw" / "b.csv", [better])
    near = {"threshold": 0.5, "shingle_words": 2, "band_rows": 2}
    path = recipe(
        tmp_path,
        {"path": "raw/*.csv"},
        clean={"terminology": {"the kettle": "help@example.com"}},
        dedup={"near": near, "keep": "longest"},
    )
    first = prepared(path, tmp_path / "out")
    assert first.ledger.filter(source_id=secret["number"])["fate"].to_list() == ["merged"]
    (tmp_path / "raw" / "b.csv").unlink()
    with pytest.raises(QualityGateError, match="EMAIL"):
        prepared(path, tmp_path / "out")


# ── splits ───────────────────────────────────────────────────────────────────────────────────────

KEEP = {"clean": {}, "split": {"test": 0.2, "validation": 0.1}}


def grown(tmp_path: Path, first, more, *changes: str, **settings) -> tuple[Prepared, Prepared]:
    """A run over one file, and one after another file came."""
    path = project(tmp_path, {"m": first}, **(KEEP | settings))
    before = prepared(path, tmp_path / "out")
    project(tmp_path, {"n": more}, **(KEEP | settings))
    return before, prepared(path, tmp_path / "out", *changes)


def where(made: Prepared) -> dict[str, str]:
    return dict(made.frame.select("source_id", "split").iter_rows())


def test_rows_keep_their_split_and_new_ones_fill_the_shares(tmp_path) -> None:
    rows = tickets(400)
    for row in rows:
        row["thread"] = row["agent"] = ""
    before, after = grown(tmp_path, rows[:300], rows[300:])
    was, now = where(before), where(after)
    assert len(now) > len(was) + 80
    assert {name: now[name] for name in was if name in now} == {n: was[n] for n in was if n in now}
    shares = after.frame["split"].value_counts(normalize=True)
    found = dict(shares.iter_rows())
    assert abs(found["test"] - 0.2) < 0.03
    assert abs(found["validation"] - 0.1) < 0.03
    told = after.version.lineage["splits_from"]
    assert told["version"] == 0
    assert told["moved"] == {}
    assert told["kept"] == sum(name in now for name in was)
    assert "splits_from" not in before.version.lineage


def test_a_row_that_joins_two_splits_never_takes_one_out_of_test(tmp_path) -> None:
    rows = tickets(300)
    for row in rows:
        row["thread"] = row["agent"] = ""
        row["customer"] = f"c-{row['number']}"
    path = project(tmp_path, {"m": rows}, **KEEP)
    before = prepared(path, tmp_path / "out")
    was = where(before)
    of = {name: [n for n, s in was.items() if s == name] for name in PROTECTED}
    by_number = {row["number"]: row for row in rows}
    bridges = []
    for place, (one, other) in enumerate((("test", "train"), ("validation", "train"))):
        # The same question twice: each bridge asks what both ask, through a thread.
        left, right = by_number[of[one][0]], by_number[of[other][place]]
        bridges += [
            left | {"number": f"N-{place}0", "thread": f"b{place}", "answer": f"Another answer number {place} for a change, it comes with the post."},
            right | {"number": f"N-{place}1", "thread": f"b{place}", "answer": f"Quite another reply {place} from us, and it is at your door in May."},
        ]  # fmt: skip
    project(tmp_path, {"n": bridges}, **KEEP)
    after = prepared(path, tmp_path / "out")
    now = where(after)
    assert now["N-00"] == now["N-01"] == "test"
    assert now["N-10"] == now["N-11"] == "validation"
    moved = {name: (was[name], now[name]) for name in was if name in now and was[name] != now[name]}
    assert set(moved.values()) == {("train", "test"), ("train", "validation")}
    assert len(moved) == 2
    assert after.version.lineage["splits_from"]["moved"] == {
        "train → test": 1, "train → validation": 1,
    }  # fmt: skip
    told = diff(read_version(tmp_path / "out" / "dataset", 0), read_version(tmp_path / "out" / "dataset"))  # fmt: skip
    assert len(told.moved) == 2


def test_a_row_that_takes_the_place_of_a_test_row_is_tested(tmp_path) -> None:
    rows = tickets(200)
    for row in rows:
        row["thread"] = row["agent"] = ""
    dedup = {"keep": "longest", "near": {"threshold": 0.5}}
    path = project(tmp_path, {"m": rows}, **KEEP, dedup=dedup)
    before = prepared(path, tmp_path / "out")
    tested = [name for name, split in where(before).items() if split == "test"][:5]
    by_number = {row["number"]: row for row in rows}
    longer = []
    for name in tested:
        old = by_number[name]
        words = old["question"].replace("What now?", "What now, please?")
        longer.append(old | {"number": f"L-{name}", "question": words, "customer": f"new {name}"})
    project(tmp_path, {"n": longer}, **KEEP, dedup=dedup)
    after = prepared(path, tmp_path / "out")
    now = where(after)
    assert not set(tested) & set(now)
    assert {now[f"L-{name}"] for name in tested} == {"test"}


def test_a_row_that_moved_in_its_file_keeps_its_split(tmp_path) -> None:
    rows = tickets(200)
    for row in rows:
        row["thread"] = row["agent"] = ""
    path = project(tmp_path, {"m": rows}, **KEEP)
    was = where(prepared(path, tmp_path / "out"))
    project(tmp_path, {"m": list(reversed(rows))}, **KEEP)
    now = where(prepared(path, tmp_path / "out"))
    assert now == was


@pytest.mark.parametrize(
    "change", ["split.test=0.3", "seed=14", "split.keep=false", "split.by=time"]
)
def test_other_settings_deal_anew(tmp_path, change) -> None:
    rows = tickets(300)
    for row in rows:
        row["thread"] = row["agent"] = ""
    _, after = grown(tmp_path, rows[:200], rows[200:], change)
    fresh = prepared(tmp_path / "recipe.yaml", tmp_path / "fresh", change)
    assert after.frame.equals(fresh.frame)
    assert "splits_from" not in after.version.lineage


def test_splits_are_kept_without_the_cache(tmp_path) -> None:
    rows = tickets(300)
    for row in rows:
        row["thread"] = row["agent"] = ""
    path = project(tmp_path, {"m": rows[:250]}, **KEEP)
    was = where(prepared(path, tmp_path / "out"))
    subprocess.run(["rm", "-r", str(tmp_path / "out" / "work")], check=True)
    project(tmp_path, {"a": rows[250:]}, **KEEP)
    now = where(prepared(path, tmp_path / "out"))
    assert {name: now[name] for name in was} == was
    assert len(now) > len(was)


# ── killed ───────────────────────────────────────────────────────────────────────────────────────

KILLED = """
import sys
import tunesmith.collect.base, tunesmith.prepare, tunesmith.store.parts
tunesmith.collect.base.CHUNK_ROWS = tunesmith.prepare.CHUNK_ROWS = 64
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
