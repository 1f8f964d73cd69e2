from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from factory import pairs
from tunesmith.clean.pii.allow import Allow
from tunesmith.clean.pii.known import attach, of_threads
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.spans import KINDS
from tunesmith.step import apply


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("help@acme.example", True), ("HELP@Acme.Example", True), ("x@acme.example", False),
        ("any.body@shop.example", True), ("any@shop.example.org", False), ("@shop.example", True),
        ("Rose  Garden", True), ("Rose", False), ("555-0199", True),
    ],
)  # fmt: skip
def test_values(value, allowed) -> None:
    allow = Allow(["help@acme.example", "*@shop.example", "rose garden", "555-0199"])
    assert allow.has(value) is allowed
    assert not Allow([]).has(value)


def test_what_lies_inside_of_an_allowed_text_stays() -> None:
    text = "Rose of the Rose Garden, see rose@shop.example."
    allow = Allow(["rose garden", "*@shop.example"])
    places = [place for place in range(len(text)) if text[place : place + 4].lower() == "rose"]
    assert [allow.covers(text, place, place + 4) for place in places] == [False, True, True]


@pytest.mark.parametrize("style", ["tag", "pseudonym", "fake"])
def test_products_and_support_addresses_stay_in_texts_and_are_no_leaks(style) -> None:
    text = (
        "Dear Jordan Support, my name is Jordan Miller. The Jordan Ultra from Zephyr Consulting "
        "came; help@acme.example and sales@eu.acme.example and joe@other.example know. 212-555-0199"
    )
    step = MaskPersonalData(
        replace=style, names="lists", kinds=KINDS,
        allow=("Jordan Ultra", "Jordan Support", "Zephyr Consulting", "*@acme.example",
               "*@*.acme.example", "212-555-0199"),
    )  # fmt: skip
    masked, _ = step.mask(text)
    for kept in ("Jordan Support", "Jordan Ultra", "Zephyr Consulting", "help@acme.example",
                 "sales@eu.acme.example", "212-555-0199"):  # fmt: skip
        assert kept in masked
    assert "Miller" not in masked
    assert "joe@" not in masked
    assert not step.scan(pl.Series([masked]))
    assert MaskPersonalData(names="lists", kinds=KINDS).scan(pl.Series([masked]))["EMAIL"] >= 2


def test_a_wildcard_holds_against_the_columns_too() -> None:
    frame = pairs(
        {
            "author": "help@acme.example",
            "customer": "Acme",
            "answer": "Acme: write to help@acme.example",
        }
    )
    rows = attach(frame, of_threads([frame], {}), {})
    kept = apply([MaskPersonalData(allow=("*@acme.example", "acme"))], rows).frame
    assert kept["answer"][0] == "Acme: write to help@acme.example"


@pytest.mark.parametrize("text", ["", "*", "*@*", " "])
def test_an_entry_that_would_allow_anything_is_refused(text) -> None:
    with pytest.raises(ValidationError, match="names nothing"):
        MaskPersonalData(allow=(text,))
