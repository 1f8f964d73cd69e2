"""Accuracy, precision, recall and F1 against scikit-learn, on real labels."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluate.config import CLASSIFICATION, EvaluateConfig
from tunesmith.evaluate.confusion import confusion
from tunesmith.evaluate.metrics import METRICS
from tunesmith.evaluate.metrics.labels import Labels, distinct
from tunesmith.evaluate.scorecard import Method, scorecard

sklearn = pytest.importorskip("sklearn.metrics")
NONE = "(none)"


def predictions(pairs):
    return [
        {"id": str(i), "prediction": p, "reference": r, "group": None, "question": "?",
         "reference_nll": 1.0, "reference_tokens": 2}
        for i, (p, r) in enumerate(pairs)
    ]  # fmt: skip


def config(labels):
    return EvaluateConfig(task="classification", classification={"labels": labels}, resamples=300)


def values(pairs, labels):
    rows, settings = predictions(pairs), config(labels)
    names = [name for name in CLASSIFICATION if name != "perplexity"]
    return {
        name: float(METRICS[name].figure(METRICS[name].rows(rows, settings).sum(axis=0)))
        for name in names
    }


def check_against_sklearn(pairs, labels):
    truth = [r for _, r in pairs]
    given_ = [p if p in labels else NONE for p, _ in pairs]
    present = sorted(set(truth))
    found = values(pairs, labels)
    options = {"labels": present, "average": "macro", "zero_division": 0}
    assert found["accuracy"] == pytest.approx(sklearn.accuracy_score(truth, given_))
    assert found["macro_f1"] == pytest.approx(sklearn.f1_score(truth, given_, **options))
    assert found["macro_precision"] == pytest.approx(
        sklearn.precision_score(truth, given_, **options)
    )
    assert found["macro_recall"] == pytest.approx(sklearn.recall_score(truth, given_, **options))
    options |= {"average": "micro", "labels": labels}
    assert found["micro_f1"] == pytest.approx(sklearn.f1_score(truth, given_, **options))
    assert found["micro_precision"] == pytest.approx(
        sklearn.precision_score(truth, given_, **options)
    )
    assert found["micro_recall"] == pytest.approx(sklearn.recall_score(truth, given_, **options))
    assert found["no_label"] == pytest.approx(np.mean([p not in labels for p, _ in pairs]))


LABELS = ["ant", "bee", "cow", "dog"]


@given(
    st.lists(
        st.tuples(st.sampled_from([*LABELS, "whatever"]), st.sampled_from(LABELS)),
        min_size=1, max_size=40,
    )
)  # fmt: skip
def test_all_figures_are_scikit_learns(pairs):
    check_against_sklearn(pairs, LABELS)


def test_all_figures_are_scikit_learns_on_banking77(shared_data):
    """Real labels of 77 kinds; as answers the right one, a neighbour's, or none."""
    file = shared_data / "banking77" / "banking_data" / "train.csv"
    with file.open(encoding="utf-8") as lines:
        truth = [row["category"] for row in csv.DictReader(lines)]
    labels = sorted(set(truth))
    assert len(labels) == 77
    rng = np.random.default_rng(3)
    moved = rng.permutation(truth)
    kinds = rng.random(len(truth))
    pairs = [
        (r if kind < 0.7 else other if kind < 0.95 else "I am not sure", r)
        for r, other, kind in zip(truth, moved, kinds, strict=True)
    ]
    check_against_sklearn(pairs, labels)


def test_confusion_is_scikit_learns():
    rng = np.random.default_rng(1)
    pairs = [(str(rng.choice([*LABELS, "?"])), str(rng.choice(LABELS))) for _ in range(200)]
    found = confusion(predictions(pairs), config(LABELS))
    truth, given_ = [r for _, r in pairs], [p if p in LABELS else NONE for p, _ in pairs]
    expected = sklearn.confusion_matrix(truth, given_, labels=[*LABELS, NONE])
    assert found["labels"] == LABELS
    assert np.array_equal(found["confusion"], expected[:4, :4])
    assert np.array_equal(found["no_label"], expected[:4, 4])
    report = sklearn.classification_report(
        truth, given_, labels=LABELS, output_dict=True, zero_division=0
    )
    for one in found["per_class"]:
        theirs = report[one["label"]]
        assert one["support"] == theirs["support"]
        for ours, name in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            figure = one[ours]
            assert figure["value"] == pytest.approx(theirs[name])
            assert figure["low"] < figure["value"] < figure["high"]


def test_a_label_that_nobody_gives_has_no_precision_rather_than_none_right():
    found = confusion(predictions([("ant", "ant")] * 12 + [("ant", "bee")] * 12), config(LABELS))
    bee = found["per_class"][1]
    assert (bee["precision"]["value"], bee["precision"]["n"]) == (None, 0)
    assert "no answer with this label" in bee["precision"]["note"]
    assert (bee["recall"]["value"], bee["f1"]["value"]) == (0, 0)
    assert bee["recall"]["high"] > 0.2  # 12 rows leave room


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("card_arrival", 0), (" Card arrival.\n", 0), ("card-arrival", 0),
        ("card_arrival\n\nBecause the card is late.", 0),
        ("The category is card_arrival.", 0),
        ("It is lost_or_stolen_card", 1),
        ("lost or stolen card, not stolen", 1),
        ("card_arrival or lost_or_stolen_card", None),
        ("discard arrivals", None), ("", None), ("I do not know", None),
    ],
)  # fmt: skip
def test_reading_an_answer(answer, label):
    names = ("card_arrival", "lost_or_stolen_card", "stolen_card")
    assert Labels(names, mentions=True).read(answer) == label


def test_whole_answers_only():
    labels = Labels(("yes", "no"), mentions=False)
    assert [labels.read(text) for text in ("Yes!", "yes\nindeed", "it is yes")] == [0, None, None]


def test_labels_come_from_references_where_none_are_named():
    assert distinct(["B-b", "a", None, "b b", "?", " A "]) == ("a", "B-b")
    rows = predictions([("B", "b"), ("c", "a")])
    settings = EvaluateConfig(task="classification")
    assert confusion(rows, settings)["labels"] == ["a", "b"]
    assert METRICS["no_label"].rows(rows, settings)[:, 0].tolist() == [0, 1]


def test_a_reference_that_is_no_label_is_unscored_and_an_answer_that_is_none_is_wrong():
    pairs = [("ant", "ant")] * 20 + [("zebra", "ant")] * 10 + [("ant", "zebra")] * 5
    made = scorecard(
        Method(name="base", kind="base", label="Base"),
        predictions(pairs),
        config=config(LABELS),
        training=None,
        generation=None,
    )
    accuracy = made["metrics"]["accuracy"]
    assert (accuracy["value"], accuracy["n"], accuracy["unscored"]) == (20 / 30, 30, 5)
    assert made["metrics"]["no_label"]["value"] == 10 / 30
    assert made["classification"]["unscored"] == 5
    assert made["classification"]["no_label"] == [10, 0, 0, 0]


def test_few_rows_of_a_label_are_a_caution():
    pairs = [("ant", "ant"), ("bee", "ant")] * 15 + [("bee", "bee")] * 3
    made = scorecard(
        Method(name="base", kind="base", label="Base"),
        predictions(pairs),
        config=config(LABELS),
        training=None,
        generation=None,
    )
    assert "1 of 2 labels have fewer than 10" in made["metrics"]["macro_f1"]["note"]
    assert "note" not in made["metrics"]["accuracy"]
