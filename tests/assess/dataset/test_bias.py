"""Each kind of bias: planted ones are found, and none where there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.bias.confirmation import confirmation
from tunesmith.assess.dataset.bias.demographic import demographic
from tunesmith.assess.dataset.bias.selection import selection
from tunesmith.assess.dataset.bias.temporal import drift, temporal
from tunesmith.assess.dataset.rows import read_rows

CONFIG = AssessConfig()


def rows(records):
    return read_rows(pl.DataFrame(records, infer_schema_length=None), sample_rows=100, seed=1)


def people(n, *, longer=0, refuse=0.0, seed=0):
    """Questions that speak of a woman or a man; answers to women are longer by some words."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        woman = i % 2 == 0
        words = int(rng.integers(10, 20)) + (longer if woman else 0)
        start = "We cannot do it." if rng.random() < (refuse if woman else 0) else "It is done."
        out.append(
            {
                "question": f"Order {i} of {'my wife, she' if woman else 'my husband, he'} waits.",
                "answer": f"{start} " + "word " * words,
                "category": f"c{i % 3}",
            }
        )
    return out


def test_longer_answers_to_women_are_found_and_the_score_falls() -> None:
    found = demographic(rows(people(400, longer=3)), CONFIG)
    clear = [test for test in found["tests"] if test["clear"]]
    assert {(test["group"], test["outcome"]) for test in clear} == {("women", "answer_words")}
    assert clear[0]["low"] < 3 < clear[0]["high"]
    assert found["score"] == pytest.approx(1 - clear[0]["effect"])
    assert "To women, answers are longer than to men, by" in found["findings"][0]


def test_refusals_are_found() -> None:
    found = demographic(rows(people(400, refuse=0.3)), CONFIG)
    clear = [test["outcome"] for test in found["tests"] if test["clear"]]
    assert "refusal" in clear


def test_no_difference_is_rarely_called_one() -> None:
    wrong = sum(
        demographic(rows(people(200, seed=seed)), CONFIG)["score"] < 1 for seed in range(60)
    )
    assert wrong <= 7  # 5% of 60 is 3; 8 or more come by chance in 1 of 70


def test_another_mix_of_matters_is_no_difference() -> None:
    records = []
    for i in range(600):
        woman = i % 2 == 0
        long = (i % 10 < 8) == woman  # women mostly ask about what has long answers
        records.append(
            {
                "question": f"Order {i} of {'my wife' if woman else 'my husband'} waits.",
                "answer": "word " * ((60 if long else 10) + i % 7),
                "category": "long" if long else "short",
            }
        )
    assert demographic(rows(records), CONFIG)["score"] == 1


def test_groups_that_are_too_small_are_not_tested() -> None:
    found = demographic(rows(people(40)), CONFIG)
    assert (found["score"], found["tests"]) == (None, [])


def times(categories, start=datetime(2025, 1, 1, tzinfo=UTC)):
    return [
        {"question": f"q {i}", "answer": "a", "category": category,
         "timestamp": start + timedelta(hours=i)}
        for i, category in enumerate(categories)
    ]  # fmt: skip


def test_a_changed_mix_of_categories_is_found() -> None:
    mixed = ["a", "b"] * 100
    found = temporal(rows(times(mixed + ["a", "b", "b", "b"] * 50)), CONFIG)
    assert found["drift"]["clear"]
    assert found["drift"]["distance"] == pytest.approx(0.25)  # half b, then three quarters
    assert found["score"] == pytest.approx(1 - 0.25 + found["drift"]["by_chance"])
    assert "has changed: 25%" in found["findings"][1]
    same = temporal(rows(times(mixed * 2)), CONFIG)
    assert (same["score"], same["drift"]["clear"]) == (1, False)
    assert sum(month["rows"] for month in same["months"]) == 400


def test_without_times_nothing_is_said() -> None:
    assert temporal(rows(people(40)), CONFIG)["score"] is None


def test_the_p_value_of_a_drift_is_near_that_of_the_chi_squared_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    early, late = rng.choice(2, 300, p=[0.5, 0.5]), rng.choice(2, 300, p=[0.58, 0.42])
    both = pl.Series("category", [f"c{i}" for i in [*early, *late]])
    table = [np.bincount(early, minlength=2), np.bincount(late, minlength=2)]
    reference = stats.chi2_contingency(table, correction=True).pvalue
    assert drift(both, CONFIG)["p_value"] == pytest.approx(reference, abs=0.03)


def test_drift_by_chance_is_rarely_clear() -> None:
    rng = np.random.default_rng(4)
    clear = sum(
        drift(pl.Series("category", rng.choice(list("abcd"), 200)), CONFIG)["clear"]
        for _ in range(200)
    )
    assert clear / 200 <= 0.09


def collected(**kept):
    """For each source how many of 200 rows were kept."""
    return pl.DataFrame(
        [
            {"source": name, "kept": i < count, "reason": None if i < count else "too short"}
            for name, count in kept.items()
            for i in range(200)
        ],
        schema={"source": pl.String, "kept": pl.Boolean, "reason": pl.String},
    )


def test_a_source_that_loses_more_rows_is_found_with_the_ratio_by_hand() -> None:
    found = selection(collected(crm=190, chat=100, mail=190), [], CONFIG)
    assert found["score"] == pytest.approx(0.5 / 0.95)
    assert (
        "“chat”, 50.0% were kept, and 95.0% of the others: under the line" in found["findings"][1]
    )
    assert found["reasons"] == [{"reason": "too short", "rows": 120}]
    fair = selection(collected(crm=190, chat=189), [], CONFIG)
    assert fair["score"] == 1
    assert selection(None, [], CONFIG)["score"] is None


def test_categories_that_the_dataset_does_not_have_are_not_named() -> None:
    frame = collected(a=200, b=100).rename({"source": "category"})
    found = selection(frame, ["a"], CONFIG)
    assert {test["value"] for test in found["tests"]} == {"a"}
    assert not any("“b”" in sentence for sentence in found["findings"])


def agreeing(n, leading_yes, plain_yes, seed=0):
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        led = i % 2 == 0
        yes = rng.random() < (leading_yes if led else plain_yes)
        out.append(
            {
                "question": f"Parcel {i} is late, isn't it?" if led else f"Is parcel {i} late?",
                "answer": f"{'Yes' if yes else 'No'}, parcel {i}.", "category": "c",
            }
        )  # fmt: skip
    return out


def test_answers_that_agree_with_leading_questions_are_found() -> None:
    found = confirmation(rows(agreeing(400, 0.9, 0.5)), CONFIG)
    assert found["leading"]["clear"]
    assert found["leading"]["low"] < 0.4 < found["leading"]["high"]
    assert found["score"] == pytest.approx(1 - found["leading"]["difference"])
    even = confirmation(rows(agreeing(400, 0.5, 0.5)), CONFIG)
    assert even["score"] == 1
    assert even["agreement"]["n"] == 400
    assert even["agreement"]["low"] < 0.5 < even["agreement"]["high"]


def test_answers_that_all_questions_share_are_found(shared_data) -> None:
    file = shared_data / "bitext-support" / "canned-replies.csv"
    columns = {"instruction": "question", "response": "answer"}
    frame = pl.read_csv(file, infer_schema=False).rename(columns)
    found = confirmation(read_rows(frame, sample_rows=100, seed=1), CONFIG)
    assert found["shared_answers"]["value"] > 0.95
    assert found["score"] < 0.1
    apart = confirmation(rows(agreeing(100, 0.5, 0.5)), CONFIG)
    assert apart["shared_answers"]["value"] == 0
