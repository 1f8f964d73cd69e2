"""What rows are told apart by: every row once, no people, rare values together."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith import record
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.facets import NOTHING, OTHERS, SlicesConfig, bands, facets_of


def rows(count: int = 30, **columns: object) -> pl.DataFrame:
    """Rows whose columns are constants or functions of their number."""
    plain = {"kind": "qa", "question": "where is it", "answer": "there it is", "extra": []}
    return record.frame(
        [
            {"id": f"r{n}"} | {k: v(n) if callable(v) else v for k, v in (plain | columns).items()}
            for n in range(count)
        ]
    )


def facets(frame: pl.DataFrame, **settings: object):
    groups = settings.pop("groups", {})
    personal = settings.pop("personal", ())
    config = SlicesConfig(**settings)
    return facets_of(frame.select(config.columns), groups, config, personal=personal)


def test_default_facets_are_those_that_tell_rows_apart() -> None:
    frame = rows(
        category=lambda n: "AB"[n % 2],
        question=lambda n: "w " * (n % 15 + 1),
        language="en",
        source=lambda n: "rare" if n < 3 else "tickets",
    )
    found = facets(frame)
    assert [facet.name for facet in found.facets] == ["category", "length", "source"]
    assert found.left_out == (("language", "all rows have the same value"),)
    category, length, source = found.facets
    assert category.order == ("A", "B")
    assert length.order == (
        "short (1 to 5 words)", "medium (6 to 10 words)", "long (11 to 15 words)"
    )  # fmt: skip
    assert source.order == ("tickets", OTHERS)
    assert source.together == ("rare",)


def test_an_independent_row_counts_once() -> None:
    frame = rows(20, category=lambda n: "AB"[n % 2])
    one_thread = {f"r{n}": "t" if n % 2 else None for n in range(20)}
    (facet,) = facets(frame, by=("category",), groups=one_thread).facets
    assert facet.order == ("A", OTHERS)  # all of B is one thread


def test_the_rarest_values_are_together_where_there_are_too_many() -> None:
    frame = rows(100, category=lambda n: f"c{n % 8}" if n < 80 else "c0")
    (facet,) = facets(frame, by=("category",), most=4).facets
    assert facet.order == ("c0", "c1", "c2", OTHERS)
    assert len(facet.together) == 5


def test_columns_of_the_data_months_and_missing_values() -> None:
    frame = rows(
        24,
        extra=lambda n: [{"key": "tier", "value": "gold" if n % 2 else "basic"}] if n < 20 else [],
        timestamp=lambda n: datetime(2024, 1 + n % 2, 3, tzinfo=UTC),
        quality_score=lambda n: n / 24,
    )
    tier, month, score = facets(
        frame, by=("extra.tier", "timestamp", "quality_score"), min_rows=2, bands=2
    ).facets
    assert (tier.label, tier.order) == ("Tier", ("basic", "gold", NOTHING))
    assert month.order == ("2024-01", "2024-02")
    assert score.order == ("0.00 to 0.46", "0.50 to 0.96")


def test_texts_without_spaces_are_measured_in_characters() -> None:
    (facet,) = facets(rows(20, question=lambda n: "我" * (n + 1)), by=("length",), bands=2).facets
    assert facet.order == ("1 to 10 characters", "11 to 20 characters")


@pytest.mark.parametrize(
    "name", ["customer", "thread", "source_id", "author", "extra.Email", "extra.customer_name"]
)
def test_identifiers_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="must not list them"):
        SlicesConfig(by=(name,))


def test_what_is_not_there_is_an_error_that_names_what_is() -> None:
    with pytest.raises(ValidationError, match="there are category, length"):
        SlicesConfig(by=("tier",))
    frame = rows(extra=lambda n: [{"key": "plan", "value": "a"}, {"key": "no", "value": str(n)}])
    with pytest.raises(TunesmithError, match="there are no, plan"):
        facets(frame, by=("extra.tier",))
    with pytest.raises(TunesmithError, match="names single rows"):
        facets(frame, by=("extra.no",))
    with pytest.raises(TunesmithError, match="names people"):
        facets(frame, by=("extra.plan",), personal={"plan"})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("Maria Lopez", "John Smith", "Wei Zhang"), "PERSON"),
        (("support", "anna.schmidt@web.example", "sales"), "EMAIL"),
    ],
)
def test_a_column_that_holds_personal_data_is_refused_whatever_it_is_called(values, kind) -> None:
    frame = rows(extra=lambda n: [{"key": "desk", "value": values[n % 3]}])
    with pytest.raises(TunesmithError, match=rf"'extra.desk' look like personal.*{kind}") as error:
        facets(frame, by=("extra.desk",))
    assert not any(value in str(error.value) for value in values if value != "support")


def test_a_facet_that_nobody_named_is_left_out_where_it_holds_personal_data() -> None:
    names = ("Maria Lopez", "John Smith", "Wei Zhang")
    found = facets(rows(category=lambda n: names[n % 3]))
    assert ("category", "its values may be personal data (PERSON)") in found.left_out
    assert "category" not in [facet.name for facet in found.facets]


@given(
    st.lists(st.one_of(st.none(), st.sampled_from("ABCDEFG")), min_size=1, max_size=80),
    st.integers(2, 12),
    st.integers(2, 6),
)
def test_every_row_has_one_value_and_values_are_large_enough(
    categories: list[str | None], min_rows: int, most: int
) -> None:
    frame = rows(len(categories), category=lambda n: categories[n])
    (facet,) = facets(frame, by=("category",), min_rows=min_rows, most=most).facets
    assert set(facet.of) == set(frame["id"])
    counts = Counter(facet.of.values())
    assert set(counts) == set(facet.order)
    assert len(facet.order) <= most
    assert all(counts[value] >= min_rows for value in facet.order if value != OTHERS)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=1, max_size=60), st.integers(2, 5)
)
def test_bands_are_in_order_and_equal_numbers_stay_together(
    numbers: list[int | None], count: int
) -> None:
    values, order = bands(numbers, count, say=lambda low, high: f"{low}-{high}")
    known = [(n, v) for n, v in zip(numbers, values, strict=True) if n is not None]
    assert len({v for _, v in known}) <= count
    places = [order.index(value) for _, value in sorted(known)]
    assert places == sorted(places)
    assert len(set(known)) == len({n for n, _ in known})
