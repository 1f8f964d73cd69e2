from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.tables.template import FormatError, MissingValueError, Template

ROW = {
    "name": "ann LEE", "price": 1234.5, "n": 3, "day": date(2026, 1, 31), "ok": True, "none": None,
    "at": datetime(2026, 1, 31, 9, 5, tzinfo=UTC), "Unit Price": 7,
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{name}: {price}", "ann LEE: 1234.5"),
        ("{price:,.2f} for {n}", "1,234.50 for 3"),
        ("{name:title} {name:upper}", "Ann Lee ANN LEE"),
        ("on {day} / {day:%d %B %Y}", "on 2026-01-31 / 31 January 2026"),
        ("{at} {at:%H h}", "2026-01-31 09:05 09 h"),
        ("{ok} {Unit Price}", "yes 7"),
        ("{{x}} [y] {n}", "{x} [y] 3"),
        ("{n}[[ costs {price}]][[ by {none}]].", "3 costs 1234.5."),
    ],
)
def test_what_templates_give(written, expected) -> None:
    assert Template(written).fill(ROW) == expected


@pytest.mark.parametrize(
    "written",
    ["no column", "{", "{n", "n}", "{n}[[ x", "{n} ]]", "[[ [[ {n} ]] ]]", "{n} [[ x ]]", "{}"],
)
def test_what_is_no_template_is_refused(written) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Template(written)


def test_missing_values_and_wrong_formats_are_told_by_column_alone() -> None:
    with pytest.raises(MissingValueError, match="column 'none' has no value"):
        Template("{n} {none}").fill(ROW)
    assert Template("{n} {none}").fill(ROW, empty=True) == "3"
    with pytest.raises(FormatError, match="column 'name'") as caught:
        Template("{name:.2f}").fill(ROW)
    assert "LEE" not in str(caught.value)


@given(st.text(st.sampled_from("{}[]:n x%.2f"), max_size=30))
def test_any_text_is_a_template_or_refused(written) -> None:
    try:
        template = Template(written)
    except ValueError:
        return
    if set(template.columns) <= ROW.keys():
        try:
            template.fill(ROW)
        except (MissingValueError, FormatError):
            return


@given(st.text(max_size=20), st.text(max_size=20))
def test_values_are_never_read_as_templates(a, b) -> None:
    assert Template("<{a}|{b}>").fill({"a": a, "b": b}) == f"<{a}|{b}>"
