"""A second run with more rows: those that were dealt before keep their split."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from factory import tickets
from growth import prepared, project
from tunesmith.prepare import Prepared
from tunesmith.split import PROTECTED
from tunesmith.store.versions import diff, read_version


@pytest.fixture(autouse=True)
def _settled(monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")


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


def test_a_row_that_takes_the_place_of_another_takes_its_split(tmp_path) -> None:
    rows = tickets(200)
    for row in rows:
        row["thread"] = row["agent"] = ""
    dedup = {"keep": "longest", "near": {"threshold": 0.5, "band_rows": 2}}
    path = project(tmp_path, {"m": rows}, **KEEP, dedup=dedup)
    was = where(prepared(path, tmp_path / "out"))
    # Of each split some, so that dealing anew by shares alone would not put them where they were.
    replaced = [name for split in PROTECTED for name in was if was[name] == split][::4]
    by_number = {row["number"]: row for row in rows}
    longer = []
    for name in replaced:
        old = by_number[name]
        words = old["question"].replace("What now?", "What now, please?")
        longer.append(old | {"number": f"L-{name}", "question": words, "customer": f"new {name}"})
    project(tmp_path, {"n": longer}, **KEEP, dedup=dedup)
    after = prepared(path, tmp_path / "out")
    now = where(after)
    assert not set(replaced) & set(now)
    assert {name: now[f"L-{name}"] for name in replaced} == {name: was[name] for name in replaced}


def test_a_row_that_moved_to_another_file_keeps_its_split(tmp_path) -> None:
    rows = tickets(200)
    for row in rows:
        row["thread"] = row["agent"] = ""
    path = project(tmp_path, {"m": rows}, **KEEP)
    before = prepared(path, tmp_path / "out").frame
    (tmp_path / "raw" / "m.csv").unlink()
    project(tmp_path, {"n": list(reversed(rows))}, **KEEP)
    after = prepared(path, tmp_path / "out").frame
    assert not set(before["id"]) & set(after["id"])
    was, now = (dict(frame.select("question", "split").iter_rows()) for frame in (before, after))
    assert len(was) == before.height
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


def test_a_part_that_stays_and_one_that_went_say_the_same(tmp_path, monkeypatch) -> None:
    """With the cache and without it, rows of files that stay, change or go keep their splits."""
    monkeypatch.setattr("tunesmith.store.parts.CUT_ROWS", 20)
    rows = tickets(240)
    for row in rows:
        row["thread"] = row["agent"] = ""
    parts = {
        name: rows[start : start + 60] for name, start in zip("abc", (0, 60, 120), strict=True)
    }
    path = project(tmp_path, parts, **KEEP)
    first = prepared(path, tmp_path / "out")
    subprocess.run(["cp", "-a", str(tmp_path / "out"), str(tmp_path / "bare")], check=True)
    subprocess.run(["rm", "-r", str(tmp_path / "bare" / "work")], check=True)
    (tmp_path / "raw" / "b.csv").unlink()
    project(tmp_path, {"c": rows[100:150], "d": rows[150:]}, **KEEP)
    kept, bare = (prepared(path, tmp_path / name) for name in ("out", "bare"))
    assert kept.frame.equals(bare.frame)
    assert kept.version.lineage["splits_from"] == bare.version.lineage["splits_from"]
    was, now = where(first), where(kept)
    assert len(now) > 100
    assert {name: now[name] for name in was if name in now} == {n: was[n] for n in was if n in now}


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
