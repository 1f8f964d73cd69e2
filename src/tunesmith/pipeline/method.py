"""One method of a run: trained where it is trained, asked the test rows, and measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tunesmith import audits
from tunesmith.decide.config import DecideConfig
from tunesmith.evaluate import scorecard as cards
from tunesmith.evaluate.choose_k import Chosen, choose_k
from tunesmith.evaluate.generate import Generation, generate
from tunesmith.evaluate.likeness import embedding_model, likened
from tunesmith.evaluate.performance.measure import measured
from tunesmith.io import write_json
from tunesmith.models import BaseModel, resolve
from tunesmith.pipeline.state import Run
from tunesmith.prepare.training import training_rows
from tunesmith.prompting import EndpointConfig
from tunesmith.prompting.endpoint import shows_examples
from tunesmith.split import KNOWLEDGE
from tunesmith.tune import Method, Price, TrainedConfig, start_from, tune, tuned
from tunesmith.tune.methods import trained_method


@dataclass(frozen=True)
class Candidate:
    """A method of a run, ready to be asked."""

    name: str
    method: Method
    folder: Path
    model: BaseModel
    """The model that it answers with, or was trained on."""
    training: dict[str, Any] | None
    """What training took; None for a method that is not trained."""

    @property
    def weights(self) -> Path | None:
        """What its training has left."""
        return None if self.training is None else tuned(self.folder)

    @property
    def as_trained(self) -> Method:
        """The method with the settings that a search found for it."""
        if self.training is None or self.training.get("search") is None:
            return self.method
        return trained_method.validate_python(self.training["settings"])


def add_method(work: Run, name: str, method: Method, base: BaseModel) -> None:
    """Train a method if it is trained, and where the run goes so far, measure it."""
    found = _train(work, name, method, base)
    write_json(found.folder / "lineage.json", _lineage(work, found))
    if not work.reaches("evaluate"):
        return
    _measure(work, found)
    work.models[name] = found.model
    if found.training is not None:
        _forget(work, found, base)


def _train(work: Run, name: str, method: Method, base: BaseModel) -> Candidate:
    recipe, folder = work.loaded.recipe, work.out / "methods" / name
    if not isinstance(method, TrainedConfig):
        return Candidate(name, method, folder, base, None)
    model = _start(work, base, method)
    rows = training_rows(work.prepared, method.format, loaded=work.loaded, progress=work.progress)
    training = work.timed(
        f"train {name}",
        lambda: tune(
            method,
            train=rows.train,
            validation=rows.validation,
            model=model,
            out=folder,
            prompt=recipe.prompt,
            seed=recipe.seed,
            launch=recipe.launch,
            price=_price(recipe.decide),
            progress=work.progress,
        ),
    )
    return Candidate(name, method, folder, model, training)


def _start(work: Run, base: BaseModel, method: TrainedConfig) -> BaseModel:
    """The model that a method is trained on: the base model, or what another has made of it."""
    if method.after is None:
        return base
    before = work.loaded.recipe.methods[method.after]
    if not isinstance(before, TrainedConfig):
        raise AssertionError("the recipe was checked for what a method can start from")
    stands_on = _start(work, base, before)
    return work.timed(
        f"start from {method.after}",
        lambda: start_from(stands_on, work.out / "methods" / str(method.after)),
    )


def _price(settings: DecideConfig) -> Price | None:
    """What an hour of the machine costs, where the recipe says so: the default is a guess."""
    if "machine_hour" not in settings.model_fields_set:
        return None
    return Price(settings.machine_hour, settings.currency)


def _lineage(work: Run, found: Candidate) -> dict[str, Any]:
    version, method = work.prepared.version, found.method
    model: dict[str, Any] = {
        "name": Path(found.model.name).name,
        "fingerprint": found.model.fingerprint,
    }
    if isinstance(method, EndpointConfig):
        model = {"name": method.model, "fingerprint": None}
    return {
        "dataset": {"version": version.number, "fingerprint": version.fingerprint},
        "model": model,
        "learned_from": sorted(_learned_from(work.loaded.recipe.methods, method)),
        "shown_examples_from": "train" if shows_examples(method) else None,
    }


def _learned_from(methods: Mapping[str, Method], method: Method) -> set[str]:
    """The splits that a method has learned from, and those it starts from; `preferences` is none.

    Of `knowledge` some pages are only measured: whoever asks which models saw a page hears of all.
    """
    if not isinstance(method, TrainedConfig):
        return set()
    own = {"completion": KNOWLEDGE, "preference": "preferences"}.get(method.format.kind, "train")
    before = set() if method.after is None else _learned_from(methods, methods[method.after])
    return {own} | before


def _measure(work: Run, found: Candidate) -> None:
    """Answer the test rows, time it, and make the scorecard."""
    recipe = work.loaded.recipe
    chosen = choose_k(
        found.method,
        validation=work.prepared.examples("validation"),
        train=work.prepared.examples("train"),
        model=found.model,
        out=found.folder,
        metric=recipe.decide.metric,
        evaluation=recipe.evaluate,
        prompt=recipe.prompt,
        progress=work.progress,
        liken=partial(_likened, work),
    )
    answered = work.timed(f"answer {found.name}", lambda: _answer(work, found, chosen))
    work.timed(f"time {found.name}", lambda: _time(work, found, chosen, answered))
    predictions = _likened(work, answered.predictions, found.folder)
    card = cards.scorecard(
        cards.Method(
            name=found.name,
            kind=found.method.kind,
            label=chosen.label or found.as_trained.label,
        ),
        predictions,
        config=recipe.evaluate,
        training=found.training,
        generation=answered.stats | chosen.stats,
    )
    write_json(found.folder / "metrics.json", card)
    work.scorecards.append(card)
    work.predictions[found.name] = predictions


def _answer(work: Run, found: Candidate, chosen: Chosen) -> Generation:
    recipe = work.loaded.recipe
    return generate(
        chosen.method,
        work.test_rows(),
        model=found.model,
        out=found.folder,
        weights=found.weights,
        train=work.prepared.examples("train"),
        prompt=recipe.prompt,
        batch_size=recipe.evaluate.batch_size,
        max_new_tokens=recipe.evaluate.max_new_tokens,
        latency_rows=recipe.evaluate.latency_rows,
        progress=work.progress,
    )


def _time(work: Run, found: Candidate, chosen: Chosen, answered: Generation) -> None:
    recipe = work.loaded.recipe
    measured(
        chosen.method,
        work.test_rows(),
        config=recipe.evaluate,
        answered=answered,
        model=found.model,
        out=found.folder,
        weights=found.weights,
        train=work.prepared.examples("train"),
        prompt=recipe.prompt,
        progress=work.progress,
    )


def _likened(work: Run, predictions: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The rows with the figures of `evaluate.embedding`, where the recipe asks for them."""
    recipe = work.loaded.recipe
    if (config := recipe.evaluate.embedding) is None:
        return predictions
    return work.timed(
        f"compare {folder.name} by embeddings",
        lambda: likened(
            predictions,
            model=embedding_model(config, base=resolve(recipe.model), folder=work.loaded.base),
            config=config,
            out=folder,
            progress=work.progress,
        ),
    )


def _forget(work: Run, found: Candidate, untrained: BaseModel) -> None:
    """Measure what a training has cost outside the domain."""
    config = work.loaded.recipe.evaluate.forgetting
    forgotten = work.timed(
        f"forgetting {found.name}",
        lambda: audits.measure_forgetting(
            work.loaded,
            work.out,
            found.name,
            model=found.model,
            untrained=untrained,
            progress=work.progress,
        ),
    )
    if forgotten is None or config is None:
        return
    work.forgotten.append(forgotten)
    if config.gate:
        work.failed_gates += audits.forgetting_failures([forgotten])
