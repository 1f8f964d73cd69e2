"""The arithmetic of the table."""

from __future__ import annotations

import json

import pytest

from benchmarks.measure import Measured
from benchmarks.table import Section, lines, number, ratio

OURS = Measured("ours", 1_000, [0.5, 0.1, 0.2], {"recall": 0.5, "rows out": 1_234})
RIVAL = Measured("rival", 100, [2.0, 4.0, 1.0])


def section() -> Section:
    return Section("Work", "rows", [OURS, RIVAL], "ours")


def test_rates_are_of_the_median_round() -> None:
    assert OURS.cpu_s == 0.2
    assert OURS.rate == 5_000
    assert RIVAL.rate == 50


def test_ratios_are_of_items_per_cpu_second_not_of_seconds() -> None:
    assert section().times("rival") == 100
    assert section().times("ours") == 1
    with pytest.raises(KeyError):
        section().times("nobody")


def test_the_lines_have_bounds_and_facts() -> None:
    assert lines([section()]) == [
        "**Work** (×: how many times as fast ours is)",
        "",
        "| tool | rows per CPU-second | bounds | × | what came out |",
        "|---|---|---|---|---|",
        "| ours | 5,000 | 2,000–10,000 | 1.00 | recall 0.500, rows out 1,234 |",
        "| rival | 50 | 25–100 | 100 |  |",
        "",
    ]


def test_the_figures_as_json() -> None:
    told = json.loads(json.dumps(section().as_json()))
    assert told["beside"] == "ours"
    assert [one["times"] for one in told["results"]] == [1, 100]
    assert told["results"][1]["cpu_s"] == [2.0, 4.0, 1.0]


@pytest.mark.parametrize(
    ("value", "words"),
    [(123_456, "123,000"), (1_999.6, "2,000"), (999.4, "999"), (52.25, "52.2"), (0.5, "0.5")],
)
def test_three_digits_count(value, words) -> None:
    assert number(value) == words


@pytest.mark.parametrize(("value", "words"), [(43.9, "44"), (4.06, "4.1"), (1.234, "1.23")])
def test_ratios(value, words) -> None:
    assert ratio(value) == words
