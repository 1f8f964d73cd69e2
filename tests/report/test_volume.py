from __future__ import annotations

import pytest

from tunesmith.report.collecting import licences
from tunesmith.report.volume import level, sentences, volumes

NEEDED = "of the 1,000 that a category needs to be learned at all"


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        (0, "thin"), (999, "thin"), (1_000, "minimum"), (5_000, "minimum"), (5_001, "between"),
        (9_999, "between"), (10_000, "production"), (50_000, "production"), (50_001, "beyond"),
    ],
)  # fmt: skip
def test_the_ranges_are_those_of_the_source_documents(rows, where) -> None:
    assert level(rows) == where


def test_what_is_thin_is_said_the_thinnest_first() -> None:
    found = volumes({"billing": 210, "refund": 12_000, None: 1, "parcel": 1_400})
    assert [one["category"] for one in found] == ["refund", "parcel", "billing", None]
    assert sentences(found) == [
        f"what has no category has 1 row: 999 short {NEEDED}",
        f"'billing' has 210 rows: 790 short {NEEDED}",
        "1 of 4 categories have the 10,000 to 50,000 rows that robust answers in production take",
    ]


def test_of_many_thin_categories_some_are_named() -> None:
    told = sentences(volumes({f"c{n}": 100 + n for n in range(8)}))
    assert told[5].startswith("3 more categories are short of the 1,000, by 2,682 rows together")
    assert len(told) == 7


def test_nothing_is_said_of_nothing() -> None:
    assert sentences(volumes({})) == []
    assert licences([]) == []


def test_licences_that_ask_for_attribution_are_named() -> None:
    rows = [
        {"license": "CC-BY-4.0", "rows": 3, "credited": True},
        {"license": "own", "rows": 5, "credited": False},
    ]
    assert licences(rows) == ["3 rows ask for attribution (CC-BY-4.0): export/ATTRIBUTION.md"]
