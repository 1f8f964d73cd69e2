"""From votes to `human.json`: who wins, how answers are rated, and how far raters agree."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.human.agreement import Level, coincidences, with_interval
from tunesmith.evaluate.human.answers import Vote
from tunesmith.evaluate.human.tasks import RATINGS, Kind, Task
from tunesmith.evaluate.significance import FloatArray, group_sums, holm, interval, paired

_LEVEL: dict[Kind, Level] = {"pairwise": "nominal", "rating": "ordinal"}
_SIZE: dict[Kind, int] = {"pairwise": 3, "rating": len(RATINGS)}
#: Landis and Koch 1977, "The Measurement of Observer Agreement for Categorical Data".
_WORDS = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"))


def human(
    tasks: Sequence[Task], votes: Sequence[Vote], *, config: EvaluateConfig, order: Sequence[str]
) -> dict[str, Any]:
    """Make the content of `human.json`.

    Args:
        tasks: What was written for raters, all of one kind.
        votes: What they have answered.
        config: How sure intervals shall be.
        order: Methods, the best first: of a pair, `a` is the one before. Others come after them.

    Returns:
        `kind`, `raters`, `tasks`, `pairs`, `ratings`, `rating_pairs` (any two methods on the
        questions that both were rated on; `difference` is `a` less `b`), `agreement`, `sides`,
        `sentences`; no text of a row, and no comment.
    """
    kind = tasks[0].kind
    order = list(dict.fromkeys([*order, *(name for task in tasks for name in task.methods)]))
    pairs = _pairs(tasks, votes, config, order) if kind == "pairwise" else []
    ratings = _ratings(tasks, votes, config, order) if kind == "rating" else []
    compared = _rating_pairs(ratings, votes, config)
    agreement = _agreement(votes, kind, config)
    return {
        "kind": kind,
        "raters": _raters(tasks, votes),
        "tasks": _counts(tasks, votes),
        "pairs": pairs,
        "ratings": ratings,
        "rating_pairs": compared,
        "agreement": agreement,
        "sides": _sides(votes) if kind == "pairwise" else None,
        "sentences": [row["sentence"] for row in [*pairs, *ratings, *compared, agreement]],
    }


def _raters(tasks: Sequence[Task], votes: Sequence[Vote]) -> list[dict[str, Any]]:
    given = Counter(rater for task in tasks for rater in task.raters)
    answered = Counter(vote.rater for vote in votes)
    return [
        {"rater": rater, "given": given[rater], "answered": answered[rater],
         "open": given[rater] - answered[rater]}
        for rater in sorted(given)
    ]  # fmt: skip


def _counts(tasks: Sequence[Task], votes: Sequence[Vote]) -> dict[str, int]:
    """`given` and `open` count tasks by rater: one that two people judge counts twice."""
    given = sum(len(task.raters) for task in tasks)
    return {
        "tasks": len(tasks),
        "questions": len({task.id for task in tasks}),
        "given": given,
        "answered": len(votes),
        "open": given - len(votes),
    }


def _by_task(votes: Sequence[Vote]) -> dict[str, list[Vote]]:
    found: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        found[vote.task.task].append(vote)
    return found


def _pairs(
    tasks: Sequence[Task], votes: Sequence[Vote], config: EvaluateConfig, order: Sequence[str]
) -> list[dict[str, Any]]:
    place = {name: number for number, name in enumerate(order)}
    shown = dict.fromkeys(
        tuple(sorted(task.methods, key=lambda name: place[name])) for task in tasks
    )
    found = [
        _pair(a, b, [vote for vote in votes if set(vote.task.methods) == {a, b}], config)
        for a, b in shown
    ]
    tested = [row for row in found if row["p_value"] is not None]
    for row, p_holm in zip(tested, holm([row["p_value"] for row in tested]), strict=True):
        row["p_holm"] = p_holm
    for row in found:
        row["clear"] = _is_clear(row, config)
        row["sentence"] = _pair_sentence(row, config)
    return found


def _pair(a: str, b: str, votes: Sequence[Vote], config: EvaluateConfig) -> dict[str, Any]:
    winners = Counter(vote.winner for vote in votes)
    questions = list(_by_task(votes).values())
    score = {a: 1.0, b: 0.0, None: 0.5}
    means = [float(np.mean([score[vote.winner] for vote in of])) for of in questions]
    groups = [of[0].task.group for of in questions]
    figure = {
        **_mean(means, groups, config, bounds=(0.0, 1.0)),
        "unit": "share",
        "higher_is_better": True,
        "label": f"Win rate of {a} over {b}",
        "meaning": "the share of questions on which people prefer its answer, ties half",
    }
    return {
        "a": a, "b": b, "n": len(questions), "votes": len(votes), "wins_a": winners[a],
        "wins_b": winners[b], "ties": winners[None], "unparseable": 0, "order_flips": None,
        "win_rate": figure, "p_value": _p_value(means, groups, config), "p_holm": None,
    }  # fmt: skip


def _p_value(
    means: Sequence[float], groups: Sequence[Hashable | None], config: EvaluateConfig
) -> float | None:
    """Of the test that swaps the two methods' names in whole groups; two-sided."""
    if not means:
        return None
    rows = np.array([[value, 1.0] for value in means])
    stats = group_sums(rows, groups)
    other = np.column_stack([stats[:, 1] - stats[:, 0], stats[:, 1]])
    return paired(
        stats, other, _mean_figure, confidence=config.confidence, resamples=config.resamples,
        seed=config.seed,
    ).p_value  # fmt: skip


def _is_clear(row: Mapping[str, Any], config: EvaluateConfig) -> bool:
    rate, p_value = row["win_rate"], row["p_holm"]
    if rate["low"] is None or p_value is None:
        return False
    apart = rate["low"] > 0.5 or rate["high"] < 0.5
    return bool(apart and p_value <= 1 - config.confidence)


def _pair_sentence(row: Mapping[str, Any], config: EvaluateConfig) -> str:
    a, b, rate = row["a"], row["b"], row["win_rate"]
    if rate["value"] is None:
        return f"Nobody has judged {a} against {b} yet."
    seen = f"on {row['n']} questions ({row['votes']} votes): {a} {rate['value']:.0%} of them"
    if rate["low"] is not None:
        seen += f" ({config.confidence:.0%} interval {rate['low']:.0%} to {rate['high']:.0%})"
    if row["clear"]:
        better, worse = (a, b) if rate["value"] > 0.5 else (b, a)
        return f"People prefer {better} to {worse} {seen}, ties half."
    return f"People cannot be said to prefer {a} or {b} {seen}, ties half."


def _ratings(
    tasks: Sequence[Task], votes: Sequence[Vote], config: EvaluateConfig, order: Sequence[str]
) -> list[dict[str, Any]]:
    shown = {task.methods[0] for task in tasks}
    found = []
    for method in (name for name in order if name in shown):
        of = list(_by_task([vote for vote in votes if vote.task.methods[0] == method]).values())
        means = [float(np.mean([int(vote.value) for vote in votes])) for votes in of]
        figure = {
            **_mean(means, [votes[0].task.group for votes in of], config, bounds=(1.0, 5.0)),
            "unit": "points",
            "higher_is_better": True,
            "label": "Mean rating",
            "meaning": "how people rate the answers, from 1 (useless) to 5 (as good as it can be)",
        }
        found.append(
            {
                "method": method,
                "mean": figure,
                "counts": _rated(votes, method),
                "sentence": _rating_sentence(method, figure, config),
            }
        )
    return found


def _rated(votes: Sequence[Vote], method: str) -> dict[str, int]:
    seen = Counter(vote.value for vote in votes if vote.task.methods[0] == method)
    return {str(rating): seen[rating] for rating in RATINGS}


def _rating_sentence(method: str, figure: Mapping[str, Any], config: EvaluateConfig) -> str:
    if figure["value"] is None:
        return f"Nobody has rated {method} yet."
    spread = (
        ""
        if figure["low"] is None
        else f" ({config.confidence:.0%} interval {figure['low']:.2f} to {figure['high']:.2f})"
    )
    return f"{method} is rated {figure['value']:.2f} of 5{spread} on {figure['n']} questions."


def _rating_pairs(
    ratings: Sequence[Mapping[str, Any]], votes: Sequence[Vote], config: EvaluateConfig
) -> list[dict[str, Any]]:
    """Any two methods' ratings on the same questions, tested with Holm over all pairs."""
    rated: dict[str, dict[str, list[Vote]]] = {str(row["method"]): {} for row in ratings}
    for vote in votes:
        of = rated.get(vote.task.methods[0])
        if of is not None:
            of.setdefault(vote.task.id, []).append(vote)
    found = [
        _rating_pair(a, b, rated[a], rated[b], config) for a, b in itertools.combinations(rated, 2)
    ]
    tested = [row for row in found if row["p_value"] is not None]
    for row, p_holm in zip(tested, holm([row["p_value"] for row in tested]), strict=True):
        row["p_holm"] = p_holm
    for row in found:
        apart = row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
        row["clear"] = bool(
            apart and row["p_holm"] is not None and row["p_holm"] <= 1 - config.confidence
        )
        row["sentence"] = _rating_pair_sentence(row, config)
    return found


def _rating_pair(
    a: str,
    b: str,
    of_a: Mapping[str, Sequence[Vote]],
    of_b: Mapping[str, Sequence[Vote]],
    config: EvaluateConfig,
) -> dict[str, Any]:
    shared = [question for question in of_a if question in of_b]
    means = [[float(np.mean([int(v.value) for v in of[q]])) for of in (of_a, of_b)] for q in shared]
    groups = [of_a[question][0].task.group for question in shared]
    out: dict[str, Any] = {
        "a": a, "b": b, "n": len(shared), "groups": 0, "difference": None, "low": None,
        "high": None, "p_value": None, "p_holm": None,
    }  # fmt: skip
    if not shared:
        return out
    stats = group_sums(np.array([[*pair, 1.0] for pair in means]), groups)
    tested = paired(
        stats[:, [0, 2]], stats[:, [1, 2]], _mean_figure, confidence=config.confidence,
        resamples=config.resamples, seed=config.seed, bounds=(-4.0, 4.0),
    )  # fmt: skip
    out |= {"groups": tested.groups, "difference": tested.difference, "p_value": tested.p_value}
    if tested.groups >= config.min_rows:
        out |= {"low": tested.low, "high": tested.high}
    return out


def _rating_pair_sentence(row: Mapping[str, Any], config: EvaluateConfig) -> str:
    a, b, n = row["a"], row["b"], row["n"]
    if row["difference"] is None:
        return f"Nobody has rated {a} and {b} on the same question yet."
    seen = f"by {abs(row['difference']):.2f}"
    if row["low"] is not None:
        ends = sorted((row["low"], row["high"]))
        if row["difference"] < 0:
            ends = [-ends[1], -ends[0]]
        seen += f" ({config.confidence:.0%} interval {ends[0]:.2f} to {ends[1]:.2f})"
    first, second = (a, b) if row["difference"] >= 0 else (b, a)
    how = "is rated higher than" if row["clear"] else "cannot be said to be rated higher than"
    return f"{first} {how} {second}, {seen}, on {n} questions that both were rated on."


def _mean_figure(sums: FloatArray) -> FloatArray:
    return sums[..., 0] / sums[..., 1]


def _mean(
    values: Sequence[float],
    groups: Sequence[Hashable | None],
    config: EvaluateConfig,
    *,
    bounds: tuple[float, float],
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "value": None, "low": None, "high": None, "n": len(values), "groups": 0, "unscored": 0,
    }  # fmt: skip
    if not values:
        return {**out, "note": "Nothing was answered."}
    stats = group_sums(np.array([[value, 1.0] for value in values]), groups)
    out |= {"value": float(np.mean(values)), "groups": len(stats)}
    if len(stats) < config.min_rows:
        note = f"{len(stats)} independent questions are too few for an interval"
        return {**out, "note": f"{note}: {config.min_rows} are needed."}
    found = interval(
        stats, _mean_figure, confidence=config.confidence, resamples=config.resamples,
        seed=config.seed, bounds=bounds,
    )  # fmt: skip
    if found is None:
        return {**out, "note": "All questions have the same value, which tells no interval."}
    return {**out, "low": found.low, "high": found.high}


def _code(vote: Vote) -> int:
    """A vote as a category: which of the pair's methods (in the order of their names) won."""
    if vote.task.kind == "rating":
        return int(vote.value) - 1
    return 2 if vote.winner is None else sorted(vote.task.methods).index(vote.winner)


def _agreement(votes: Sequence[Vote], kind: Kind, config: EvaluateConfig) -> dict[str, Any]:
    """Krippendorff's alpha over tasks that several have judged, and kappa for each two raters."""
    shared = [of for of in _by_task(votes).values() if len(of) > 1]
    tables = [coincidences([_code(vote) for vote in of], _SIZE[kind]) for of in shared]
    groups = [of[0].task.group or of[0].task.id for of in shared]
    settings: dict[str, Any] = {
        "confidence": config.confidence, "resamples": config.resamples, "seed": config.seed,
    }  # fmt: skip
    value, found = with_interval(tables, groups, _LEVEL[kind], kind="alpha", **settings)
    enough = len(set(groups)) >= config.min_rows and found is not None
    out: dict[str, Any] = {
        "name": "Krippendorff's alpha",
        "level": _LEVEL[kind],
        "value": value,
        "low": found.low if enough and found is not None else None,
        "high": found.high if enough and found is not None else None,
        "n": len(shared),
        "groups": len(set(groups)),
        "kappa": _kappas(shared, kind, settings, least=config.min_rows),
    }
    if value is None:
        out["note"] = (
            "All gave the same answer to everything, so agreement by chance cannot be told apart."
            if shared
            else "No task was judged by two raters (--overlap)."
        )
    elif not enough:
        out["note"] = f"An interval needs {config.min_rows} questions that several have judged."
    return {**out, "sentence": _agreement_sentence(out)}


def _agreement_sentence(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return str(found["note"])
    word = next((word for least, word in _WORDS if found["value"] >= least), "slight, if any")
    spread = "" if found["low"] is None else f", {found['low']:.2f} to {found['high']:.2f}"
    return (
        f"Raters' agreement is {word}: Krippendorff's alpha {found['value']:.2f}{spread}, on "
        f"{found['n']} tasks that several have judged."
    )


def _kappas(
    shared: Sequence[Sequence[Vote]], kind: Kind, settings: Mapping[str, Any], *, least: int
) -> list[dict[str, Any]]:
    of: dict[tuple[str, str], list[tuple[Vote, Vote]]] = defaultdict(list)
    for votes in shared:
        ordered = sorted(votes, key=lambda vote: vote.rater)
        for first, second in itertools.combinations(ordered, 2):
            of[first.rater, second.rater].append((first, second))
    out = []
    for raters, both in sorted(of.items()):
        tables, groups = [], []
        for first, second in both:
            table = np.zeros((_SIZE[kind], _SIZE[kind]))
            table[_code(first), _code(second)] = 1
            tables.append(table)
            groups.append(first.task.group or first.task.id)
        value, found = with_interval(tables, groups, _LEVEL[kind], kind="kappa", **settings)
        sure = found is not None and len(set(groups)) >= least
        out.append(
            {
                "raters": list(raters),
                "name": "Cohen's kappa",
                "value": value,
                "low": found.low if sure and found is not None else None,
                "high": found.high if sure and found is not None else None,
                "n": len(both),
            }
        )
    return out


def _sides(votes: Sequence[Vote]) -> dict[str, int]:
    """How often each side won: raters who favour one show here."""
    seen = Counter(vote.value for vote in votes)
    return {side: seen[side] for side in ("left", "right", "tie")}
