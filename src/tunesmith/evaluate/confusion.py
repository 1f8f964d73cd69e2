"""Which labels are taken for which, and how well each is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.estimate import estimate
from tunesmith.evaluate.metrics import Prediction, mean_figure
from tunesmith.evaluate.metrics.labels import labels_of, read_rows

_WORDS = {
    "precision": ("Precision", "of the answers that are this label, the share that is right"),
    "recall": ("Recall", "of the questions with this label, the share that gets it"),
    "f1": ("F1", "the harmonic mean of precision and recall"),
}


def confusion(predictions: Sequence[Prediction], config: EvaluateConfig) -> dict[str, Any]:
    """The `classification` of `metrics.json`.

    Args:
        predictions: Rows of predictions.jsonl.
        config: The labels, and how sure intervals are.

    Returns:
        `labels` (K names), `confusion` (K rows of K counts: the reference's label, by the
        answer's), `no_label` (K counts: answers that are no label, by the reference's), `unscored`
        (rows without an answer, or with a reference that is no label), and `per_class`: for each
        label `support` (rows with it), `precision`, `recall`, `f1`. A figure that would be 0 / 0
        has no value.
    """
    labels = labels_of(predictions, config.classification)
    read = read_rows(predictions, labels)
    size = len(labels.names)
    counts = np.zeros((size, size + 1), dtype=np.int64)
    for pair in read:
        if pair is not None:
            wanted, given = pair
            counts[wanted, size if given is None else given] += 1
    return {
        "labels": list(labels.names),
        "confusion": counts[:, :size].tolist(),
        "no_label": counts[:, size].tolist(),
        "unscored": read.count(None),
        "per_class": [
            {
                "label": name,
                "support": int(counts[place].sum()),
                **_figures(place, read, predictions, config),
            }
            for place, name in enumerate(labels.names)
        ],
    }


def _figures(
    place: int,
    read: Sequence[tuple[int, int | None] | None],
    predictions: Sequence[Prediction],
    config: EvaluateConfig,
) -> dict[str, Any]:
    """Precision, recall and F1 of one label, each over the rows that it is about.

    Every row has (numerator, denominator) with a denominator of at least 1, so a bootstrap sample
    never divides by zero. F1 is 2 right / (answers + references), each row counting for both.
    """
    wanted = [pair is not None and pair[0] == place for pair in read]
    given = [pair is not None and pair[1] == place for pair in read]
    out = {}
    for name, (label, meaning) in _WORDS.items():
        about = {"precision": given, "recall": wanted}.get(
            name, [a or b for a, b in zip(wanted, given, strict=True)]
        )
        chosen = [i for i, one in enumerate(about) if one]
        right = np.array([wanted[i] and given[i] for i in chosen], dtype=np.float64)
        size = np.ones(len(chosen))
        if name == "f1":
            size = np.array([wanted[i] + given[i] for i in chosen], dtype=np.float64)
            right = 2 * right
        figure = estimate(
            np.stack([right, size], axis=1),
            mean_figure,
            "share",
            [predictions[i] for i in chosen],
            config,
        )
        if not chosen:
            what = "answer" if name == "precision" else "row"
            figure["note"] = f"There is no {what} with this label."
        out[name] = {
            **figure,
            "unit": "share",
            "higher_is_better": True,
            "label": label,
            "meaning": meaning,
        }
    return out
