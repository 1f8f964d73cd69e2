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
    with pytest.raises(SourceError, match="no row could be read"):
        prepare(load(path), tmp_path / "out", SilentProgress())
