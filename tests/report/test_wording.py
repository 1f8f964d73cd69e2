"""How figures are written."""

from __future__ import annotations

import pytest

from tunesmith.report import wording
from tunesmith.report.node import Node, printable

MISSING = wording.MISSING


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, MISSING), (0, "0%"), (1, "100%"), (0.0042, "0.4%"), (0.00042, "0.04%"),
     (0.9999, "99.99%"), (1e-9, "<0.001%"), (1 - 1e-9, ">99.999%"), (0.12, "12%")],
)  # fmt: skip
def test_percent_never_rounds_to_none_or_all(value: float | None, text: str) -> None:
    assert wording.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, MISSING), (0.0421, "0.042 s"), (0, "0.00 s"), (2.344, "2.34 s"), (38.2, "38 s"),
     (59.7, "1 min 00 s"), (338.2, "5 min 38 s"), (3599.9, "1 h 00 min"), (7503, "2 h 05 min")],
)  # fmt: skip
def test_duration(value: float | None, text: str) -> None:
    assert wording.duration(value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [(None, "USD", MISSING), (0.18, "USD", "0.18 USD"), (0.094, "USD", "0.094 USD"),
     (1234.5, "GBP", "1,234.50 GBP"), (0.00031, "USD", "0.00031 USD"), (3, None, "3.00")],
)  # fmt: skip
def test_money(value: float | None, currency: str | None, text: str) -> None:
    assert wording.money(value, currency) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, MISSING), (0, "0"), (123456, "123,456"), (12.34, "12.3"), (0.5, "0.5"),
     (0.000123456, "0.000123"), (-0.25, "\N{MINUS SIGN}0.25")],
)  # fmt: skip
def test_significant(value: float | None, text: str) -> None:
    assert wording.significant(value) == text


def test_quality_names_its_unit() -> None:
    assert wording.quality(0, "findings") == "0 findings"
    assert wording.quality(0.0042, "share") == "0.4%"
    assert wording.quality(0.41, "score") == "0.41"


def test_date_is_in_utc() -> None:
    assert wording.date("2026-03-04T09:29:48+01:00") == "4 March 2026, 08:29 UTC"
    assert wording.date("yesterday") == "yesterday"


def test_plural_and_join() -> None:
    assert wording.plural(1, "row") == "1 row"
    assert wording.plural(2000, "row") == "2,000 rows"
    assert wording.join(["a", "b", "c"]) == "a, b and c"


def test_control_characters_are_made_visible() -> None:
    assert printable("a\x00b\x1b[1m\tc\r\nd") == "a\ufffdb\ufffd[1m\tc\nd"


def test_a_node_reads_infinity_as_missing_and_refuses_a_truth_value() -> None:
    assert Node({"x": float("nan")}, "f").number("x") is None
    with pytest.raises(Exception, match=r"f: x: expected a number, found bool"):
        Node({"x": True}, "f").number("x")
