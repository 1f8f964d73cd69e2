from __future__ import annotations

import pytest

from tunesmith.report.collecting import changes, licences
from tunesmith.report.volume import level, sentences, volumes

NEEDED = "fewer than the 1,000 rows that a category needs to be learned well"


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
        f"2 of 4 categories have {NEEDED}: no category 1, 'billing' 210",
        "1 of 4 categories has the 10,000 rows or more that dependable answers in production need",
    ]


def test_of_many_thin_categories_some_are_named_in_one_line() -> None:
    (told,) = sentences(volumes({f"c{n}": 100 + n for n in range(8)}))
    assert told == (
        f"all 8 categories have {NEEDED}: 'c0' 100, 'c1' 101, 'c2' 102, 'c3' 103, 'c4' 104, 3 more"
    )


@pytest.mark.parametrize(
    ("rows", "begins"),
    [(5, "has fewer"), (1_000, "has not the 10,000"), (10_000, "has the 10,000")],
)
def test_an_only_category_is_called_so(rows, begins) -> None:
    (told,) = sentences(volumes({"a": rows}))
    assert told.startswith(f"the only category {begins}")


def test_sources_without_anything_new_share_a_line() -> None:
    nothing = {"new": 0, "changed": 0, "deleted": 0, "moved": 0}
    sources = [
        {"source": "a", "since_last_run": nothing},
        {"source": "b", "since_last_run": nothing | {"new": 2}},
        {"source": "c", "since_last_run": nothing},
        {"source": "d", "since_last_run": None, "failures": ["no row"]},
    ]
    assert changes(sources) == [
        "b: 2 new since the last run",
        "d is in quarantine as a whole: no row",
        "a, c: nothing new since the last run",
    ]
    many = [{"source": f"s{n}", "since_last_run": nothing} for n in range(6)]
    assert changes(many) == ["6 sources: nothing new since the last run"]


def test_nothing_is_said_of_nothing() -> None:
    assert sentences(volumes({})) == []
    assert licences([]) == []


def test_licences_that_ask_for_attribution_are_named() -> None:
    rows = [
        {"license": "CC-BY-4.0", "rows": 3, "credited": True},
        {"license": "own", "rows": 5, "credited": False},
    ]
    assert licences(rows) == ["3 rows ask for attribution (CC-BY-4.0): export/ATTRIBUTION.md"]
