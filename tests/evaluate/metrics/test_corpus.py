"""Figures from sums of statistics: BLEU and chrF against sacrebleu."""

from __future__ import annotations

import pytest
from sacrebleu.metrics import BLEU, CHRF

from invented import invented
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS, bleu_figure, signatures

CONFIG = EvaluateConfig()


def rows(pairs):
    return [
        {"id": str(i), "prediction": p, "reference": r, "reference_nll": 1.0, "reference_tokens": 1}
        for i, (p, r) in enumerate(pairs)
    ]


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize(("name", "reference"), [("bleu", BLEU(force=True)), ("chrf", CHRF())])
def test_summed_statistics_give_sacrebleus_corpus_score(name, reference, seed):
    pairs = [*invented(80, seed), ("Ünïcode ✓ ok", "Unicode ✓ ok"), ("", "an empty answer")]
    statistics = METRICS[name].rows(rows(pairs), CONFIG)
    expected = reference.corpus_score([p for p, _ in pairs], [[r for _, r in pairs]])
    total = statistics.sum(axis=0)
    assert METRICS[name].figure(total) == pytest.approx(expected.score, rel=1e-12)
    if name == "bleu":
        assert total.tolist() == [
            expected.sys_len, expected.ref_len, *expected.counts, *expected.totals
        ]  # fmt: skip
    # row by row too: the smoothing of orders without a match, and orders that do not exist
    for i, (prediction, answer) in enumerate(pairs):
        one = reference.corpus_score([prediction], [[answer]]).score
        assert METRICS[name].figure(statistics[i]) == pytest.approx(one, rel=1e-12, abs=1e-12)


def test_bleu_tokenizer_is_a_setting():
    pairs = [("重置您的密码吧", "请重置您的密码吧")]
    scores = {}
    for tokenizer in ("13a", "zh"):
        config = EvaluateConfig(bleu_tokenizer=tokenizer)
        scores[tokenizer] = bleu_figure(METRICS["bleu"].rows(rows(pairs), config).sum(axis=0))
        assert f"tok:{tokenizer}" in signatures(config)["bleu"]
    assert scores["13a"] == 0 < 50 < scores["zh"]


def test_signatures_are_those_of_sacrebleu():
    reference = CHRF()
    reference.corpus_score(["a"], [["a"]])
    assert signatures(CONFIG)["chrf"] == str(reference.get_signature())
    assert signatures(EvaluateConfig(metrics=("token_f1",))) == {}
