from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.clean.pii.allow import Allow
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.second import read, scan
from tunesmith.clean.pii.spans import KINDS


def allowed(*texts: str):
    return Allow(texts).has


PERSONAL = [
    ("EMAIL", "jane.doe@example.com"),
    ("CARD", "4111 1111 1111 1111"),
    ("CARD", "4111111111111111"),
    ("IBAN", "DE89370400440532013000"),
    ("IBAN", "GB33 BUKB 2020 1555 5555 55"),
    ("SSN", "078-05-1121"),
    ("IP_ADDRESS", "192.0.2.17"),
    ("PHONE", "+44 20 7946 0958"),
]


@pytest.mark.parametrize(("kind", "value"), PERSONAL)
def test_it_finds_what_it_is_for(kind: str, value: str) -> None:
    assert [kind for kind, _ in read(f"here: ({value}), thanks")] == [kind]
    left = scan(pl.Series([f"here: {value}", "nothing"]), KINDS, allowed())
    assert left == {kind: 1}
    assert not scan(pl.Series([f"here: {value}"]), ("PERSON",), allowed())


@pytest.mark.parametrize(
    "text", ["Version 1.2.3.4 is out", "(firmware: 10.0.0.1)", "v 1.2.3.4", "Version : 1.2.3.4"]
)
def test_a_version_is_no_address(text: str) -> None:
    step = MaskPersonalData()
    assert step.mask(text) == (text, {})
    assert not step.scan(pl.Series([text]))


@pytest.mark.parametrize("value", ["4111-1111-1111-1111", "4111111111111111", "10.20.30.40"])
def test_a_stop_before_a_number_hides_nothing(value: str) -> None:
    step = MaskPersonalData()
    masked, _ = step.mask(f"so .{value} or ..{value}")
    assert "11" not in masked
    assert "20" not in masked
    assert not step.scan(pl.Series([masked]))


def test_what_is_allowed_stays() -> None:
    allow = allowed("help@example.com")
    assert not scan(pl.Series(["to Help@example.com"]), KINDS, allow)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([value for _, value in PERSONAL]),
            st.text(alphabet="ab 19-.+()@:/[]", max_size=8),
        ),
        max_size=8,
    ).map(" ".join)
)
def test_nothing_is_left_for_it_after_masking(text: str) -> None:
    masked, _ = MaskPersonalData().mask(text)
    assert list(read(masked)) == []


def test_real_texts_hold_nothing_for_it_after_masking(shared_data) -> None:
    import json

    path = shared_data / "pii-presidio" / "synth_dataset_v2.json"
    texts = [row["full_text"] for row in json.loads(path.read_text(encoding="utf-8"))]
    step = MaskPersonalData()
    masked = pl.Series([step.mask(text)[0] for text in texts])
    assert not scan(masked, KINDS, allowed())
    assert scan(pl.Series(texts), KINDS, allowed()).total() > 100
