"""How often 95% intervals hold the truth, and how often "better" is said where nothing is.

    python -m benchmarks.coverage                      # the tables in docs/metrics.md: 10 minutes
    python -m benchmarks.coverage --repetitions 200    # a rough one

Invented test sets are drawn from populations whose true figure is known; each gets the interval
that `tunesmith.evaluate` gives. Then three methods that are equally good are compared as
`tunesmith.decide.compare` compares them: how often is any of the three differences called clear?
The seeds are fixed: the same numbers come out again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tunesmith.decide.compare import compare
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS, mean_figure, mean_rows, perplexity_figure
from tunesmith.evaluate.metrics.classification import macro_f1
from tunesmith.evaluate.significance import Figure, group_sums, interval, paired
from tunesmith.io import write_json

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator

SIZES = (30, 60, 120)
"""Independent rows of a test set."""
HELD_SIZES = (*SIZES, 200)
"""Those of the table of intervals."""
RESAMPLES = 1000
LABELS = 4
HIT = (0.9, 0.8, 0.7, 0.5)
"""Of each label, how often it is found; what is missed goes to the next label."""
SHARE_OF_LABEL = (0.4, 0.3, 0.2, 0.1)


@dataclass(frozen=True)
class Draw:
    """A test set and the truth behind it."""

    stats: Floats
    truth: float
    figure: Figure
    bounds: tuple[float, float] | None = None
    rival: Floats | None = None
    """The statistics of a second method, for a difference."""


def mean(rng: Rng, rows: int) -> Draw:
    """A skewed score between 0 and 1, as token F1 is."""
    return Draw(mean_rows(rng.beta(1.2, 3, rows)), 1.2 / 4.2, mean_figure, (0, 1))


def share(chance: float) -> Callable[[Rng, int], Draw]:
    """A share of right answers."""

    def draw(rng: Rng, rows: int) -> Draw:
        return Draw(
            mean_rows((rng.random(rows) < chance).astype(float)), chance, mean_figure, (0, 1)
        )

    return draw


def perplexity(rng: Rng, rows: int) -> Draw:
    """Answers of 10 to 120 tokens, some of them much harder than others."""
    tokens = rng.integers(10, 120, rows)
    nll = tokens * rng.gamma(4, 0.5, rows)
    return Draw(np.stack([nll, tokens], axis=1), float(np.exp(2.0)), perplexity_figure)


def _labels(rng: Rng, rows: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    wanted = rng.choice(LABELS, rows, p=SHARE_OF_LABEL)
    hit = rng.random(rows) < np.array(HIT)[wanted]
    return wanted, np.where(hit, wanted, (wanted + 1) % LABELS)


def _counts(wanted: npt.NDArray[np.int64], given: npt.NDArray[np.int64]) -> Floats:
    one = np.eye(LABELS)
    right = one[wanted] * (wanted == given)[:, None]
    return np.stack([right, one[given], one[wanted]], axis=2).reshape(len(wanted), -1)


def _true_macro_f1() -> float:
    size, hit = np.array(SHARE_OF_LABEL), np.array(HIT)
    given = size * hit + np.roll(size * (1 - hit), 1)
    return float(np.mean(2 * size * hit / (given + size)))


def macro(rng: Rng, rows: int) -> Draw:
    """Macro-F1 of four labels, the rarest one row in ten."""
    return Draw(_counts(*_labels(rng, rows)), _true_macro_f1(), macro_f1, (0, 1))


def macro_difference(rng: Rng, rows: int) -> Draw:
    """The difference of two equally good classifiers."""
    wanted, given = _labels(rng, rows)
    hit = rng.random(rows) < np.array(HIT)[wanted]
    other = np.where(hit, wanted, (wanted + 1) % LABELS)
    return Draw(_counts(wanted, given), 0.0, macro_f1, (-1, 1), rival=_counts(wanted, other))


def threads(rng: Rng, rows: int) -> Draw:
    """Rows in threads of 1 to 5 that are alike; the size is the number of threads."""
    sizes = rng.choice([1, 1, 2, 5], rows)
    of = np.repeat(np.arange(rows), sizes)
    values = np.clip(0.4 + rng.normal(0, 0.15, rows)[of] + rng.normal(0, 0.05, len(of)), 0, 1)
    return Draw(group_sums(mean_rows(values), of.tolist()), 0.4, mean_figure, (0, 1))


def difference(rng: Rng, rows: int) -> Draw:
    """The paired difference of two scores on rows that are hard for both, truly 0.05."""
    hard = rng.normal(0, 0.2, rows)
    one = hard + rng.beta(2, 3, rows)
    other = hard + rng.beta(2, 3, rows) - 0.05
    return Draw(mean_rows(one), 0.05, mean_figure, rival=mean_rows(other))


def share_difference(rng: Rng, rows: int) -> Draw:
    """The paired difference of two shares, 0.7 and 0.6, right and wrong together half the time."""
    hard = rng.random(rows)
    own = rng.random(rows) < 0.5
    one = np.where(own, rng.random(rows), hard) < 0.7
    other = np.where(own, rng.random(rows), hard) < 0.6
    return Draw(
        mean_rows(one.astype(float)),
        0.1,
        mean_figure,
        (-1, 1),
        rival=mean_rows(other.astype(float)),
    )


DRAWS: dict[str, Callable[[Rng, int], Draw]] = {
    "mean (token F1)": mean,
    "mean over threads": threads,
    "share of 50%": share(0.5),
    "share of 15%": share(0.15),
    "share of 5%": share(0.05),
    "perplexity": perplexity,
    "macro F1, 4 labels": macro,
    "paired difference of means": difference,
    "paired difference of shares": share_difference,
    "paired difference of macro F1": macro_difference,
    "share of 3%": share(0.03),
    "share of 2%": share(0.02),
}


def _limits(drawn: Draw, seed: int) -> tuple[float, float] | None:
    options: dict[str, Any] = {"resamples": RESAMPLES, "seed": seed, "bounds": drawn.bounds}
    if drawn.rival is None:
        found = interval(drawn.stats, drawn.figure, **options)
        return None if found is None else (found.low, found.high)
    pair = paired(drawn.stats, drawn.rival, drawn.figure, **options)
    return None if pair.low is None or pair.high is None else (pair.low, pair.high)


def coverage(name: str, rows: int, repetitions: int, seed: int = 1) -> float:
    """The share of intervals that hold the truth."""
    rng = np.random.default_rng([seed, rows, list(DRAWS).index(name)])
    held = 0
    for repetition in range(repetitions):
        drawn = DRAWS[name](rng, rows)
        limits = _limits(drawn, repetition)
        held += limits is not None and limits[0] <= drawn.truth <= limits[1]
    return held / repetitions


WORDS = [f"word{number}" for number in range(200)]


def equal_methods(rng: Rng, rows: int, *, of_a_thread: int) -> dict[str, list[dict[str, Any]]]:
    """Answers of three methods that are equally good: texts, and labels in `label`."""
    threads_ = np.arange(rows).repeat(of_a_thread)
    hard = rng.normal(0, 0.15, rows)[threads_]
    out: dict[str, list[dict[str, Any]]] = {}
    references = [rng.choice(WORDS, 12).tolist() for _ in threads_]
    wanted = rng.choice(LABELS, len(threads_), p=SHARE_OF_LABEL)
    for name in ("base", "few_shot", "lora"):
        tilt = rng.normal(0, 0.1, rows)[threads_]  # a thread suits one method more than another
        out[name] = []
        for i, reference in enumerate(references):
            keep = rng.random(12) < np.clip(0.5 + hard[i] + tilt[i], 0.02, 0.98)
            right = rng.random() < np.clip(0.65 + hard[i] + tilt[i], 0.02, 0.98)
            label = wanted[i] if right else (wanted[i] + 1) % LABELS
            out[name].append(
                {
                    "id": str(i),
                    "group": str(threads_[i]) if of_a_thread > 1 else None,
                    "reference": " ".join(reference),
                    "prediction": " ".join(
                        w if kept else "other" for w, kept in zip(reference, keep, strict=True)
                    ),
                    "reference_nll": float(rng.gamma(4, 5)),
                    "reference_tokens": 12,
                    "label": (f"label {wanted[i]}", f"label {label}"),
                }
            )
    return out


def _as_labels(predictions: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{**row, "reference": row["label"][0], "prediction": row["label"][1]} for row in rows]
        for name, rows in predictions.items()
    }


TEXTS = EvaluateConfig(resamples=RESAMPLES, metrics=("token_f1", "perplexity"))
AS_LABELS = EvaluateConfig(
    task="classification",
    classification={"labels": tuple(f"label {n}" for n in range(LABELS))},  # type: ignore[arg-type]
    metrics=("accuracy", "macro_f1"),
    resamples=RESAMPLES,
)


def false_better(rows: int, repetitions: int, *, of_a_thread: int = 1) -> dict[str, float]:
    """By metric, how often any of three equal methods is called clearly better than another."""
    rng = np.random.default_rng([2, rows, of_a_thread])
    cards = [{"method": name, "kind": name, "label": name} for name in ("base", "few_shot", "lora")]
    alarms = {name: 0 for config in (TEXTS, AS_LABELS) for name in config.metrics}
    for repetition in range(repetitions):
        answers = equal_methods(rng, rows, of_a_thread=of_a_thread)
        for config, predictions in ((TEXTS, answers), (AS_LABELS, _as_labels(answers))):
            found = compare(
                cards, predictions, config.model_copy(update={"seed": repetition}), min_rows=30
            )
            for name in config.metrics:
                alarms[name] += any(one["clear"] for one in found if one["metric"] == name)
    return {METRICS[name].label: count / repetitions for name, count in alarms.items()}


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def main() -> None:
    """Simulate, print both tables and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=Path("runs/coverage.json"))
    given = parser.parse_args()
    held = {name: {n: coverage(name, n, given.repetitions) for n in HELD_SIZES} for name in DRAWS}
    print(
        table(
            ["95% interval of", *(f"n = {n}" for n in HELD_SIZES)],
            [[name, *(f"{each[n]:.1%}" for n in HELD_SIZES)] for name, each in held.items()],
        ),
        flush=True,
    )
    half = max(1, given.repetitions // 2)
    alarms = {
        f"{METRICS_OF[k]}": {n: false_better(n, half, of_a_thread=k) for n in SIZES}
        for k in METRICS_OF
    }
    print()
    print(
        table(
            ["called better without cause", *(f"n = {n}" for n in SIZES)],
            [
                [f"{label}, {how}", *(f"{each[n][label]:.1%}" for n in SIZES)]
                for how, each in alarms.items()
                for label in each[SIZES[0]]
            ],
        )
    )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        given.out,
        {
            "repetitions": given.repetitions,
            "coverage": {k: {str(n): v for n, v in each.items()} for k, each in held.items()},
            "false_better": {k: {str(n): v for n, v in each.items()} for k, each in alarms.items()},
        },
    )


METRICS_OF = {1: "rows alone", 3: "threads of 3"}
"""Rows of a thread, and what the table calls it."""


if __name__ == "__main__":
    main()
