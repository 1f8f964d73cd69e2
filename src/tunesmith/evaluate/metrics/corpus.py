"""Corpus figures of sacrebleu, from n-gram counts that can be summed: BLEU and chrF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.base import FloatArray, Metric, Prediction


def corpus_statistics(metric: Any, predictions: Sequence[Prediction], width: int) -> FloatArray:
    """The n-gram counts that sacrebleu makes of each row.

    Args:
        metric: A `sacrebleu.metrics.BLEU` or `CHRF`.
        predictions: The rows.
        width: Columns that this metric has.

    Returns:
        Shape (n, width); NaN rows where the prediction or the reference is missing or empty
        (an empty prediction of a reference that is not empty is scored).
    """
    out = np.full((len(predictions), width), np.nan)
    scored = [
        i
        for i, row in enumerate(predictions)
        if row["prediction"] is not None and (row["reference"] or "").strip()
    ]
    if scored:
        hypotheses = [predictions[i]["prediction"] for i in scored]
        references = [[predictions[i]["reference"] for i in scored]]
        # The only way to sacrebleu's sentence statistics; its own bootstrap takes them here too.
        # A test holds their sum to its corpus_score.
        out[scored] = metric._extract_corpus_statistics(hypotheses, references)  # noqa: SLF001
    return out


def bleu_figure(sums: FloatArray) -> FloatArray:
    """Corpus BLEU, 0 to 100, from summed counts (Papineni et al. 2002; Post 2018).

    The counts are, as in sacrebleu: words given, words expected, matching n-grams of order 1
    to 4, n-grams given of order 1 to 4. Orders without a match are smoothed exponentially.

    Args:
        sums: Shape (..., 10).

    Returns:
        Shape (...).
    """
    given, expected = sums[..., 0], sums[..., 1]
    matching, total = sums[..., 2:6], sums[..., 6:10]
    with np.errstate(divide="ignore", invalid="ignore"):
        penalty = np.where(given < expected, np.exp(1 - expected / given), 1.0)
        smoothing = 2.0 ** np.cumsum(matching == 0, axis=-1)
        precision = np.where(matching == 0, 1 / (smoothing * total), matching / total)
        score = 100 * penalty * np.exp(np.mean(np.log(precision), axis=-1))
    none = np.all(matching == 0, axis=-1) | np.any(total == 0, axis=-1)
    return np.where(none, 0.0, score)


def chrf_figure(sums: FloatArray) -> FloatArray:
    """ChrF2, 0 to 100, from summed counts (Popović 2015, beta 2).

    Args:
        sums: Shape (..., 18): for each of the character n-gram orders 1 to 6, n-grams given,
            expected and matching, as in sacrebleu.

    Returns:
        Shape (...).
    """
    given, expected, matching = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    used = (given > 0) & (expected > 0)
    orders = np.maximum(used.sum(axis=-1), 1)
    precision = np.where(used, matching / np.maximum(given, 1), 0.0).sum(axis=-1) / orders
    recall = np.where(used, matching / np.maximum(expected, 1), 0.0).sum(axis=-1) / orders
    both = np.where(precision + recall > 0, 4 * precision + recall, 1.0)
    score: FloatArray = 100 * 5 * precision * recall / both
    return score


def _sacrebleu(name: str, config: EvaluateConfig, references: Any = None) -> Any:
    from sacrebleu.metrics import BLEU, CHRF

    if name == "chrf":
        return CHRF(references=references)
    # force: "this looks tokenised" is a warning for translations, and predictions are what they are
    return BLEU(tokenize=config.bleu_tokenizer, force=True, references=references)


def _bleu_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    return corpus_statistics(_sacrebleu("bleu", config), predictions, 10)


def _chrf_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    return corpus_statistics(_sacrebleu("chrf", config), predictions, 18)


def signatures(config: EvaluateConfig) -> dict[str, str]:
    """The sacrebleu signature of each of its metrics that `config` asks for."""
    return {
        name: str(_sacrebleu(name, config, references=[["one reference"]]).get_signature())
        for name in ("bleu", "chrf")
        if name in config.metrics
    }


CORPUS = (
    Metric(
        name="bleu",
        label="BLEU",
        meaning="how many short phrases the answers share with those that your team wrote, "
        "from 0 to 100",
        gloss="phrases shared with your team's answers, 100 is all",
        unit="points",
        higher_is_better=True,
        rows=_bleu_rows,
        figure=bleu_figure,
    ),
    Metric(
        name="chrf",
        label="chrF",
        meaning="how many short letter sequences the answers share with those that your team "
        "wrote, from 0 to 100",
        gloss="letter sequences shared with your team's answers, 100 is all",
        unit="points",
        higher_is_better=True,
        rows=_chrf_rows,
        figure=chrf_figure,
    ),
)
