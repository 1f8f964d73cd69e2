from __future__ import annotations

from pathlib import Path

from factory import recipe, tickets, write_csv
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

FOOTER = "This message is confidential and meant for its addressee alone."


def with_footers(folder: Path) -> Path:
    rows = tickets(80)
    for row in rows:
        row["answer"] += f"\n\n{FOOTER}"
    write_csv(folder / "t.csv", rows)
    return recipe(folder, {"path": "t.csv"}, clean={"boilerplate": {"min_rows": 10}})


def test_boilerplate_is_found_in_a_pass_of_its_own_and_kept_in_the_cache(tmp_path) -> None:
    path = with_footers(tmp_path)
    first = prepare(load(path), tmp_path / "out", SilentProgress())
    assert first.frame["answer"].str.contains("confidential").sum() == 0
    assert next(count for count in first.steps if count.step == "boilerplate").changed == 80
    lines = list((tmp_path / "out" / "work").glob("lines-*/part-*.json"))
    moments = [line.stat().st_mtime_ns for line in lines]
    prepare(load(path), tmp_path / "out", SilentProgress())
    assert [line.stat().st_mtime_ns for line in lines] == moments != []
    off = prepare(load(path, ["clean.boilerplate=false"]), tmp_path / "out", SilentProgress())
    assert off.frame["answer"].str.contains("confidential").all()
