"""The main job: from raw files to a verdict and one report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import tunesmith
from tunesmith import audits, figures, track
from tunesmith.audits import AuditRequest
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.errors import TunesmithError
from tunesmith.evaluate import scorecard as cards
from tunesmith.evaluate.generate import generate
from tunesmith.io import write_json, write_text
from tunesmith.models import BaseModel, resolve
from tunesmith.prepare import Prepared, prepare
from tunesmith.prepare.training import training_rows
from tunesmith.progress import Progress, SilentProgress
from tunesmith.prompting import Example
from tunesmith.recipe import LoadedRecipe, check
from tunesmith.report import build_report
from tunesmith.split import KNOWLEDGE
from tunesmith.store.lock import run_lock
from tunesmith.store.seen import Seen
from tunesmith.tune import Method, Price, TrainedConfig, start_from, tune, tuned
from tunesmith.tune.methods import trained_method
from tunesmith.tune.methods.order import in_order

#: How far a run goes. Every stage takes what earlier runs left in the folder.
Until = Literal["prepare", "tune", "evaluate", "decide", "report"]
_ORDER: tuple[Until, ...] = get_args(Until)


@dataclass
class Run:
    """A run as far as it has come."""

    loaded: LoadedRecipe
    out: Path
    progress: Progress
    started: datetime
    data: Prepared | None = None
    scorecards: list[dict[str, Any]] = field(default_factory=list)
    predictions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    decision: dict[str, Any] | None = None
    models: dict[str, BaseModel] = field(default_factory=dict)
    audits: list[dict[str, Any]] = field(default_factory=list)
    forgotten: list[dict[str, Any]] = field(default_factory=list)
    failed_gates: list[str] = field(default_factory=list)
    timings_s: dict[str, float] = field(default_factory=dict)
    mlflow_run: str | None = None

    def timed(self, name: str, work: Callable[[], Any]) -> Any:
        """Do a piece of work and keep its seconds."""
        started = time.perf_counter()
        done = work()
        self.timings_s[name] = self.timings_s.get(name, 0.0) + time.perf_counter() - started
        return done


def run(
    loaded: LoadedRecipe,
    out: Path,
    *,
    until: Until = "report",
    audit: AuditRequest | None = None,
    progress: Progress | None = None,
) -> Run:
    """Do what the recipe asks for, as far as `until`.

    Args:
        loaded: The recipe.
        out: The run folder. What it holds of an earlier run, killed or finished, is used again
            where nothing has changed.
        until: The last stage.
        audit: Methods to audit, whatever the recipe says, once they are measured.
        progress: Where to say how far it is.

    Returns:
        The run. `failed_gates` says which gates it was held to and did not meet.

    Raises:
        TunesmithError: Something expected went wrong; the message says what to do.
    """
    if audit is not None:
        audits.check_request(audit, loaded)
    with run_lock(out):
        work = Run(loaded, out, progress or SilentProgress(), datetime.now(UTC))
        seen = Seen(out / "work" / "sound.json")
        check(loaded, seen=seen)
        seen.close()
        write_text(out / "recipe.yaml", loaded.as_run())
        data = work.data = prepare(loaded, out, work.progress)
        write_json(out / "quality.json", figures.quality_figures(data))
        if _reaches(until, "tune"):
            base = work.timed("find the base model", lambda: resolve(loaded.recipe.model))
            for name, method in in_order(loaded.recipe.methods).items():
                _method(work, data, base, name, method, evaluate=_reaches(until, "evaluate"))
            if _reaches(until, "evaluate"):
                _audit(work, data, base, audit)
        if _reaches(until, "decide") and work.scorecards:
            work.decision = decide(
                work.scorecards,
                work.predictions,
                loaded.recipe.decide,
                evaluation=loaded.recipe.evaluate,
            )
            write_json(out / "decision.json", work.decision)
        _finish(work, data)
        if _reaches(until, "report"):
            if loaded.recipe.track.enabled and track.available():
                work.mlflow_run = work.timed("track", lambda: _track(work, data))
                _finish(work, data)
            elif loaded.recipe.track.enabled:
                work.progress.say("not recorded in MLflow: the extra 'track' is not installed")
            work.timed("report", lambda: build_report(out))
        return work


def _reaches(until: Until, stage: Until) -> bool:
    return _ORDER.index(until) >= _ORDER.index(stage)


def _method(
    work: Run, data: Prepared, base: BaseModel, name: str, method: Method, *, evaluate: bool
) -> None:
    """Train a method if it is trained, and measure it on the test rows."""
    recipe, folder = work.loaded.recipe, work.out / "methods" / name
    train, training, untrained = data.examples("train"), None, base
    if isinstance(method, TrainedConfig):
        base = _start(work, base, method)
        rows = training_rows(data, method.format, loaded=work.loaded, progress=work.progress)
        training = work.timed(
            f"train {name}",
            lambda: tune(
                method,
                train=rows.train,
                validation=rows.validation,
                model=base,
                out=folder,
                prompt=recipe.prompt,
                seed=recipe.seed,
                launch=recipe.launch,
                price=_price(recipe.decide),
                progress=work.progress,
            ),
        )
    write_json(
        folder / "lineage.json",
        {
            "dataset": {"version": data.version.number, "fingerprint": data.version.fingerprint},
            "model": {"name": Path(base.name).name, "fingerprint": base.fingerprint},
            "learned_from": sorted(_learned_from(recipe.methods, method)),
            "shown_examples_from": "train" if method.kind == "few_shot" else None,
        },
    )
    if not evaluate:
        return
    asked = test_rows(data, recipe.evaluate.test_rows, seed=recipe.evaluate.seed)
    answered = work.timed(
        f"answer {name}",
        lambda: generate(
            method,
            asked,
            model=base,
            out=folder,
            weights=tuned(folder) if training is not None else None,
            train=train,
            prompt=recipe.prompt,
            batch_size=recipe.evaluate.batch_size,
            max_new_tokens=recipe.evaluate.max_new_tokens,
            latency_rows=recipe.evaluate.latency_rows,
            progress=work.progress,
        ),
    )
    card = cards.scorecard(
        cards.Method(name=name, kind=method.kind, label=_as_trained(method, training).label),
        answered.predictions,
        config=recipe.evaluate,
        training=training,
        generation=answered.stats,
    )
    write_json(folder / "metrics.json", card)
    work.scorecards.append(card)
    work.predictions[name] = answered.predictions
    work.models[name] = base
    if training is not None:
        _forget(work, name, base, untrained)


def _forget(work: Run, name: str, model: BaseModel, untrained: BaseModel) -> None:
    """Measure what a training has cost outside the domain."""
    found = work.timed(
        f"forgetting {name}",
        lambda: audits.measure_forgetting(
            work.loaded, work.out, name, model=model, untrained=untrained, progress=work.progress
        ),
    )
    config = work.loaded.recipe.evaluate.forgetting
    if found is not None and config is not None:
        work.forgotten.append(found)
        if config.gate:
            work.failed_gates += audits.forgetting_failures([found])


def _audit(work: Run, data: Prepared, base: BaseModel, request: AuditRequest | None) -> None:
    """Ask the methods the questions of the suites, where the recipe or the caller wants it."""
    config = work.loaded.recipe.evaluate.audit
    if request is None and config is None:
        return
    work.audits = work.timed(
        "audit",
        lambda: audits.audit_methods(
            work.loaded,
            data,
            work.out,
            models=work.models,
            untrained=base,
            request=request or AuditRequest(),
            progress=work.progress,
        ),
    )
    if request is not None or (config is not None and config.gate):
        work.failed_gates += audits.audit_failures(work.audits)


def _learned_from(methods: Mapping[str, Method], method: Method) -> set[str]:
    """The splits that a method has learned from, and those it starts from; `preferences` is none.

    Of `knowledge` some pages are only measured: whoever asks which models saw a page hears of all.
    """
    if not isinstance(method, TrainedConfig):
        return set()
    own = {"completion": KNOWLEDGE, "preference": "preferences"}.get(method.format.kind, "train")
    before = set() if method.after is None else _learned_from(methods, methods[method.after])
    return {own} | before


def _start(work: Run, base: BaseModel, method: TrainedConfig) -> BaseModel:
    """The model that a method is trained on: the base model, or what another has made of it."""
    if method.after is None:
        return base
    before = work.loaded.recipe.methods[method.after]
    if not isinstance(before, TrainedConfig):
        raise AssertionError("the recipe was checked for what a method can start from")
    stands_on = _start(work, base, before)
    return work.timed(  # type: ignore[no-any-return]
        f"start from {method.after}",
        lambda: start_from(stands_on, work.out / "methods" / str(method.after)),
    )


def _as_trained(method: Method, training: dict[str, Any] | None) -> Method:
    """The method with the settings that a search found for it."""
    if training is None or training.get("search") is None:
        return method
    return trained_method.validate_python(training["settings"])


def _price(settings: DecideConfig) -> Price | None:
    """What an hour of the machine costs, where the recipe says so: the default is a guess."""
    if "machine_hour" not in settings.model_fields_set:
        return None
    return Price(settings.machine_hour, settings.currency)


def test_rows(data: Prepared, limit: int | None, *, seed: int) -> list[Example]:
    """The test split, or `limit` rows of it, drawn by the seed and kept in order.

    Raises:
        TunesmithError: There are no test rows.
    """
    rows = data.examples("test")
    if not rows:
        raise TunesmithError(
            "the test split has no rows, so nothing can be measured",
            todo="give split.test a larger share, or loosen the checks",
        )
    if limit is None or limit >= len(rows):
        return rows
    drawn = sorted(rows, key=lambda row: hashlib.sha256(f"{seed} {row.id}".encode()).digest())
    chosen = {row.id for row in drawn[:limit]}
    return [row for row in rows if row.id in chosen]


def _finish(work: Run, data: Prepared) -> None:
    write_json(work.out / "run.json", summary(work, data))


def summary(work: Run, data: Prepared) -> dict[str, Any]:
    """The content of `run.json`."""
    recipe = work.loaded.recipe
    return {
        "name": work.out.name,
        "recipe_name": recipe.name,
        "status": "done",
        "started_at": work.started.isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tunesmith": tunesmith.__version__,
        "seed": recipe.seed,
        "model": Path(recipe.model).name,
        **figures.data_figures(data),
        "methods": [card["method"] for card in work.scorecards],
        "timings_s": {**data.timings_s, **work.timings_s},
        "peak_memory_mib": figures.peak_memory_mib(),
        "fingerprints": {
            "recipe": recipe.fingerprint(),
            "dataset": data.version.fingerprint,
        },
        "environment": figures.environment(),
        "mlflow_run": work.mlflow_run,
        "recipe": work.loaded.as_run(),
    }


def _track(work: Run, data: Prepared) -> str:
    return track.track(
        work.loaded.recipe,
        work.out,
        run=summary(work, data),
        scorecards=work.scorecards,
        decision=work.decision,
    )
