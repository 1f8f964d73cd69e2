"""Quality figures as sums over rows, so that rows can be resampled.

Every metric is two functions. `rows` gives each prediction a row of *sufficient statistics*, shape
(n, k); `figure` turns summed statistics, shape (..., k), into the figure, shape (...). A mean is
(value, 1), perplexity is (sum of nll, tokens), corpus BLEU and chrF are n-gram counts. One
matrix product then gives the figure of every bootstrap resample (see `significance`).

A row that could not be scored (no answer was made, or the reference holds nothing to compare
with) is a row of NaN: it is counted as unscored and never enters a sum as zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tunesmith.answers import exact_match, rouge_l, token_f1
from tunesmith.evaluate.config import EvaluateConfig, MetricName

FloatArray = npt.NDArray[np.float64]
Prediction = Mapping[str, Any]
"""A row of predictions.jsonl: at least `prediction`, `reference`, `reference_nll` and
`reference_tokens`."""


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


def mean_figure(sums: FloatArray) -> FloatArray:
    """A mean from (sum, count), shape (..., 2) to (...); NaN where nothing was scored."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[..., 0] / sums[..., 1]


def perplexity_figure(sums: FloatArray) -> FloatArray:
    """exp(sum of nll / tokens), shape (..., 2) to (...); NaN where nothing was scored."""
    with np.errstate(over="ignore"):
        return np.exp(mean_figure(sums))


def mean_rows(values: Sequence[float]) -> FloatArray:
    """The statistics of a mean: (value, 1) for each row, NaN rows where the value is NaN."""
    column = np.asarray(values, dtype=np.float64)
    return np.stack([column, np.where(np.isnan(column), np.nan, 1.0)], axis=1)


def _answers(
    score: Callable[[str | None, str | None], float],
) -> Callable[[Sequence[Prediction], EvaluateConfig], FloatArray]:
    def rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
        del config
        return mean_rows([score(row["prediction"], row["reference"]) for row in predictions])

    return rows


def _perplexity_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    del config
    out = np.full((len(predictions), 2), np.nan)
    for i, row in enumerate(predictions):
        nll, tokens = row.get("reference_nll"), row.get("reference_tokens")
        if nll is not None and tokens and math.isfinite(nll):
            out[i] = nll, tokens
    return out


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


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One quality figure: its words, and its two functions (see the module)."""

    name: MetricName
    label: str
    meaning: str
    """What the figure says, in words for someone who has never met it."""
    gloss: str
    """The same in a few words, for a headline."""
    unit: str
    higher_is_better: bool
    rows: Callable[[Sequence[Prediction], EvaluateConfig], FloatArray]
    """Predictions to statistics, shape (n, k), NaN rows where unscored."""
    figure: Callable[[FloatArray], FloatArray]
    """Summed statistics, shape (..., k), to the figure, shape (...)."""


METRICS: dict[MetricName, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="token_f1",
            label="Token F1",
            meaning="how many words an answer shares with the answer that your team wrote, "
            "0 is none and 1 is all",
            gloss="words shared with your team's answers, 1 is all",
            unit="share",
            higher_is_better=True,
            rows=_answers(token_f1),
            figure=mean_figure,
        ),
        Metric(
            name="exact_match",
            label="Exact match",
            meaning="the share of answers that are word for word what your team wrote",
            gloss="answers that are word for word your team's, 1 is all",
            unit="share",
            higher_is_better=True,
            rows=_answers(exact_match),
            figure=mean_figure,
        ),
        Metric(
            name="rouge_l",
            label="ROUGE-L",
            meaning="how many words an answer shares, in the same order, with the answer that "
            "your team wrote, 0 is none and 1 is all",
            gloss="words shared in order with your team's answers, 1 is all",
            unit="share",
            higher_is_better=True,
            rows=_answers(rouge_l),
            figure=mean_figure,
        ),
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
        Metric(
            name="perplexity",
            label="Perplexity",
            meaning="how surprised the model is by the answers that your team wrote; 1 is not at "
            "all, lower is better",
            gloss="surprise at your team's answers, lower is better",
            unit="perplexity",
            higher_is_better=False,
            rows=_perplexity_rows,
            figure=perplexity_figure,
        ),
    )
}
"""Every quality figure by name."""
