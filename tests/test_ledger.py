from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import pairs
from tunesmith import ledger
from tunesmith.errors import ConservationError


def fates(*names: str) -> pl.DataFrame:
    frame = pairs(*({} for _ in names))
    parts = [
        ledger.fates(frame[place : place + 1], step="test", fate=name)  # type: ignore[arg-type]
        for place, name in enumerate(names)
    ]
    return pl.concat(parts) if parts else ledger.empty()


@given(st.lists(st.sampled_from(ledger.FATES), max_size=30))
def test_the_counts_add_up(names: list[str]) -> None:
    counts = ledger.conserve(fates(*names), collected=len(names))
    assert counts["collected"] == sum(counts[fate] for fate in ledger.FATES) == len(names)


def test_a_lost_row_fails() -> None:
    with pytest.raises(ConservationError, match="3 rows were collected but the ledger has 2"):
        ledger.conserve(fates("kept", "dropped"), collected=3)


def test_a_row_with_two_fates_fails() -> None:
    one = fates("kept")
    with pytest.raises(ConservationError, match="more than one fate"):
        ledger.conserve(pl.concat([one, one]), collected=2)


def test_an_unknown_fate_fails() -> None:
    odd = fates("kept").with_columns(fate=pl.lit("vanished"))
    with pytest.raises(ConservationError, match="vanished"):
        ledger.conserve(odd, collected=1)


def test_reasons_are_counted_most_first() -> None:
    table = ledger.reasons(fates("kept", "dropped", "dropped", "merged"))
    assert table["rows"].to_list() == [2, 1]
    assert "kept" not in table["fate"].to_list()
