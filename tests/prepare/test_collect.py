from __future__ import annotations

import os
import time

import pytest
import yaml

from factory import recipe, tickets, write_csv
from tunesmith.errors import SourceError
from tunesmith.prepare import prepare
from tunesmith.progress import LineProgress, SilentProgress
from tunesmith.recipe import load


def test_a_source_without_a_readable_row_is_an_error(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("number,question,answer,category,customer,created\nonly,two\n")
    path = recipe(tmp_path, {"path": "t.csv"})
    with pytest.raises(SourceError, match=r"no row could be made .1 quarantined") as caught:
        prepare(load(path), tmp_path / "out", SilentProgress())
    assert "2 fields" in caught.value.message
    assert "t.csv:2" in caught.value.message


def test_a_source_of_which_rules_leave_nothing_is_named(tmp_path, capsys) -> None:
    """Another one has rows: the run goes on."""
    write_csv(tmp_path / "t.csv", tickets(20))
    (tmp_path / "chat.json").write_text(
        '[{"id": 1, "messages": [{"from": "user", "text": "Hm?"}]}]'
    )
    path = recipe(tmp_path, {"path": "t.csv"})
    given = yaml.safe_load(path.read_text())
    given["sources"].append({"name": "chat", "kind": "chats", "path": "chat.json"})
    path.write_text(yaml.safe_dump(given))
    made = prepare(load(path), tmp_path / "out", LineProgress())
    assert made.counts["collected"] == 21
    said = capsys.readouterr().err
    assert "source 'chat': no row could be made (1 dropped)" in said
    given["sources"] = given["sources"][1:]
    path.write_text(yaml.safe_dump(given))
    with pytest.raises(SourceError, match="a question that was not answered"):
        prepare(load(path), tmp_path / "out", SilentProgress())


def test_a_source_without_a_row_says_so(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("number,question,answer,category,customer,created\n")
    path = recipe(tmp_path, {"path": "t.csv"})
    with pytest.raises(SourceError, match="the files have no row"):
        prepare(load(path), tmp_path / "out", SilentProgress())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("here/raw/t.csv", "raw/t.csv"),
        ("jane.doe/raw/t.csv", "t.csv"),
        ("jane.doe/raw", "raw/t.csv"),
        ("jane.doe/raw/*.csv", "raw/t.csv"),
        ("jane.doe/*/t.csv", "jane.doe/raw/t.csv"),
    ],
)
def test_a_file_is_named_without_the_folders_above(tmp_path, given, told) -> None:
    """They may hold a user's name, and the name of a file is published."""
    for home in ("here", "jane.doe"):
        (tmp_path / home / "raw").mkdir(parents=True)
    path = tmp_path / given
    for home in ("here", "jane.doe"):
        write_csv(tmp_path / home / "raw" / "t.csv", tickets(20))
    loaded = load(recipe(tmp_path / "here", {"path": str(path)}))
    made = prepare(loaded, tmp_path / "out", SilentProgress())
    assert made.frame["file"].unique().to_list() == [told]
    assert made.ledger["file"].unique().to_list() == [told]


def test_a_file_that_changed_under_its_old_time_is_read(tmp_path, monkeypatch) -> None:
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 5 * 10**9)  # long after it was written
    write_csv(tmp_path / "t.csv", tickets(20))
    loaded = load(recipe(tmp_path, {"path": "t.csv"}))
    before = prepare(loaded, tmp_path / "out", SilentProgress())
    times = (tmp_path / "t.csv").stat()
    data = (tmp_path / "t.csv").read_bytes()
    (tmp_path / "t.csv").write_bytes(data.replace(b"the", b"thy"))
    os.utime(tmp_path / "t.csv", ns=(times.st_atime_ns, times.st_mtime_ns))
    after = prepare(loaded, tmp_path / "out", SilentProgress())
    assert (tmp_path / "t.csv").stat().st_size == times.st_size
    assert after.version.fingerprint != before.version.fingerprint
