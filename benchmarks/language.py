"""How far the confidence of language identification can be trusted, and how it was calibrated.

    python benchmarks/language.py       (--fit prints weights for `language.CALIBRATION`)

Every sentence of `../shared/data/language-id` (27 languages, the file name is the language) is
taken whole and cut to its first 1, 2, 3, 5 and 8 words (Chinese, Japanese: twice as many letters).
Weights are fitted on the even sentences by Newton's method; every figure is of the odd ones.

* `right`: the share of texts whose language is told
* `error`: the expected calibration error (Naeini et al. 2015, 15 bins of equal width)
* `kept`: the share of texts with a confidence of at least 0.95, and how many of those are right
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.check.language import HEAD_LETTERS
from tunesmith.language import CALIBRATION, COMMON_LANGUAGES, KNOTS, evidence, identifier

DATA = Path(__file__).parents[2] / "shared" / "data" / "language-id"
CUTS = (1, 2, 3, 5, 8, 0)
BANDS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)


def sentences(folder: Path) -> tuple[list[str], list[str], NDArray[np.bool_]]:
    """Texts, their languages, and which are for fitting."""
    texts, gold, fitting = [], [], []
    for path in sorted(folder.glob("??.txt")):
        name = "no" if path.stem == "nb" else path.stem
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            texts.append(line)
            gold.append(name)
            fitting.append(number % 2 == 0)
    return texts, gold, np.array(fitting)


def cut(text: str, words: int, language: str) -> str:
    """The first words of a text; all of it (as far as the step looks) for 0."""
    if not words:
        return text[:HEAD_LETTERS]
    return text[: words * 2] if language in {"zh", "ja"} else " ".join(text.split()[:words])


def fitted(table: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of a logistic regression."""
    weights = np.zeros(table.shape[1])
    for _ in range(50):
        share = 1 / (1 + np.exp(-table @ weights))
        slope = (table * (share * (1 - share))[:, None]).T @ table
        step = np.linalg.solve(slope + 1e-6 * np.eye(len(weights)), table.T @ (right - share))
        weights += step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def calibration_error(confidence: Any, right: Any, bins: int = 15) -> float:
    """The expected calibration error."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == one].mean() - right[place == one].mean()) * (place == one).mean()
        for one in range(bins)
        if (place == one).any()
    ]
    return float(sum(gaps))


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawTextHelpFormatter
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--fit", action="store_true", help="fit the weights anew and use them")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there: name the folder of sentences with --data")
    texts, gold, fitting = sentences(options.data)
    tool = identifier(COMMON_LANGUAGES)
    tool.identify(pl.Series(texts[:10]))
    figures, right, speed = [], [], []
    for words in CUTS:
        column = pl.Series([cut(text, words, name) for text, name in zip(texts, gold, strict=True)])
        started = time.process_time()
        names, found = tool.classify(column)
        speed.append(len(texts) / (time.process_time() - started))
        figures.append(found)
        right.append(names.fill_null("").to_numpy() == np.array(gold))
    weights = np.array(CALIBRATION)
    if options.fit:
        mine = [found[fitting] for found in figures]
        weights = fitted(
            evidence(np.concatenate(mine), KNOTS), np.concatenate([one[fitting] for one in right])
        )
        print("CALIBRATION =", tuple(round(float(weight), 3) for weight in weights))
    report(figures, right, ~fitting, weights, speed)


def report(figures: Any, right: Any, held: Any, weights: Any, speed: Any) -> None:
    """Print both tables, of the sentences that were held out."""
    print("words  right   error own/calibrated  kept own (right)  kept calibrated (right)  texts/s")
    together, truth = [], []
    for words, found, good, rate in zip(CUTS, figures, right, speed, strict=True):
        own, ok = found[held, 0], good[held]
        sure = 1 / (1 + np.exp(-evidence(found[held], KNOTS) @ weights))
        together.append(sure)
        truth.append(ok)
        print(f"{words or 'all':>5}  {ok.mean():.4f}  {calibration_error(own, ok):.4f} / "
              f"{calibration_error(sure, ok):.4f}      {_kept(own, ok)}    {_kept(sure, ok)}"
              f"        {rate:,.0f}")  # fmt: skip
    sure, ok = np.concatenate(together), np.concatenate(truth)
    print(f"\nall lengths together: calibration error {calibration_error(sure, ok):.4f}")
    for low, high in itertools.pairwise(BANDS):
        band = (sure >= low) & ((sure < high) | (high == 1))
        if band.any():
            print(f"confidence {low:.2f}–{high:.2f}: {band.sum():>6} texts, mean "
                  f"{sure[band].mean():.3f}, right {ok[band].mean():.3f}")  # fmt: skip


def _kept(confidence: Any, right: Any) -> str:
    kept = confidence >= 0.95
    return f"{kept.mean():.3f} ({right[kept].mean() if kept.any() else float('nan'):.4f})"


if __name__ == "__main__":
    main()
