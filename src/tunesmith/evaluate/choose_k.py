"""`k: auto`: how many worked examples, told by validation rows and never by test rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.generate import Generation, generate
from tunesmith.evaluate.likeness import LIKENESS, Liken
from tunesmith.evaluate.metrics import METRICS, FloatArray
from tunesmith.evaluate.significance import group_sums, holm, interval, paired
from tunesmith.io import read_json
from tunesmith.models import BaseModel
from tunesmith.progress import Progress
from tunesmith.prompting.endpoint import EndpointConfig
from tunesmith.prompting.example import Example
from tunesmith.prompting.select import FewShotConfig
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.methods import Method

_LOST = 0.5
"""Where more rows than this share lose examples for want of room, no larger number is tried."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A method that can be asked, and how its number of examples was found."""

    method: Method
    record: dict[str, Any] | None = None
    """None for a method that had no number to choose; otherwise `k`, `tried` (`k`, `value`, `low`,
    `high`, `n`, `unscored`, `rows_with_dropped_shots`, and `worse_by`, `p_holm` against the best),
    `metric`, `rows`, `seconds`, `tokens_in`, `tokens_out` and `sentence`."""

    @property
    def label(self) -> str | None:
        """What tables call the method, where a number was chosen."""
        if self.record is None:
            return None
        return (
            f"{self.method.label}, k {self.record['k']} chosen on {self.record['rows']} "
            "validation rows"
        )

    @property
    def stats(self) -> dict[str, Any]:
        """What `generation` of a scorecard gets."""
        return {} if self.record is None else {"chosen_k": self.record}


def settled(method: Method, folder: Path) -> Method:
    """A method as it was measured: with the number of examples that was chosen for it.

    Args:
        method: As the recipe has it.
        folder: The method's folder, whose metrics.json says what was chosen.

    Raises:
        TunesmithError: Its `k` is `auto` and nothing has been chosen yet.
    """
    if not isinstance(method, FewShotConfig | EndpointConfig) or method.k != "auto":
        return method
    file = folder / "metrics.json"
    chosen = read_json(file)["generation"].get("chosen_k") if file.exists() else None
    if chosen is None:
        raise TunesmithError(
            "its number of examples (k: auto) has not been chosen yet",
            where=f"method '{folder.name}'",
            todo="measure it first: tunesmith evaluate RECIPE",
        )
    return method.model_copy(update={"k": chosen["k"]})


def drawn(rows: Sequence[Example], limit: int | None, *, seed: int) -> list[Example]:
    """At most `limit` of the rows, drawn by the seed and kept in order."""
    chosen = set(by_chance([row.id for row in rows], limit, seed=seed))
    return [row for row in rows if row.id in chosen]


def by_chance(ids: Sequence[str], limit: int | None, *, seed: int) -> list[str]:
    """At most `limit` of the ids, drawn by the seed and kept in order."""
    if limit is None or limit >= len(ids):
        return list(ids)
    mixed = sorted(ids, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    chosen = set(mixed[:limit])
    return [name for name in ids if name in chosen]


def choose_k(
    method: Method,
    *,
    validation: Sequence[Example],
    train: Sequence[Example],
    model: BaseModel,
    out: Path,
    metric: MetricName,
    evaluation: EvaluateConfig,
    prompt: PromptConfig,
    progress: Progress,
    liken: Liken | None = None,
) -> Chosen:
    """Answer validation rows with each number of examples and take the smallest good one.

    Good is every number that is not clearly worse than the best: the interval of the paired
    difference holds zero, or its p-value, adjusted by Holm for all that were tried, is above
    1 - confidence. A number with which fewer rows could be scored is out.

    Args:
        method: One whose `k` is `auto`; any other is returned as it is.
        validation: The validation split; `method.search_rows` of it are answered.
        train: Where the examples come from.
        model: The base model.
        out: The method's folder; the answers lie in `choose-k/k-N` and are not made again.
        metric: The figure that decides.
        evaluation: Confidence, resamples, seed, length and batch of answers.
        prompt: What the prompts have in common.
        progress: Where to say how far it is.
        liken: Adds likeness in meaning to the answers in a folder (`likeness.likened`); it is asked
            only where such a figure decides.

    Raises:
        TunesmithError: There are no validation rows, or none could be scored.
    """
    if not isinstance(method, FewShotConfig | EndpointConfig) or method.k != "auto":
        return Chosen(method)
    rows = drawn(validation, method.search_rows, seed=evaluation.seed)
    if not rows:
        raise TunesmithError(
            "k: auto needs validation rows and there are none",
            where=f"method '{out.name}'",
            todo="give split.validation a share, or set k to a number",
        )
    made: dict[int, Generation] = {}
    for k in method.choices:
        made[k] = generate(
            method.model_copy(update={"k": k}),
            rows,
            model=model,
            out=out / "choose-k" / f"k-{k}",
            train=train,
            prompt=prompt,
            batch_size=evaluation.batch_size,
            max_new_tokens=evaluation.max_new_tokens,
            latency_rows=0,
            progress=progress,
        )
        if made[k].stats.get("rows_with_dropped_shots", 0) > _LOST * len(rows):
            break
    if liken is not None and metric in LIKENESS:
        made = {
            k: replace(one, predictions=liken(one.predictions, out / "choose-k" / f"k-{k}"))
            for k, one in made.items()
        }
    tried, k = _judged(made, metric, evaluation, where=f"method '{out.name}'")
    record = {
        "k": k,
        "tried": tried,
        "metric": metric,
        "rows": len(rows),
        "seconds": round(sum(found.stats["seconds"] for found in made.values()), 3),
        "tokens_in": _tokens(made, "tokens_in"),
        "tokens_out": _tokens(made, "tokens_out"),
    }
    record["sentence"] = _sentence(record)
    progress.say(f"{out.name}: {record['sentence']}")
    return Chosen(method.model_copy(update={"k": k}), record)


def _judged(
    made: dict[int, Generation], metric: MetricName, evaluation: EvaluateConfig, *, where: str
) -> tuple[list[dict[str, Any]], int]:
    """What each number reached, and the one to take."""
    measure = METRICS[metric]
    stats = {k: measure.rows(found.predictions, evaluation) for k, found in made.items()}
    scored = {k: ~np.isnan(rows).any(axis=1) for k, rows in stats.items()}
    most = max(int(of.sum()) for of in scored.values())
    if most == 0:
        raise TunesmithError(
            f"no validation row could be scored by {metric}, so k cannot be chosen",
            where=where,
            todo="look at the answers in its folder choose-k, or set k to a number",
        )
    groups = {k: [row.get("group") for row in found.predictions] for k, found in made.items()}
    tried = []
    for k, rows in stats.items():
        kept = _kept(rows, groups[k], scored[k])
        out: dict[str, Any] = {"k": k, "low": None, "high": None}
        out["value"] = float(measure.figure(kept.sum(axis=0))) if len(kept) else None
        found = interval(kept, measure.figure, **_drawing(evaluation)) if len(kept) > 1 else None
        if found is not None and len(kept) >= evaluation.min_rows:
            out |= {"low": found.low, "high": found.high}
        lost = made[k].stats.get("rows_with_dropped_shots", 0)
        n = int(scored[k].sum())
        tried.append(out | {"n": n, "unscored": len(rows) - n, "rows_with_dropped_shots": lost})
    able = [row for row in tried if row["n"] == most]
    sign = 1 if measure.higher_is_better else -1
    best = max(able, key=lambda row: sign * row["value"])
    pairs, others = [], []
    for row in able:
        both = scored[best["k"]] & scored[row["k"]]
        if row is best or not both.any():  # without common rows nothing can be said of it
            continue
        others.append(row)
        pairs.append(
            paired(
                _kept(stats[best["k"]], groups[row["k"]], both),
                _kept(stats[row["k"]], groups[row["k"]], both),
                measure.figure,
                **_drawing(evaluation),
            )
        )
    adjusted = holm([pair.p_value for pair in pairs])
    good = [best["k"]]
    for row, pair, p_holm in zip(others, pairs, adjusted, strict=True):
        row |= {"worse_by": sign * pair.difference, "p_holm": p_holm}
        away = pair.low is not None and pair.high is not None and not pair.low <= 0 <= pair.high
        sure = p_holm <= 1 - evaluation.confidence and pair.groups >= evaluation.min_rows
        if not (away and sure):
            good.append(row["k"])
    return tried, min(good)


def _kept(rows: FloatArray, groups: Sequence[str | None], where: Any) -> FloatArray:
    """Statistics of the rows that are scored, summed by group."""
    places = np.flatnonzero(where).tolist()
    return group_sums(rows[places], [groups[place] for place in places])


def _drawing(evaluation: EvaluateConfig) -> Any:
    return {
        "confidence": evaluation.confidence,
        "resamples": evaluation.resamples,
        "seed": evaluation.seed,
    }


def _tokens(made: dict[int, Generation], name: str) -> int | None:
    counts = [
        row[name] for found in made.values() for row in found.predictions if row.get("prediction")
    ]
    return None if None in counts else sum(counts)


def _sentence(record: dict[str, Any]) -> str:
    by_k = {row["k"]: row for row in record["tried"]}
    label = METRICS[record["metric"]].label
    figures = ", ".join(
        f"{row['value']:.3f} with {k}" for k, row in by_k.items() if row["value"] is not None
    )
    return (
        f"k is {record['k']}: the fewest examples of those that {record['rows']} validation rows "
        f"cannot tell from the best ({label} {figures})."
    )
