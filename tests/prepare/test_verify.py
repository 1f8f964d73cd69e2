"""A source that is not what the recipe expects is refused, or kept out, as a whole."""

from __future__ import annotations

import hashlib
import os
import time

import polars as pl
import pytest
from pydantic import ValidationError

from factory import recipe, tickets, write_csv
from tunesmith.collect.schema import drift
from tunesmith.collect.verify import Verification, read_sums
from tunesmith.errors import RecipeError, SourceError
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import check, load


class Said(SilentProgress):
    def __init__(self) -> None:
        self.words: list[str] = []

    def say(self, message: str) -> None:
        self.words.append(message)


def _made(folder, verify, *, rows=None, progress=None):
    write_csv(folder / "t.csv", rows or tickets(30))
    path = recipe(folder, {"path": "t.csv", "verify": verify})
    return prepare(load(path), folder / "out", progress or SilentProgress())


def _sha(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_source_that_is_as_expected_comes_in(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(30))
    digest = _sha(tmp_path / "t.csv")
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  t.csv\n")
    made = _made(tmp_path, {"sha256": digest.upper(), "manifest": "SHA256SUMS", "rows": 30})
    assert made.counts["quarantined"] == 0
    assert made.sources[0]["failures"] == []


@pytest.mark.parametrize(
    ("verify", "words"),
    [
        ({"sha256": "0" * 64}, "t.csv has another SHA-256 than the recipe says"),
        ({"rows": 31}, "it has 30 rows where at least 31 were expected"),
        ({"rows": [None, 29]}, "it has 30 rows where at most 29 were expected"),
        ({"max_age": "30d"}, r"its newest row is \d+ days old, more than 30d"),
    ],
)
def test_a_source_that_fails_is_refused(tmp_path, monkeypatch, verify, words) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    with pytest.raises(SourceError, match=words) as caught:
        _made(tmp_path, verify)
    assert "source 'tickets' failed its verification" in caught.value.message


def test_where_the_recipe_says_so_its_rows_are_quarantined_and_the_run_goes_on(tmp_path) -> None:
    write_csv(tmp_path / "u.csv", tickets(50)[30:])
    path = recipe(tmp_path, {"path": "t.csv", "verify": {"rows": 5, "on_failure": "quarantine"}})
    write_csv(tmp_path / "t.csv", [*tickets(3), *tickets(1)])
    text = path.read_text()
    more = text[text.index("- name: tickets") : text.index("  path:")].replace("tickets", "more", 1)
    path.write_text(text.replace("- name: tickets", f"{more}  path: u.csv\n- name: tickets"))
    made = prepare(load(path), tmp_path / "out", SilentProgress())
    held = made.ledger.filter(pl.col("source") == "tickets")
    assert held.height == 4
    assert set(held["fate"]) == {"quarantined"}
    assert set(held["step"]) == {"verify"}
    assert held["reason"][0] == (
        "the source failed its verification: it has 4 rows where at least 5 were expected"
    )
    assert made.frame["source"].unique().to_list() == ["more"]
    assert made.counts["quarantined"] == 4


def test_when_nothing_passes_the_run_ends(tmp_path) -> None:
    with pytest.raises(SourceError, match="every source failed its verification"):
        _made(tmp_path, {"rows": 5000, "on_failure": "quarantine"})


def test_a_manifest_tells_of_files_that_are_changed_strange_or_missing(tmp_path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.csv", "b.csv", "c.csv"):
        write_csv(tmp_path / "in" / name, tickets(5))
    digest = _sha(tmp_path / "in" / "a.csv")
    sums = f"{digest} *a.csv\n{'1' * 64}  b.csv\n{'2' * 64}  gone.csv\n"
    (tmp_path / "in" / "SHA256SUMS.txt").write_text(sums)
    path = recipe(tmp_path, {"path": "in/*.csv", "verify": {"manifest": "in/SHA256SUMS.txt"}})
    with pytest.raises(SourceError) as caught:
        prepare(load(path), tmp_path / "out", SilentProgress())
    for words in (
        "in/b.csv has another SHA-256 than SHA256SUMS.txt says",
        "in/c.csv is not in SHA256SUMS.txt",
        "gone.csv is in SHA256SUMS.txt but not there",
    ):
        assert words in caught.value.message


def test_a_manifest_that_is_not_there_is_told_before_the_run(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(5))
    path = recipe(tmp_path, {"path": "t.csv", "verify": {"manifest": "SUMS"}})
    with pytest.raises(RecipeError, match="there is no file 'SUMS'"):
        check(load(path))


def test_sums_are_read_in_both_forms() -> None:
    text = f"{'a' * 64}  ./x y.csv\n# comment\nSHA256 (z.csv) = {'B' * 64}\nnothing\n"
    assert read_sums(text) == {"x y.csv": "a" * 64, "z.csv": "b" * 64}


@pytest.mark.parametrize("how", ["warn", "fail", "ignore"])
def test_columns_that_come_and_go_are_told(tmp_path, how) -> None:
    rows = [row | {"priority": n, "channel": "web"} for n, row in enumerate(tickets(20))]
    _made(tmp_path, {"drift": how}, rows=rows)
    other = [row | {"priority": "high", "region": "north"} for row in tickets(20)]
    told = [
        "since the last run, column 'channel' is gone",
        "since the last run, column 'region' is new",
        "since the last run, column 'priority' was whole number and is text",
    ]
    progress = Said()
    if how == "fail":
        for _ in range(2):  # what was refused is not what the next run is held to
            with pytest.raises(SourceError) as caught:
                _made(tmp_path, {"drift": how}, rows=other)
            assert all(words in caught.value.message for words in told)
        return
    _made(tmp_path, {"drift": how}, rows=other, progress=progress)
    said = [words for words in progress.words if "since the last run" in words]
    expected = [f"source 'tickets': {words}" for words in told]
    assert said == (expected if how == "warn" else [])


def test_drift_says_nothing_of_values() -> None:
    assert drift({"extra.a": "text", "b": "x"}, {"b": "x", "extra.c": "number"}) == [
        "column 'a' is gone", "column 'c' is new",
    ]  # fmt: skip
    assert drift({"a": "number"}, {"a": "number"}) == []


def test_a_file_without_times_is_as_old_as_the_file(tmp_path) -> None:
    rows = [{k: v for k, v in row.items() if k != "created"} for row in tickets(20)]
    write_csv(tmp_path / "t.csv", rows)
    columns = {"question": "question", "answer": "answer", "id": "number"}
    source = {"path": "t.csv", "columns": columns, "verify": {"max_age": "2w"}}
    path = recipe(tmp_path, source)
    prepare(load(path), tmp_path / "out", SilentProgress())
    old = time.time() - 20.5 * 86_400
    os.utime(tmp_path / "t.csv", (old, old))
    with pytest.raises(SourceError, match="its newest file is 20 days old, more than 2w"):
        prepare(load(path), tmp_path / "out", SilentProgress())


def test_trust_is_a_column_that_rules_can_use(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(20))
    source = {"path": "t.csv", "verify": {"trust": "low"}}
    made = prepare(load(recipe(tmp_path, source)), tmp_path / "out", SilentProgress())
    extra = made.frame["extra"].explode().struct.unnest()
    assert extra.filter(pl.col("key") == "trust")["value"].unique().to_list() == ["low"]
    rule = {"exclude": [{"column": "trust", "values": ["low"]}]}
    made = prepare(load(recipe(tmp_path, source, check=rule)), tmp_path / "out", SilentProgress())
    assert made.counts["kept"] == 0


@pytest.mark.parametrize(
    "bad", [{"rows": [5, 2]}, {"rows": -1}, {"max_age": "soon"}, {"sha256": "x"}]
)
def test_settings_are_checked(bad) -> None:
    with pytest.raises(ValidationError):
        Verification(**bad)
