"""Test rows to read: the best, the worst and typical ones, over the categories."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.answers import token_f1
from tunesmith.evaluate.metrics import Prediction


def samples(
    predictions: Mapping[str, Sequence[Prediction]], chosen: str, count: int
) -> list[dict[str, Any]]:
    """Choose `count` rows that show what the figures mean.

    Rows are ranked by the chosen method's token F1. Three in ten come from the best third, three
    from the worst third, the others from the middle, nearest to the median first. Within a third,
    the category shown least so far goes first; the very best and the very worst row are always
    among them. No chance is involved; ties are broken by id.

    Args:
        predictions: By method, all in the same order of rows.
        chosen: The method whose answers rank the rows.
        count: Rows wanted; fewer come back if there are fewer.

    Returns:
        Objects with `id`, `category`, `question`, `reference`, `why` (`best`, `worst`, `typical`),
        and by method `answers` and `token_f1` (null: could not be scored).
    """
    rows = predictions[chosen]
    scores = [token_f1(row["prediction"], row["reference"]) for row in rows]
    scored = [i for i, score in enumerate(scores) if score == score]  # noqa: PLR0124 - not NaN
    ranked = sorted(scored, key=lambda i: (-scores[i], str(rows[i]["id"])))
    count = min(count, len(ranked))
    if count == 0:
        return []
    ends = max(1, round(count * 0.3)) if count > 1 else 1
    third = max(ends, len(ranked) // 3)
    best, worst = ranked[:third], ranked[::-1][:third]
    middle = statistics.median(scores[i] for i in ranked)
    typical = sorted(ranked, key=lambda i: (abs(scores[i] - middle), str(rows[i]["id"])))

    taken: dict[int, str] = {}
    shown: Counter[Any] = Counter()

    def take(why: str, pool: list[int], number: int) -> None:
        for turn in range(number):
            free = [i for i in pool if i not in taken]
            if not free or len(taken) >= count:
                return
            pick = free[0] if turn == 0 else min(free, key=lambda i: shown[rows[i]["category"]])
            taken[pick] = why
            shown[rows[pick]["category"]] += 1

    take("best", best, ends)
    take("worst", worst, ends)
    take("typical", typical[: max(third, count)], count)
    take("typical", typical, count)
    order = {"best": 0, "typical": 1, "worst": 2}
    return [
        _sample(i, taken[i], predictions, rows[i])
        for i in sorted(taken, key=lambda i: (order[taken[i]], ranked.index(i)))
    ]


def _sample(
    index: int, why: str, predictions: Mapping[str, Sequence[Prediction]], row: Prediction
) -> dict[str, Any]:
    answers = {method: rows[index]["prediction"] for method, rows in predictions.items()}
    scores = {method: token_f1(answer, row["reference"]) for method, answer in answers.items()}
    return {
        "id": row["id"],
        "category": row["category"],
        "question": row["question"],
        "reference": row["reference"],
        "why": why,
        "answers": answers,
        "token_f1": {m: None if score != score else score for m, score in scores.items()},  # noqa: PLR0124
    }
