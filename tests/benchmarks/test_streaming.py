from __future__ import annotations

import pytest

from benchmarks.streaming import KINDS, collect, write


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_and_ticket_of_a_written_file_is_counted(tmp_path, kind) -> None:
    path = tmp_path / KINDS[kind][0]
    count = write(path, kind, 100_000)
    found = collect(kind, path, tmp_path / "cache")
    assert found["quarantined"] == 0
    assert 0 < found["rows"] <= count
    if kind == "tickets":
        assert found["rows"] == count
    assert found["peak_mib"] > 0
