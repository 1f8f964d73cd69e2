"""Cross-validation from top to bottom: every fold's methods are trained and answer its rows.

Each fold has a folder like a run's, RUN/cross_validation/fold-N/methods/NAME, and is worked on by
`tune` and `generate` as a run is, so that a killed cross-validation goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from tunesmith.errors import RecipeError
from tunesmith.evaluate import scorecard as cards
from tunesmith.evaluate.choose_k import choose_k, drawn
from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.folds import Fold
from tunesmith.evaluate.cross_validation.parallel import (
    FoldProgress,
    at_a_time,
    cores,
    gpus,
    places,
    work_on,
)
from tunesmith.evaluate.cross_validation.quality import fold_quality
from tunesmith.evaluate.generate import generate
from tunesmith.evaluate.likeness import Liken, likened
from tunesmith.io import write_json
from tunesmith.models import BaseModel
from tunesmith.progress import Progress
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune import Method, TrainedConfig, start_from, tune, tuned
from tunesmith.tune.launch import LaunchConfig
from tunesmith.tune.methods import trained_method
from tunesmith.tune.methods.order import in_order
from tunesmith.tune.room import room_mib


class Learned(Protocol):
    """What a method learns from, as its format takes it."""

    @property
    def train(self) -> Sequence[Any]:
        """The rows that it learns from."""

    @property
    def validation(self) -> Sequence[Any]:
        """The rows that it watches."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What all folds have in common."""

    methods: Mapping[str, Method]
    """The recipe's methods."""
    chosen: tuple[str, ...]
    """Those that are measured; see `chosen_methods`."""
    rows_of: Callable[[Fold, TrainedConfig, Progress], Learned]
    """What a method learns from in a fold."""
    model: BaseModel
    out: Path
    """RUN/cross_validation."""
    evaluation: EvaluateConfig
    config: CrossValidationConfig
    metric: MetricName
    """Decides, where a number of examples is chosen."""
    prompt: PromptConfig
    seed: int
    launch: LaunchConfig
    reader: BaseModel | None = None
    """Says how alike answers are in meaning, where `evaluation.embedding` is set."""

    def liken(self, progress: Progress) -> Liken:
        """Adds likeness in meaning to answers, where the settings ask for it."""

        def add(predictions: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
            config = self.evaluation.embedding
            if config is None or self.reader is None:
                return predictions
            return likened(
                predictions, model=self.reader, config=config, out=folder, progress=progress
            )

        return add


@dataclass(frozen=True)
class FoldResult:
    """What one fold gave."""

    fold: Fold
    quality: dict[str, Any]
    cards: dict[str, dict[str, Any]]
    """The content of every method's metrics.json."""
    predictions: dict[str, list[dict[str, Any]]]
    """The rows of every method's predictions.jsonl."""
    seconds: float

    @property
    def peak_mib(self) -> float:
        """The most memory that a job of this fold had."""
        told = [card[part] for card in self.cards.values() for part in ("training", "generation")]
        return max((part.get("peak_memory_mib") or 0.0 for part in told if part), default=0.0)


def chosen_methods(config: CrossValidationConfig, methods: Mapping[str, Method]) -> tuple[str, ...]:
    """The methods that are measured, in the recipe's order.

    Raises:
        RecipeError: One is not in the recipe.
    """
    unknown = sorted(set(config.methods or ()) - methods.keys())
    if unknown:
        raise RecipeError(
            [f"there is no method '{name}'; there are {', '.join(methods)}" for name in unknown],
            where="evaluate.cross_validation.methods",
        )
    return tuple(name for name in methods if config.methods is None or name in config.methods)


def run_folds(folds: Sequence[Fold], setup: Setup, progress: Progress) -> list[FoldResult]:
    """Train and measure every method in every fold, in order or several at a time.

    Raises:
        TunesmithError: A method could not be trained, or its rows not answered.
    """
    parallel = setup.config.parallel
    found: list[FoldResult] = []
    rest = list(folds)
    cards_there = gpus()
    while rest:
        count = at_a_time(
            parallel,
            folds=len(rest),
            cards=len(cards_there),
            cores=cores(),
            room_mib=room_mib(),
            peak_mib=max((result.peak_mib for result in found), default=None),
        )
        # What a fold needs is not known before one is done: the first goes alone.
        measured = bool(found) or parallel != "auto" or bool(cards_there)
        these, rest = (rest, []) if measured else (rest[:1], rest[1:])
        found += work_on(
            these,
            lambda fold, alone=count == 1: _fold(fold, setup, progress, alone=alone),  # type: ignore[misc]
            places(count, cards_there, cores()),
        )
    return found


def _fold(fold: Fold, setup: Setup, progress: Progress, *, alone: bool) -> FoldResult:
    """All methods of one fold."""
    told = FoldProgress(progress, f"fold {fold.number}", alone=alone)
    folder = setup.out / f"fold-{fold.number}"
    started = time.perf_counter()
    quality = fold_quality(fold)
    asked = drawn(fold.examples("test"), setup.config.rows_per_fold, seed=setup.evaluation.seed)
    result = FoldResult(fold, quality, {}, {}, 0.0)
    wanted = _with_starts(setup)
    for name, method in in_order(wanted).items():
        base = _start(setup, method, folder)
        training = None
        if isinstance(method, TrainedConfig):
            training = _train(fold, setup, method, base, folder / "methods" / name, told, alone)
        if name in setup.chosen:
            card, predictions = _measure(
                fold, asked, setup, name, base, folder / "methods" / name, training, told
            )
            result.cards[name], result.predictions[name] = card, predictions
    write_json(folder / "fold.json", {"fold": fold.number, "quality": quality})
    return replace(result, seconds=round(time.perf_counter() - started, 3))


def _with_starts(setup: Setup) -> dict[str, Method]:
    """The chosen methods and those that they start after."""
    wanted: dict[str, Method] = {}
    for name in setup.chosen:
        step: str | None = name
        while step is not None:
            method = wanted[step] = setup.methods[step]
            step = method.after if isinstance(method, TrainedConfig) else None
    return wanted


def _start(setup: Setup, method: Method, folder: Path) -> BaseModel:
    """The model that a method is trained on in this fold."""
    if not isinstance(method, TrainedConfig) or method.after is None:
        return setup.model
    stands_on = _start(setup, setup.methods[method.after], folder)
    return start_from(stands_on, folder / "methods" / method.after)


def _train(
    fold: Fold,
    setup: Setup,
    method: Any,
    base: BaseModel,
    out: Path,
    progress: Progress,
    alone: bool,
) -> dict[str, Any]:
    rows = setup.rows_of(fold, method, progress)
    return tune(
        method,
        train=rows.train,
        validation=rows.validation,
        model=base,
        out=out,
        prompt=setup.prompt,
        seed=setup.seed,
        launch=setup.launch if alone else setup.launch.model_copy(update={"devices": 1}),
        progress=progress,
    )


def _measure(
    fold: Fold,
    asked: Sequence[Example],
    setup: Setup,
    name: str,
    base: BaseModel,
    folder: Path,
    training: dict[str, Any] | None,
    progress: Progress,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    method = setup.methods[name]
    k = choose_k(
        method,
        validation=fold.examples("validation"),
        train=fold.examples("train"),
        model=base,
        out=folder,
        metric=setup.metric,
        evaluation=setup.evaluation,
        prompt=setup.prompt,
        progress=progress,
        liken=setup.liken(progress),
    )
    answered = generate(
        k.method,
        asked,
        model=base,
        out=folder,
        weights=tuned(folder) if training is not None else None,
        train=fold.examples("train"),
        prompt=setup.prompt,
        batch_size=setup.evaluation.batch_size,
        max_new_tokens=setup.evaluation.max_new_tokens,
        latency_rows=0,
        progress=progress,
    )
    predictions = setup.liken(progress)(answered.predictions, folder)
    settled = method
    if training is not None and training.get("search") is not None:
        settled = trained_method.validate_python(training["settings"])
    card = cards.scorecard(
        cards.Method(name=name, kind=method.kind, label=k.label or settled.label),
        predictions,
        config=setup.evaluation,
        training=training,
        generation=answered.stats | k.stats,
    )
    write_json(folder / "metrics.json", card)
    return card, predictions
