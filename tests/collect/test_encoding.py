"""UTF-8 is told block by block, as if the whole sample were looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunesmith.collect import encoding
from tunesmith.collect.encoding import detect


@pytest.fixture(autouse=True)
def _small(monkeypatch) -> None:
    monkeypatch.setattr(encoding, "_BLOCK_BYTES", 16)
    monkeypatch.setattr(encoding, "SAMPLE_BYTES", 64)


def named(folder: Path, data: bytes) -> str:
    (folder / "f").write_bytes(data)
    return detect(folder / "f").name


@pytest.mark.parametrize("before", range(12, 20))
def test_a_letter_across_two_blocks(tmp_path, before) -> None:
    assert named(tmp_path, b"a" * before + "€\n".encode()) == "utf-8"


@pytest.mark.parametrize("before", [0, 14, 15, 16, 40])
def test_a_letter_that_is_no_utf8(tmp_path, before) -> None:
    line = b"Caf\xe9 cr\xe8me \xe0 emporter, na\xefve, d\xe9j\xe0 vu\n"
    assert named(tmp_path, b"a" * before + line) != "utf-8"


def test_a_file_that_ends_within_a_letter(tmp_path) -> None:
    """The byte of `é` in Windows-1252 begins a letter of three bytes in UTF-8."""
    assert named(tmp_path, b"caf\xe9") != "utf-8"


@pytest.mark.parametrize("size", [63, 64, 65, 200])
def test_the_sample_ends_within_a_letter_or_the_file_goes_on(tmp_path, size) -> None:
    assert named(tmp_path, b"a" * size + "é".encode() * 40) == "utf-8"


def test_most_lines_decide_where_some_are_broken(tmp_path) -> None:
    assert named(tmp_path, "é\n".encode() * 5 + b"\xe9\n" * 2) == "utf-8"
    assert named(tmp_path, "é\n".encode() * 2 + b"\xe9\n" * 5) != "utf-8"


@pytest.mark.parametrize(("data", "name"), [(b"", "utf-8"), ("a".encode("utf-8-sig"), "utf-8-sig")])
def test_no_byte_and_a_mark(tmp_path, data, name) -> None:
    assert named(tmp_path, data) == name
