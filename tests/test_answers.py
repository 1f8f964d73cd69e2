"""Comparing answers, against rouge_score and SQuAD's own definition."""

from __future__ import annotations

import json
import math
import re
import string
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from invented import invented
from tunesmith.answers import exact_match, normalise, rouge_l, token_f1, words

SQUAD = Path(__file__).parents[2] / "shared/data/squad-format/xquad.en.json"


# SQuAD v1.1's definition (Rajpurkar et al. 2016), step by step and without our helpers.
def squad_tokens(text):
    kept = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def squad_f1(prediction, reference):
    given, expected = squad_tokens(prediction), squad_tokens(reference)
    same = sum((Counter(given) & Counter(expected)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(given), same / len(expected)
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize(
    ("prediction", "reference", "exact", "f1"),
    [
        ("The Panthers!", "panthers", 1, 1),
        ("in 1872", "1872", 0, 2 / 3),
        ("no no no", "no", 0, 0.5),  # multiset: only one "no" is shared
        ("", "308", 0, 0),
        ("the", "308", 0, 0),
        ("e-mail us", "email us", 1, 1),  # punctuation is deleted, not replaced by a space
    ],
)
def test_squad_examples_by_hand(prediction, reference, exact, f1):
    assert exact_match(prediction, reference) == exact
    assert token_f1(prediction, reference) == pytest.approx(f1)


def test_f1_is_squads_on_ascii_text():
    scored = [(p, r) for p, r in invented(300) if squad_tokens(r)]
    assert len(scored) > 250
    for prediction, reference in scored:
        assert token_f1(prediction, reference) == pytest.approx(squad_f1(prediction, reference))
        same = squad_tokens(prediction) == squad_tokens(reference)
        assert exact_match(prediction, reference) == same


@pytest.mark.skipif(not SQUAD.exists(), reason="the folder ../shared/data is not here")
def test_f1_is_squads_on_squad_answers():
    document = json.loads(SQUAD.read_text(encoding="utf-8"))
    answers = [
        question["answers"][0]["text"]
        for article in document["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    assert len(answers) == 1190
    pairs = [(a, b) for a, b in pairwise(answers) if (a + b).isascii()]
    assert len(pairs) > 1000
    for given, expected in pairs:
        assert token_f1(given, expected) == pytest.approx(squad_f1(given, expected))
    assert all(exact_match(answer, answer) == 1 for answer in answers)


def test_rouge_l_is_rouge_scores_on_ascii_text():
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    compared = 0
    for prediction, reference in invented(200, seed=2):
        if not words(reference):
            continue
        expected = scorer.score(reference, prediction)["rougeL"].fmeasure
        assert rouge_l(prediction, reference) == pytest.approx(expected)
        compared += 0 < expected < 1
    assert compared > 100


@pytest.mark.parametrize(
    "text",
    [
        "如何重置密码",
        "パスワードをリセット",
        "รีเซ็ตรหัสผ่าน",
        "Как сбросить пароль?",
        "كلمة المرور",
        "पासवर्ड रीसेट करें",
        "비밀번호",
    ],
)
def test_other_scripts_are_scored(text):
    assert exact_match(text, text) == token_f1(text, text) == rouge_l(text, text) == 1
    assert token_f1("password", text) == rouge_l("password", text) == 0


def test_scripts_without_spaces_are_compared_by_character():
    assert normalise("重置密码。") == "重 置 密 码"
    assert token_f1("重置密码", "重置账户") == pytest.approx(0.5)
    assert words("重置abc密码") == ["重", "置", "abc", "密", "码"]


def test_marks_and_composition_do_not_split_or_separate_words():
    assert words("पासवर्ड रीसेट") == ["पासवर्ड", "रीसेट"]
    assert exact_match("cafe\u0301", "caf\u00e9") == 1
    assert exact_match("don\u2019t \u201cworry\u201d", "don't worry") == 1


@pytest.mark.parametrize("score", [exact_match, token_f1, rouge_l])
@pytest.mark.parametrize(
    ("prediction", "reference"), [(None, "yes"), ("yes", None), ("yes", " ?! ")]
)
def test_what_cannot_be_scored_is_not_zero(score, prediction, reference):
    assert math.isnan(score(prediction, reference))


def test_an_empty_answer_is_zero_not_unscored():
    assert token_f1("", "yes") == exact_match("", "yes") == rouge_l("", "yes") == 0
