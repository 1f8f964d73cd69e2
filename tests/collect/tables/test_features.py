from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.tables.features import FUNCTIONS, outcome, parse

FRAME = pl.DataFrame(
    {
        "price": [2.5, 0.0, None],
        "n": [4, 0, 7],
        "name": ["Ann Lee", None, "Bo"],
        "born": [date(2000, 2, 29), date(1990, 12, 31), None],
        "seen": [date(2001, 2, 28), date(2020, 12, 31), date(2020, 1, 1)],
        "at": [datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 5, 9, 0, 30, tzinfo=UTC), None],
        "Unit Price": [1, 2, 3],
    }
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("price * n + 1", [11.0, 1.0, None]),
        ("-n // 3", [-2, 0, -3]),
        ("price / n", [0.625, None, None]),
        ("ratio(price, n)", [0.625, None, None]),
        ("n % 3 == 1", [True, False, True]),
        ("1 < n <= 4", [True, False, False]),
        ("n > 3 and not missing(price)", [True, False, False]),
        ("'many' if n > 3 else 'few'", ["many", "few", "many"]),
        ("age(born, seen)", [0, 30, None]),
        ("age(born, date('2020-02-29'))", [20, 29, None]),
        ("days(born, seen)", [365.0, 10958.0, None]),
        ("bins(n, 1, 5)", ["1 to 5", "less than 1", "5 or more"]),
        ("bins(price, -1.5, 2.5)", ["2.5 or more", "-1.5 to 2.5", None]),
        ("part(at, 'month name')", ["January", "May", None]),
        ("part(at, 'hour')", [12, 0, None]),
        ("part(born, 'weekday')", ["Tuesday", "Monday", None]),
        ("join(' / ', name, n)", ["Ann Lee / 4", "0", "Bo / 7"]),
        ("coalesce(name, 'nobody')", ["Ann Lee", "nobody", "Bo"]),
        ("col('Unit Price') * 2", [2, 4, 6]),
        ("round(price * 1.3, 1)", [3.2, 0.0, None]),
        ("least(price, n)", [2.5, 0.0, 7.0]),
        ("contains(name, 'LEE')", [True, None, False]),
        ("length(name) + words(name)", [9, None, 3]),
    ],
)
def test_what_expressions_give(written, expected) -> None:
    found = FRAME.select(parse(written).alias("it"))["it"].to_list()
    assert found == pytest.approx(expected) if isinstance(expected[0], float) else found == expected
    assert outcome(written, FRAME.schema) == FRAME.select(parse(written).alias("it")).schema["it"]


@pytest.mark.parametrize(
    "written",
    [
        "__import__('os').system('x')", "price.name", "[1, 2]", "lambda: 1", "f'{price}'", "x := 1",
        "open('f')", "price[0]", "age()", "age(born, at, at)", "part(at, 'era')", "bins(n)",
        "bins(n, 2, 1)", "join(name, n)", "price if n", "", "a b", "date('x')", "col(name)",
        "round(n, digits=2)", "join('x', *name)", "2 ** 9999", "1 is n", "b'x'", "...", "1j",
        "col('*')", "col('^a.*$')", "-" * 60 + "n", "-" * 3000 + "1",
    ],
)  # fmt: skip
def test_what_is_not_in_the_language_is_refused_with_a_reason(written) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(written)


def test_names_that_are_not_there_and_types_that_do_not_go_are_told() -> None:
    with pytest.raises(ValueError, match="no column 'cost'"):
        outcome("cost + 1", FRAME.schema)
    with pytest.raises(ValueError, match="price is Float64"):
        outcome("part(price, 'year')", FRAME.schema)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_refused(written) -> None:
    try:
        parse(written)
    except ValueError:
        return


def test_every_function_is_in_the_docs() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[3] / "docs" / "sources" / "tables.md").read_text()
    assert [name for name in FUNCTIONS if f"`{name}(" not in page] == []
