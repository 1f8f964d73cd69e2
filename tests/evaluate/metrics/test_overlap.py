"""ROUGE-1, ROUGE-2 and ROUGE-L against `rouge_score`; exact match and F1 against SQuAD's script."""

from __future__ import annotations

import json
import re
import string
from collections import Counter

import pytest

from invented import invented
from tunesmith.answers import rouge_n
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS

CONFIG = EvaluateConfig()


def mean(name, pairs):
    rows = [{"prediction": p, "reference": r} for p, r in pairs]
    return float(METRICS[name].figure(METRICS[name].rows(rows, CONFIG).sum(axis=0)))


def test_rouge_is_that_of_rouge_score():
    rouge_score = pytest.importorskip("rouge_score.rouge_scorer")
    kinds = ["rouge1", "rouge2", "rougeL"]
    reference = rouge_score.RougeScorer(kinds, use_stemmer=False)
    pairs = [(p, r) for p, r in invented(150, 5) if re.search(r"[a-z0-9]", r.lower())]
    pairs += [("", "something"), ("one", "one"), ("Refund", "the refund"), ("!", "yes it is")]
    scores = [reference.score(r, p) for p, r in pairs]
    for kind, name in zip(kinds, ("rouge_1", "rouge_2", "rouge_l"), strict=True):
        expected = sum(score[kind].fmeasure for score in scores) / len(pairs)
        assert mean(name, pairs) == pytest.approx(expected, rel=1e-12)


def test_rouge_2_by_hand():
    # runs of two: "your refund", "refund is", "is late" and "your refund", "refund is", "is on",
    # "on its", "its way": 2 shared of 3 and 5
    assert rouge_n("your refund is late", "Your refund is on its way.", 2) == 2 * 2 / 8
    assert rouge_n("late", "late", 2) == 0  # one word has no pair, as in rouge_score


def squad_normalise(text):
    """`normalize_answer` of SQuAD v1.1's evaluate-v1.1.py (Rajpurkar et al. 2016)."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad_f1(prediction, truth):
    """`f1_score` of the same script."""
    given, wanted = squad_normalise(prediction).split(), squad_normalise(truth).split()
    same = sum((Counter(given) & Counter(wanted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(given), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


def test_exact_match_and_f1_are_those_of_squads_script_on_its_questions(shared_data):
    """Real answers; as predictions the sentences around them, neighbours' answers, themselves."""
    file = shared_data / "squad-format" / "xquad.en.json"
    data = json.loads(file.read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in data for paragraph in article["paragraphs"]]
    pairs, before = [], "nothing"
    for paragraph in paragraphs:
        for number, question in enumerate(paragraph["qas"]):
            answer = question["answers"][0]["text"]
            start = question["answers"][0]["answer_start"]
            around = paragraph["context"][max(0, start - 20) : start + len(answer) + 20]
            pairs.append(((f"The {answer}.", around, before)[number % 3], answer))
            before = answer
    pairs = [(p, r) for p, r in pairs if (p + r).isascii() and squad_normalise(r)]
    assert len(pairs) > 900
    exact = [float(squad_normalise(p) == squad_normalise(r)) for p, r in pairs]
    f1 = [squad_f1(p, r) for p, r in pairs]
    assert 0.2 < sum(exact) / len(pairs) < 0.6
    assert mean("exact_match", pairs) == pytest.approx(sum(exact) / len(pairs), rel=1e-12)
    assert mean("token_f1", pairs) == pytest.approx(sum(f1) / len(pairs), rel=1e-12)
