from __future__ import annotations

import pytest

from tunesmith.decide.approach_table import CELLS, approaches, row_of, span
from tunesmith.decide.config import DecideConfig


def card(name, kind, *, training=None, value=0.5, tokens_per_s=50.0):
    figure = {
        "value": value, "low": value - 0.05, "high": value + 0.05, "n": 80, "groups": 80,
        "unscored": 0, "unit": "share", "higher_is_better": True, "label": "Token F1",
        "meaning": "",
    }  # fmt: skip
    tokens = figure | {"value": 100.0, "unit": "tokens", "label": "Tokens out"}
    return {
        "method": name, "kind": kind, "label": name, "n": 80,
        "metrics": {"token_f1": figure, "tokens_out_mean": tokens},
        "training": training, "generation": {"seconds": 160.0, "tokens_per_s": tokens_per_s},
    }  # fmt: skip


TRAINED = {
    "seconds": 300.0, "search": {"seconds": 60.0}, "epochs": 1.0, "examples": 2000,
    "peak_memory_mib": 2048.0, "adapter_mib": 18.7, "settings": {"format": {"kind": "qa"}},
}  # fmt: skip


def by_name(rows):
    return {row["approach"]: row for row in rows}


def test_without_measurements_every_cell_is_the_documents_opinion() -> None:
    # The words of document B, section 8, "Performance Comparison"
    rows = approaches([], DecideConfig())
    assert [row["approach"] for row in rows] == [
        "full_fine_tuning",
        "lora",
        "prompt_based",
        "instruction_tuning",
    ]
    table = {row["approach"]: [row[cell]["text"] for cell in CELLS] for row in rows}
    assert table["full_fine_tuning"] == ["High (days)", "Very high", "Excellent", "Low", "High"]
    assert table["lora"] == ["Medium (hours)", "Medium", "Very good", "Medium", "Medium"]
    assert table["prompt_based"] == ["Low (minutes)", "Low", "Good", "High", "Low"]
    assert table["instruction_tuning"] == ["High (days)", "High", "Excellent", "Medium", "Medium"]
    assert {row[cell]["basis"] for row in rows for cell in CELLS} == {"opinion"}
    assert all(row["best_for"] and row["not_for"] and not row["methods"] for row in rows)


def test_what_was_measured_takes_the_place_of_the_opinion() -> None:
    config = DecideConfig(machine_hour=3.6)  # 0.001 a second
    rows = by_name(approaches([card("mine", "lora", training=TRAINED)], config))
    lora = rows["lora"]
    assert lora["methods"] == ["mine"]
    assert lora["training_time"]["text"] == "6 min 00 s, 1 pass over 2,000 rows"
    # 360 s of training; 100 tokens at 50 a second are 2 s an answer
    assert lora["computational_cost"]["text"] == (
        "training 0.36 USD, 2.00 USD for 1,000 answers, 2.0 GiB to train"
    )
    assert lora["performance"]["text"] == "Token F1 0.500 (0.450 to 0.550, n 80)"
    assert lora["flexibility"]["text"] == "a change takes 6 min 00 s of training and 18.7 MiB"
    assert {lora[cell]["basis"] for cell in CELLS[:4]} == {"measured"}
    assert lora["maintenance"] == {"text": "Medium", "basis": "opinion", "opinion": "Medium"}
    assert rows["full_fine_tuning"]["performance"]["basis"] == "opinion"


def test_instruction_tuning_is_told_by_the_format_not_by_the_weights() -> None:
    under = TRAINED | {"settings": {"format": {"kind": "instruction"}}}
    assert row_of(card("a", "lora", training=under)) == "instruction_tuning"
    assert row_of(card("a", "full", training=under)) == "instruction_tuning"
    assert row_of(card("a", "full", training=TRAINED)) == "full_fine_tuning"
    assert row_of(card("a", "endpoint")) == "prompt_based"
    assert row_of(card("a", "base")) is None


def test_several_methods_of_an_approach_are_named_in_its_cells() -> None:
    few = [card("two", "few_shot", value=0.4), card("five", "few_shot", value=0.6)]
    row = by_name(approaches(few, DecideConfig()))["prompt_based"]
    assert row["performance"]["text"] == (
        "two: Token F1 0.400 (0.350 to 0.450, n 80); five: Token F1 0.600 (0.550 to 0.650, n 80)"
    )
    assert row["training_time"]["text"] == (
        "two: none: nothing is trained; five: none: nothing is trained"
    )


def test_a_method_that_the_documents_do_not_rate_has_no_opinion() -> None:
    row = by_name(approaches([card("p", "prefix_tuning", training=TRAINED)], DecideConfig()))
    assert row["prefix_tuning"]["maintenance"] == {
        "text": "not measured", "basis": "none", "opinion": None,
    }  # fmt: skip
    assert row["prefix_tuning"]["training_time"]["basis"] == "measured"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (3600, "1.0 h")]
)
def test_spans(seconds, text) -> None:
    assert span(seconds) == text
