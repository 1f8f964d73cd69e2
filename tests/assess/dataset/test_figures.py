"""Intrinsic and quality figures by hand, and on public data."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset import evaluate_dataset, write_evaluation
from tunesmith.assess.dataset.quality import WEIGHTS, composite
from tunesmith.assess.dataset.verdicts import read_verdicts
from tunesmith.errors import TunesmithError


def dataset(rows):
    base = {"category": "orders", "source": "crm", "split": "train"}
    return pl.DataFrame([base | row for row in rows], infer_schema_length=None)


def asked(n, **more):
    return [
        {"question": f"Where is parcel {chr(97 + i % 26) * (i + 3)}?",
         "answer": f"Your parcel {chr(97 + i % 26) * (i + 3)} is here.", **more}
        for i in range(n)
    ]  # fmt: skip


def test_completeness_is_the_documents_formula_worked_out_by_hand() -> None:
    # 2 texts and 2 fields a row. Of 4 rows: two answers are missing, one category is empty.
    rows = asked(4)
    rows[0]["answer"] = rows[2]["answer"] = None
    rows[1]["category"] = " "
    found = evaluate_dataset(dataset(rows))["quality"]["completeness"]
    assert found["parts"] == {"missing": 2 / 16, "empty": 1 / 16, "incomplete": 2 / 4}
    assert found["value"] == pytest.approx(1 - (0.4 * 2 / 16 + 0.3 / 16 + 0.3 * 2 / 4))
    assert found["fields"] == ["category", "source"]
    assert found["absent"] == ["timestamp", "license", "domain", "language"]


def test_a_table_of_any_columns_has_completeness_and_consistency() -> None:
    frame = pl.DataFrame(
        {"number": ["1", "2", "x", "4"], "city": ["Ulm", None, "", "Bonn"], "n": [1, 2, 3, 4]}
    )
    found = evaluate_dataset(frame)
    complete = found["quality"]["completeness"]
    assert complete["parts"] == {"missing": 1 / 12, "empty": 1 / 12, "incomplete": 0.5}
    assert found["quality"]["consistency"]["value"] == 0.75  # "x" is no whole number
    assert found["quality"]["accuracy"] is None
    assert found["bias"]["score"] is None


def test_a_question_with_two_categories_and_a_category_with_two_spellings() -> None:
    rows = asked(10)
    rows[0]["question"] = rows[1]["question"].upper()
    rows[0]["category"] = "refunds"
    rows[2]["category"] = "Orders "
    found = evaluate_dataset(dataset(rows))["quality"]["consistency"]
    assert found["value"] == 0.7


def test_accuracy_is_an_upper_bound_until_people_judge() -> None:
    rows = asked(10)
    once = evaluate_dataset(dataset(rows))["quality"]
    assert once["accuracy"] is None
    assert "accuracy" in once["composite"]["unmeasured"]
    rows[0]["question"] = rows[1]["question"] + "!"
    found = evaluate_dataset(dataset(rows))["quality"]["accuracy"]
    assert (found["value"], found["basis"], found["repeated"]) == (0.8, "contradiction", 2)
    assert "upper bound" in found["note"]
    rows = [row | {"id": f"r{i}"} for i, row in enumerate(rows)]
    judged = evaluate_dataset(
        dataset(rows), verdicts={"r0": True, "r1": True, "r2": False, "r3": True, "other": False}
    )["quality"]["accuracy"]
    assert (judged["value"], judged["n"], judged["basis"]) == (0.75, 4, "verdicts")


def test_relevance_is_one_where_answers_name_what_was_asked_and_zero_where_they_do_not() -> None:
    rows = asked(40)
    assert evaluate_dataset(dataset(rows))["quality"]["relevance"]["value"] == 1
    for row in rows:
        row["answer"] = "We are looking into the matter."
    assert evaluate_dataset(dataset(rows))["quality"]["relevance"]["value"] == 0


def test_answers_dealt_to_other_questions_lose_their_relevance(shared_data) -> None:
    tickets = pl.read_csv(shared_data / "bitext-support" / "tickets.csv", infer_schema=False).head(
        1500
    )
    frame = tickets.select(
        pl.col("instruction").alias("question"), pl.col("response").alias("answer"), "category"
    )
    mine = evaluate_dataset(frame)["quality"]["relevance"]
    dealt = frame.with_columns(pl.col("answer").shuffle(seed=1))
    other = evaluate_dataset(dealt)["quality"]["relevance"]
    assert mine["low"] > 0.8
    assert other["high"] < 0.15


def test_the_composite_has_the_documents_weights() -> None:
    values = {"accuracy": 1, "completeness": 0.5, "consistency": 0, "relevance": 1,
              "diversity": 0.5, "bias": 0}  # fmt: skip
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert composite(values)["value"] == pytest.approx(0.25 + 0.10 + 0.15 + 0.05)
    part = composite({**values, "accuracy": None, "relevance": None})
    assert part["value"] == pytest.approx((0.10 + 0.05) / 0.6)
    assert part["unmeasured"] == ["accuracy", "relevance"]
    assert composite(dict.fromkeys(WEIGHTS))["value"] is None


def test_intrinsic_figures_by_hand() -> None:
    rows = [
        {"question": "red green", "answer": "One two. Considerably three four!"},
        {"question": "red blue", "answer": "One two. Considerably three four!"},
    ] * 6
    rows = [dict(row) for row in rows]
    rows[0]["category"] = "refunds"
    found = evaluate_dataset(dataset(rows), config=AssessConfig(category_rows=2))["intrinsic"]
    # Of 12 rows in 2 categories, one has 11: covered; the other 1
    assert found["size"]["value"] == 12
    assert found["coverage"]["value"] == 0.5
    assert found["imbalance"]["value"] == 11
    assert found["repeated_questions"]["value"] == pytest.approx(10 / 12)
    # 5 words in 2 sentences, 1 of 7 letters or more: 2.5 + 20
    assert found["complexity"]["value"] == pytest.approx(22.5)
    assert found["distinct_2"]["value"] == pytest.approx(2 / 12)
    assert found["vocabulary_coverage"]["value"] == 1  # no word is seen once
    assert found["question_words"]["value"] == 2


def test_banking_questions_without_answers(shared_data) -> None:
    file = next((shared_data / "banking77" / "banking_data").glob("*.csv"))
    frame = pl.read_csv(file).rename({"text": "question"})
    found = evaluate_dataset(frame)
    assert found["quality"]["completeness"]["value"] == 1
    assert found["quality"]["relevance"] is None
    assert found["intrinsic"]["coverage"]["n"] == 77
    stats = pytest.importorskip("scipy.stats")
    counts = frame.get_column("category").value_counts().get_column("count").to_numpy()
    even = stats.entropy(counts) / stats.entropy([1] * 77)
    assert found["intrinsic"]["balance"]["value"] == pytest.approx(even)


def test_tables_with_missing_values(shared_data) -> None:
    file = shared_data / "tabular-duplicates" / "dataset1.csv"
    frame = pl.read_csv(file, infer_schema=False)
    found = evaluate_dataset(frame)["quality"]["completeness"]
    blank = frame.select(
        pl.any_horizontal(pl.all().is_null() | (pl.all().str.strip_chars() == ""))
    ).to_series()
    assert found["parts"]["incomplete"] == pytest.approx(blank.mean())
    assert 0.5 < found["low"] < found["value"] < found["high"] < 1


def test_a_dataset_without_a_row_is_refused(tmp_path) -> None:
    with pytest.raises(TunesmithError, match="there is no row"):
        evaluate_dataset(dataset(asked(1)).clear())
    with pytest.raises(TunesmithError, match="there is no dataset here"):
        evaluate_dataset(tmp_path)
    with pytest.raises(TunesmithError, match="there is no dataset here"):
        write_evaluation(tmp_path)


def test_verdicts_from_jsonl_and_csv_and_what_is_wrong_with_them(tmp_path) -> None:
    rows = [{"id": "a", "correct": True}, {"id": "b", "correct": "no"}]
    (tmp_path / "v.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "v.csv").write_text("id,correct\na,yes\nb,0\n")
    assert read_verdicts(tmp_path / "v.jsonl") == read_verdicts(tmp_path / "v.csv")
    assert read_verdicts(tmp_path / "v.csv") == {"a": True, "b": False}
    for text, words in (
        ("id,correct\na,maybe\n", r"w\.csv:2: a verdict needs"),
        ("id,correct\na,yes\na,no\n", r"w\.csv:3: row a is judged right and wrong"),
        ("id,correct\n", "no verdict"),
    ):
        (tmp_path / "w.csv").write_text(text)
        with pytest.raises(TunesmithError, match=words):
            read_verdicts(tmp_path / "w.csv")
    (tmp_path / "w.jsonl").write_text("[1]\n")
    with pytest.raises(TunesmithError, match=r"w\.jsonl:1: this line is not"):
        read_verdicts(tmp_path / "w.jsonl")
