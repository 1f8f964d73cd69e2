"""Labels from the data, facts from the pages, and a classification run on real questions."""

from __future__ import annotations

import csv

import pytest
import yaml

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.task import in_force
from tunesmith.pipeline import run
from tunesmith.recipe import load

LABELLING = EvaluateConfig(task="classification")


def test_labels_are_the_answers_where_none_are_named():
    found = in_force(LABELLING, answers=["b", "a", "B "] * 4, pages=[])
    assert found.classification.labels == ("a", "b")
    named = EvaluateConfig(task="classification", classification={"labels": ["x", "y"]})
    assert in_force(named, answers=["a", "b"], pages=[]) == named


@pytest.mark.parametrize("answers", [["a"] * 9, [f"text {n}" for n in range(20)]])
def test_texts_are_no_labels(answers):
    with pytest.raises(TunesmithError, match="no labels"):
        in_force(LABELLING, answers=answers, pages=[])


def test_pages_hold_facts():
    found = in_force(EvaluateConfig(), answers=[], pages=["Within 14 days, see www.example.com"])
    assert found.grounding.pages == {"14", "example.com"}
    assert in_force(EvaluateConfig(metrics=("bleu",)), answers=[], pages=["7"]).grounding.pages == (
        frozenset()
    )


def recipe(folder, shared_data, model):
    """Some of banking77's questions with their labels as answers."""
    source = shared_data / "banking77" / "banking_data" / "train.csv"
    with source.open(encoding="utf-8") as file:
        rows = [
            row for row in csv.DictReader(file)
            if row["category"] in {"age_limit", "atm_support", "card_acceptance"}
        ]  # fmt: skip
    with (folder / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "category"])
        writer.writeheader()
        writer.writerows(rows)
    settings = {
        "name": "intents",
        "workers": 1,
        "sources": [
            {
                "name": "banking77",
                "kind": "tickets",
                "path": "questions.csv",
                "license": "CC-BY-4.0",
                "columns": {"question": "text", "answer": "category", "category": "category"},
            }
        ],
        "check": {"qa_pairs": {"answer_chars": [1, 100], "echo": False}},
        "model": model,
        "prompt": {"system": "Name the category: age_limit, atm_support or card_acceptance."},
        "methods": {"base": {"kind": "base"}, "few_shot": {"kind": "few_shot", "k": 1}},
        "evaluate": {
            "task": "classification", "test_rows": 12, "max_new_tokens": 4, "latency_rows": 1,
            "embedding": {}, "resamples": 200,
        },
        "track": {"enabled": False},
    }  # fmt: skip
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


@pytest.mark.slow
def test_labels_as_answers_go_all_the_way(shared_data, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    loaded = load(recipe(tmp_path, shared_data, str(tiny_model.path)))
    assert loaded.recipe.decide.metric == "accuracy"
    done = run(loaded, tmp_path / "out", until="decide")
    assert done.data.counts["kept"] > 0.98 * done.data.counts["collected"]  # short answers stay
    for card in done.scorecards:
        assert card["classification"]["labels"] == ["age_limit", "atm_support", "card_acceptance"]
        assert sum(map(sum, card["classification"]["confusion"])) + sum(
            card["classification"]["no_label"]
        ) == 12  # fmt: skip
        # random weights give no label: wrong, not unscored
        assert card["metrics"]["accuracy"]["n"] == card["metrics"]["no_label"]["n"] == 12
        assert card["metrics"]["bert_score"]["n"] == 12
    assert done.decision["metric"] == "accuracy"
    tests = {c["metric"]: c["test"] for c in done.decision["comparisons"]}
    assert (tests["accuracy"], tests["macro_f1"]) == ("mcnemar", "permutation")
