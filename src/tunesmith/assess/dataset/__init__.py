"""Figures of a dataset: intrinsic, quality and bias, and with a model extrinsic ones.

`evaluate.evaluate_dataset` is the one call; `rows` reads texts once, `estimate` has means and
differences with intervals, `intrinsic`, `quality` and `bias/` the figures.
"""

from tunesmith.assess.dataset.evaluate import evaluate_dataset, write_evaluation

__all__ = ["evaluate_dataset", "write_evaluation"]
