"""The classifier of kinds on real questions, labelled by hand before it saw them.

`kinds.csv` names rows of public data by their place, with a label: `policy` for a question about a
rule, condition, fee, limit or coverage; `procedure` for how something is done, or a wish to have it
done; `qa` for everything else. The rules were written with the rows drawn `before` in sight; the 60
drawn `after` were labelled and counted once, when the rules were finished: 51 right.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.prompting.kinds import KINDS, item_kind

DATA = {
    "bitext": ("bitext-support/tickets.csv", "instruction", "category"),
    "banking": ("banking77/banking_data/train.csv", "text", None),
    "bookings": ("judge-and-bookings/examples/datasets/bookings.csv", "query", None),
}


@pytest.mark.parametrize(("drawn", "rows", "least"), [("before", 222, 212), ("after", 60, 51)])
def test_it_tells_kinds_of_real_questions(
    shared_data: Path, drawn: str, rows: int, least: int
) -> None:
    labels = pl.read_csv(Path(__file__).parent / "kinds.csv").filter(pl.col("drawn") == drawn)
    assert labels.height == rows
    right = 0
    for name, (file, question, category) in DATA.items():
        table = pl.read_csv(shared_data / file, infer_schema_length=0)
        for place, kind in labels.filter(pl.col("data") == name).select("row", "kind").iter_rows():
            row = table.row(place, named=True)
            right += item_kind(row[question], category and row[category]) == kind
    assert right >= least


def test_a_category_that_says_a_kind_decides() -> None:
    assert item_kind("Where is my parcel?") == "qa"
    assert item_kind("Where is my parcel?", "Refund Policy") == "policy"
    assert item_kind("Where is my parcel?", "how-to") == "procedure"
    assert item_kind("Where is my parcel?", "delivery") == "qa"


@given(st.text(), st.none() | st.text())
def test_every_text_has_a_kind(question: str, category: str | None) -> None:
    assert item_kind(question, category) in KINDS
