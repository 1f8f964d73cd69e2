"""The quality of one tuned method as a share of another's, on the same test rows of a run.

    python -m benchmarks.quality_share runs/bitext-methods --of lora --to full

Token F1 of the answers to the rows that both methods answered; the interval is the bootstrap of the
ratio of means, whole threads drawn together (`tunesmith.evaluate.significance.interval`).
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np

from tunesmith.answers import token_f1
from tunesmith.evaluate.significance import Interval, interval


def scores(run: Path, method: str) -> dict[str, tuple[str, float]]:
    """By test row, its group and the token F1 of its answer; unscored rows are left out."""
    found = {}
    with (run / "methods" / method / "predictions.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            score = token_f1(row["prediction"], row["reference"])
            if not math.isnan(score):
                found[row["id"]] = (row.get("group") or row["id"], score)
    return found


def share(run: Path, *, of: str, to: str) -> tuple[Interval | None, int]:
    """The mean of method `of` over that of method `to`, and the rows that both answered."""
    ours, theirs = scores(run, of), scores(run, to)
    both = sorted(ours.keys() & theirs.keys())
    groups = sorted({ours[row][0] for row in both})
    place = {group: number for number, group in enumerate(groups)}
    sums = np.zeros((len(groups), 2))
    for row in both:
        group, score = ours[row]
        sums[place[group]] += (score, theirs[row][1])
    return interval(sums, lambda total: total[..., 0] / total[..., 1]), len(both)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--of", default="lora")
    parser.add_argument("--to", default="full")
    options = parser.parse_args()
    found, rows = share(options.run, of=options.of, to=options.to)
    if found is None:
        raise SystemExit(f"{rows} rows are too few for an interval")
    print(
        f"{options.of} reaches {found.value:.1%} of {options.to}'s token F1 "
        f"(95% interval {found.low:.1%} to {found.high:.1%}, {rows} rows)"
    )


if __name__ == "__main__":
    main()
