from __future__ import annotations

import pytest

from factory import recipe
from tunesmith.errors import SourceError
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load


def test_a_source_without_a_readable_row_is_an_error(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("number,question,answer,category,customer,created\nonly,two\n")
    path = recipe(tmp_path, {"path": "t.csv"})
    with pytest.raises(SourceError, match=r"no row could be read .1 quarantined") as caught:
        prepare(load(path), tmp_path / "out", SilentProgress())
    assert "t.csv:2: 2 fields" in caught.value.message


def test_a_source_without_a_row_says_so(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("number,question,answer,category,customer,created\n")
    path = recipe(tmp_path, {"path": "t.csv"})
    with pytest.raises(SourceError, match="the files have no row"):
        prepare(load(path), tmp_path / "out", SilentProgress())
