from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tunesmith import io
from tunesmith.errors import DamagedFileError
from tunesmith.io import read_json, read_jsonl
from tunesmith.progress import duration


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path) -> None:
    path = tmp_path / "a.json"
    io.write_json(path, {"old": 1})
    with pytest.raises(RuntimeError), io.atomic_write(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert io.read_json(path) == {"old": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_a_file_is_readable_as_the_umask_says(tmp_path) -> None:
    path = tmp_path / "a.txt"
    io.write_text(path, "x")
    plain = tmp_path / "b.txt"
    plain.write_text("x")
    assert path.stat().st_mode == plain.stat().st_mode


def test_fingerprints_do_not_depend_on_the_order_of_keys() -> None:
    assert io.fingerprint({"a": 1, "b": [2]}) == io.fingerprint({"b": [2], "a": 1})
    assert io.fingerprint({"a": 1}) != io.fingerprint({"a": 2})


def test_jsonl_comes_back(tmp_path) -> None:
    rows = [{"text": "a\nb"}, {"text": "ü"}]
    assert io.write_jsonl(tmp_path / "r.jsonl", rows) == 2
    assert io.read_jsonl(tmp_path / "r.jsonl") == rows


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7800, "2 h 10 min")],
)
def test_durations_in_words(seconds, words) -> None:
    assert duration(seconds) == words


def test_a_private_file_is_never_readable_by_others(tmp_path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("")
    path.chmod(0o644)
    with io.atomic_write(path, private=True) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "todo"),
    [("metrics.json", "tunesmith evaluate RECIPE"), ("decision.json", "tunesmith decide RECIPE")],
)
def test_a_damaged_file_is_named_with_what_makes_it_again(
    tmp_path: Path, name: str, todo: str
) -> None:
    file = tmp_path / name
    file.write_text('{"a": [1, 2')
    with pytest.raises(DamagedFileError) as caught:
        read_json(file)
    assert caught.value.where == str(file)
    assert todo in caught.value.message


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    file.write_text('{"id": "a"}\n{"id": "b\n')
    with pytest.raises(DamagedFileError, match=r"predictions\.jsonl, row 2"):
        read_jsonl(file)
