"""`judge`: pairs of methods before a judge, and the judge before people: RUN/judge.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.choose_k import by_chance
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.endpoint.price import tokens_price
from tunesmith.evaluate.judge.asking import Used, judge_pairs
from tunesmith.evaluate.judge.calibration import Trust, calibrated
from tunesmith.evaluate.judge.config import EndpointJudge, JudgeConfig
from tunesmith.evaluate.judge.human import read_verdicts
from tunesmith.evaluate.judge.prompt import Pair
from tunesmith.evaluate.judge.verdicts import concluded, verdicts_on
from tunesmith.evaluate.runner_up import runner_up
from tunesmith.progress import Progress

Predictions = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows of predictions.jsonl by method name."""


def judge(
    config: JudgeConfig,
    predictions: Predictions,
    pairs: Sequence[tuple[str, str]],
    *,
    out: Path,
    base: Path,
    evaluation: EvaluateConfig,
    min_rows: int,
    progress: Progress,
) -> dict[str, Any]:
    """Let a model judge pairs of methods.

    Args:
        config: Who judges, and how.
        predictions: What the methods answered.
        pairs: The methods to compare, where the settings name none.
        out: The run folder; replies lie in `judge/` and are not asked for again.
        base: The folder that paths of the recipe start from.
        evaluation: Confidence, resamples, seed, rows that an interval needs.
        min_rows: Independent rows below which nothing is clear.
        progress: Where to say how far it is.

    Returns:
        The content of judge.json: `model`, `by`, `votes`, `temperature`, `reference`, `rows`,
        `pairs` (see `verdicts_on` and `concluded`), `calibration` (see `calibrated`, or null),
        `trust`, `used` (`questions`, `seconds`, `tokens_in`, `tokens_out`, `cost`, `currency`,
        `failed`), `sentences`.

    Raises:
        TunesmithError: A pair names a method that was not measured, people's verdicts cannot be
            read, or the judge cannot be asked.
    """
    wanted = list(pairs) if config.pairs is None else list(config.pairs)
    _known(wanted, predictions)
    answers = {name: {str(row["id"]): row for row in rows} for name, rows in predictions.items()}
    used = Used()
    calibration = None
    if config.calibration is not None:
        file = base / Path(config.calibration).expanduser()
        verdicts = read_verdicts(file, answers)
        outcomes = judge_pairs(
            config,
            [verdict.pair for verdict in verdicts],
            out=out / "judge" / "calibration",
            name="calibrate the judge",
            seed=evaluation.seed,
            progress=progress,
            used=used,
        )
        calibration = calibrated(verdicts, outcomes, file=file, config=evaluation)
    trust: Trust = "uncalibrated" if calibration is None else calibration["trust"]
    found = []
    for a, b in wanted:
        both, unanswered = _pairs(answers[a], answers[b], config.rows, seed=evaluation.seed)
        outcomes = judge_pairs(
            config,
            both,
            out=out / "judge" / f"{a}--{b}",
            name=f"judge {a} and {b}",
            seed=evaluation.seed,
            progress=progress,
            used=used,
        )
        groups = [pair.group for pair in both]
        found.append(verdicts_on(a, b, outcomes, groups, unanswered=unanswered, config=evaluation))
    judged = concluded(found, trust=trust, config=evaluation, min_rows=min_rows)
    sentences = [] if calibration is None else [calibration["sentence"]]
    return {
        "model": config.by.label,
        "by": config.by.kind,
        "votes": config.votes,
        "temperature": config.temperature if config.votes > 1 else 0.0,
        "reference": config.reference,
        "rows": config.rows,
        "pairs": judged,
        "calibration": calibration,
        "trust": trust,
        "used": _used(config, used),
        "sentences": sentences + [pair["sentence"] for pair in judged],
    }


def usual_pairs(decision: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The chosen method against the runner-up by the deciding metric, and the base model.

    Args:
        decision: The content of decision.json.

    Returns:
        No pair where no method was chosen: there is nothing that a judge could confirm.
    """
    choice, metric = decision["verdict"]["choice"], decision["metric"]
    if choice is None:
        return []
    next_best = runner_up(decision["comparisons"], choice, metric)
    if next_best is None:
        return []
    bases = [
        str(row["method"])
        for row in decision["table"]
        if row["kind"] == "base" and row["metrics"][metric]["value"] is not None
    ]
    rivals = [next_best, *(name for name in bases if name not in {choice, next_best})]
    return [(choice, rival) for rival in rivals[:2]]


def _known(pairs: Sequence[tuple[str, str]], predictions: Predictions) -> None:
    missing = sorted({name for pair in pairs for name in pair} - set(predictions))
    if missing:
        raise TunesmithError(
            f"the judge is to compare {', '.join(missing)}, which was not measured",
            where="evaluate.judge.pairs",
            todo=f"name methods of the recipe: {', '.join(predictions)}",
        )


def _pairs(
    first: Mapping[str, Mapping[str, Any]],
    second: Mapping[str, Mapping[str, Any]],
    limit: int,
    *,
    seed: int,
) -> tuple[list[Pair], int]:
    """Rows that both have answered, at most `limit`, and how many of those drawn one has not."""
    drawn = by_chance([key for key in first if key in second], limit, seed=seed)
    able = [
        key
        for key in drawn
        if first[key]["prediction"] is not None and second[key]["prediction"] is not None
    ]
    pairs = [
        Pair(
            key,
            first[key]["question"],
            first[key]["prediction"],
            second[key]["prediction"],
            reference=first[key]["reference"],
            group=first[key].get("group"),
        )
        for key in able
    ]
    return pairs, len(drawn) - len(able)


def _used(config: JudgeConfig, used: Used) -> dict[str, Any]:
    out: dict[str, Any] = {
        "questions": used.questions,
        "seconds": round(used.seconds, 3),
        "tokens_in": used.tokens_in,
        "tokens_out": used.tokens_out,
        "failed": dict(used.failed),
        "cost": None,
        "currency": None,
    }
    if isinstance(config.by, EndpointJudge) and config.by.priced:
        prices = {
            "input_per_million": config.by.input_per_million,
            "output_per_million": config.by.output_per_million,
        }
        out["cost"] = tokens_price(prices, used.tokens_in, used.tokens_out)
        out["currency"] = config.by.currency
    return out
