"""How often the verdict is wrong where there is no difference, and finds one where there is.

    python -m benchmarks.verdicts                    (or: --repetitions 100 --rows 60 --methods 2 4)

Every repetition invents test rows and answers of methods from a seed, and asks for the verdict as
`decide` does. Without a difference every method keeps the same share of the reference's words, and
`min_gain` is 0, the setting that is most easily misled. With threads, two rows share their luck
within a method, as rows of one conversation do. `better`: some comparison is called clear;
`fine-tune`: that is the verdict. Both must stay at 5% at most without a difference. For the power,
a quarter of the repetitions, the trained methods are better by `--gain` of token F1.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.decide.compare import aligned, compare
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import costs_by
from tunesmith.decide.verdict import verdict
from tunesmith.evaluate.config import EvaluateConfig

KINDS = ("base", "lora", "few_shot", "full", "prefix_tuning", "prompt_tuning", "instruction")
WORDS = 20
IN_A_THREAD = 2


@dataclass(frozen=True)
class Rates:
    """Shares of the repetitions."""

    better: float
    fine_tune: float
    undecided: float
    repetitions: int


def answers(
    methods: Sequence[str], rows: int, seed: int, *, gain: float = 0.0, threads: bool = False
) -> dict[str, list[dict[str, Any]]]:
    """Predictions of every method on the same rows.

    Args:
        methods: Their names; `base` and `few_shot` are not better by `gain`.
        rows: Test rows.
        seed: Of everything.
        gain: True gain of trained methods in token F1.
        threads: Whether two rows each belong together.
    """
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 0.1, rows)
    reference = " ".join(f"word{i}" for i in range(WORDS))
    out = {}
    for method in methods:
        luck = rng.normal(0, 0.15, rows)
        if threads:
            luck = np.repeat(rng.normal(0, 0.15, -(-rows // IN_A_THREAD)), IN_A_THREAD)[:rows]
        extra = 0.0 if method in {"base", "few_shot"} else gain
        share = np.clip(0.5 + extra + hard + luck, 0, 1)
        kept = rng.random((rows, WORDS)) < share[:, None]
        out[method] = [
            {
                "id": f"t{i:04d}",
                "group": f"g{i // IN_A_THREAD}" if threads else None,
                "reference": reference,
                "prediction": " ".join(
                    f"word{k}" if kept[i, k] else f"other{k}" for k in range(WORDS)
                ),
            }
            for i in range(rows)
        ]
    return out


def outcome(
    predictions: Mapping[str, Sequence[Mapping[str, Any]]], resamples: int
) -> tuple[bool, str]:
    """Whether some comparison is called clear, and the kind of the verdict."""
    evaluation = EvaluateConfig(resamples=resamples, metrics=("token_f1",))
    config = DecideConfig(min_gain=0.0)
    cards = [_card(name, rows) for name, rows in predictions.items()]
    rows = aligned(cards, predictions)
    comparisons = compare(cards, rows, evaluation, min_rows=config.min_rows)
    found = verdict(cards, comparisons, costs_by(cards, config), config, evaluation)
    return any(c["clear"] for c in comparisons), found.kind


def _card(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the verdict reads of a scorecard; seconds are alike for all methods."""
    kept = [sum(word.startswith("word") for word in row["prediction"].split()) for row in rows]
    kind = "lora" if name == "instruction" else name
    figures = {"token_f1": {"value": float(np.mean(kept)) / WORDS, "low": None, "high": None}}
    return {
        "method": name,
        "kind": kind,
        "label": name,
        "n": len(rows),
        "metrics": {**figures, "tokens_out_mean": {"value": 20.0}},
        "training": None if kind in {"base", "few_shot"} else {"seconds": 600.0},
        "generation": {"seconds": 100.0, "tokens_per_s": 40.0},
    }


def rates(
    methods: int,
    rows: int,
    *,
    repetitions: int,
    threads: bool = False,
    gain: float = 0.0,
    resamples: int = 1000,
    seed: int = 0,
) -> Rates:
    """How often each outcome is found."""
    found = [
        outcome(
            answers(KINDS[:methods], rows, seed + 1000 * i, gain=gain, threads=threads), resamples
        )
        for i in range(repetitions)
    ]
    kinds = [kind for _, kind in found]
    return Rates(
        better=sum(clear for clear, _ in found) / repetitions,
        fine_tune=kinds.count("fine-tune") / repetitions,
        undecided=kinds.count("undecided") / repetitions,
        repetitions=repetitions,
    )


def main() -> None:
    """Print a table of the rates."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__)
    parser.formatter_class = argparse.RawTextHelpFormatter
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--rows", type=int, nargs="+", default=[30, 60, 200])
    parser.add_argument("--methods", type=int, nargs="+", default=[2, 4, 7])
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--gain", type=float, default=0.1, help="for the power")
    given = parser.parse_args()
    print("| methods | rows | threads | better | fine-tune | fine-tune where it is better |")
    print("|---|---|---|---|---|---|")
    for methods in given.methods:
        for rows in given.rows:
            for threads in (False, True):
                options = {"threads": threads, "resamples": given.resamples}
                none = rates(methods, rows, repetitions=given.repetitions, **options)
                quarter = max(1, given.repetitions // 4)
                some = rates(methods, rows, repetitions=quarter, gain=given.gain, **options)
                print(
                    f"| {methods} | {rows} | {'of 2' if threads else 'no'} | {none.better:.1%} "
                    f"| {none.fine_tune:.1%} | {some.fine_tune:.1%} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
