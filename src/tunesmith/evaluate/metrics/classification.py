"""Answers that are labels: accuracy, precision, recall and F1, over all labels.

An answer is read as a label after normalising (`labels.Labels.read`). One that is no label is wrong
and is counted as "no label", never dropped. A row whose reference is no label is unscored.

Averages (Manning, Raghavan and Schütze 2008, section 13.6). *Micro*: over all answers; with one
label asked for and one given, recall is accuracy, and precision is higher only by answers that are
no label. *Macro*: the mean over the labels that the references hold, each counted alike. A label
that is never given has precision 0, as with scikit-learn's `zero_division=0`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.metrics.base import (
    FloatArray,
    Metric,
    Prediction,
    Rows,
    mean_figure,
    rare,
    unwary,
)
from tunesmith.evaluate.metrics.labels import labels_of, read_rows

FEW = 10
"""With fewer rows of a label than this, the interval of a macro average is rough."""


def class_counts(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    """What macro averages are made of.

    Returns:
        Shape (n, 3 K): for each of K labels, whether the answer is rightly this label, whether it
        is this label, and whether the reference is.
    """
    labels = labels_of(predictions, config.classification)
    out = np.zeros((len(predictions), len(labels.names), 3))
    for i, pair in enumerate(read_rows(predictions, labels)):
        if pair is None:
            out[i] = np.nan
            continue
        wanted, given = pair
        out[i, wanted, 2] = 1
        if given is not None:
            out[i, given, 1] = 1
            out[i, wanted, 0] = float(given == wanted)
    return out.reshape(len(predictions), -1)


def _macro(over: Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
           ) -> Callable[[FloatArray], FloatArray]:  # fmt: skip
    """The mean over the labels with references of numerator / denominator; 0 / 0 is 0."""

    def figure(sums: FloatArray) -> FloatArray:
        right, given, wanted = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
        top, bottom = over(right, given, wanted)
        each = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
        present = wanted > 0
        with np.errstate(invalid="ignore"):
            return np.asarray((each * present).sum(axis=-1) / present.sum(axis=-1))

    return figure


macro_f1 = _macro(lambda right, given, wanted: (2 * right, given + wanted))
macro_precision = _macro(lambda right, given, wanted: (right, given))
macro_recall = _macro(lambda right, given, wanted: (right, wanted))


def few_of_a_label(sums: FloatArray) -> str | None:
    """Why the interval of a macro average is rough: some label has few rows."""
    support = sums[2::3]
    few = int(np.count_nonzero((support > 0) & (support < FEW)))
    if not few:
        return None
    return (
        f"{few} of {np.count_nonzero(support)} labels have fewer than {FEW} test rows, so the "
        "range is rough."
    )


def answer_counts(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    """(right, is a label, 1) of each row, shape (n, 3): what micro averages are made of."""
    labels = labels_of(predictions, config.classification)
    out = np.full((len(predictions), 3), np.nan)
    for i, pair in enumerate(read_rows(predictions, labels)):
        if pair is not None:
            out[i] = pair[0] == pair[1], pair[1] is not None, 1
    return out


def micro_precision(sums: FloatArray) -> FloatArray:
    """Right answers over answers that are a label, shape (..., 3) to (...); 0 / 0 is 0."""
    right, labelled = sums[..., 0], sums[..., 1]
    return np.divide(right, labelled, out=np.zeros_like(right), where=labelled > 0)


def micro_f1(sums: FloatArray) -> FloatArray:
    """2 right / (answers that are a label + rows), shape (..., 3) to (...)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * sums[..., 0] / (sums[..., 1] + sums[..., 2]))


def _column(place: int, *, wrong: bool = False) -> Rows:
    """The statistics of the mean of a column of `answer_counts`, or of 1 less it."""

    def rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
        counts = answer_counts(predictions, config)
        counts[:, place] = 1 - counts[:, place] if wrong else counts[:, place]
        return counts[:, [place, 2]]

    return rows


def _figure(
    name: MetricName,
    label: str,
    meaning: str,
    *,
    rows: Rows,
    figure: Callable[[FloatArray], FloatArray],
    gloss: str | None = None,
    better: bool = True,
    binary: bool = False,
) -> Metric:
    return Metric(
        name=name,
        label=label,
        meaning=meaning,
        gloss=gloss or f"{meaning.split(';', maxsplit=1)[0].split(',', maxsplit=1)[0]}, 1 is all",
        unit="share",
        higher_is_better=better,
        rows=rows,
        figure=figure,
        binary=binary,
        caution=few_of_a_label if rows is class_counts else rare if binary else unwary,
    )


CLASSIFICATION = (
    _figure(
        "accuracy",
        "Accuracy",
        "the share of answers that are the right label",
        rows=_column(0),
        figure=mean_figure,
        binary=True,
    ),
    _figure(
        "macro_f1",
        "Macro F1",
        "how well labels are found, every label counted alike: the mean over the labels of the F1 "
        "of precision and recall, 0 is never and 1 is always",
        rows=class_counts,
        figure=macro_f1,
        gloss="labels found, rare ones counted as much as frequent ones, 1 is all",
    ),
    _figure(
        "macro_precision",
        "Macro precision",
        "of the answers that are a label, the share that is right, the mean over the labels",
        rows=class_counts,
        figure=macro_precision,
        gloss="labels given that are right, every label counted alike, 1 is all",
    ),
    _figure(
        "macro_recall",
        "Macro recall",
        "of the questions with a label, the share that gets it, the mean over the labels",
        rows=class_counts,
        figure=macro_recall,
        gloss="questions that get their label, every label counted alike, 1 is all",
    ),
    _figure(
        "micro_f1",
        "Micro F1",
        "F1 over all answers together; it is accuracy, but for answers that are no label",
        rows=answer_counts,
        figure=micro_f1,
    ),
    _figure(
        "micro_precision",
        "Micro precision",
        "the share of right answers among those that are a label at all",
        rows=answer_counts,
        figure=micro_precision,
    ),
    _figure(
        "micro_recall",
        "Micro recall",
        "the share of questions that get the right label; with one label each it is accuracy",
        rows=_column(0),
        figure=mean_figure,
        binary=True,
    ),
    _figure(
        "no_label",
        "No label",
        "the share of answers that are none of the labels, or several; lower is better",
        rows=_column(1, wrong=True),
        figure=mean_figure,
        gloss="answers that are none of the labels, 0 is none",
        better=False,
        binary=True,
    ),
)
