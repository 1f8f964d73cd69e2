"""MLflow tracking: one run for the recipe, one nested run for each method.

The store is `mlflow.db` (SQLite) beside the run folders, or what `MLFLOW_TRACKING_URI` names.
Only settings, figures and fingerprints are recorded: no text of any row, no path of any file.
"""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path
from typing import Any

from tunesmith.errors import MissingExtraError
from tunesmith.recipe import Recipe

_NEEDS = ("mlflow", "sqlalchemy", "alembic")


def available() -> bool:
    """Whether the extra `track` is installed."""
    return all(importlib.util.find_spec(package) is not None for package in _NEEDS)


def tracking_uri(out: Path) -> str:
    """Where runs are recorded."""
    return (
        os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{out.resolve().parent / 'mlflow.db'}"
    )


def track(
    recipe: Recipe, out: Path, *, run: dict[str, Any], scorecards: list[dict[str, Any]],
    decision: dict[str, Any] | None,
) -> str:  # fmt: skip
    """Record a finished run and return MLflow's identifier of it.

    Raises:
        MissingExtraError: The extra `track` is not installed.
    """
    if not available():
        raise MissingExtraError("mlflow-skinny", "track")
    # MLflow reports its use to its makers unless it is told not to; a run here asks no network.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    import mlflow  # noqa: F401 - registers the stores
    from mlflow.tracking import MlflowClient

    uri = tracking_uri(out)
    client = MlflowClient(tracking_uri=uri)
    experiment = recipe.track.experiment or recipe.name
    known = client.get_experiment_by_name(experiment)
    place = f"{(out.resolve().parent / 'mlartifacts').as_uri()}"
    experiment_id = (
        known.experiment_id
        if known is not None
        else client.create_experiment(experiment, artifact_location=place)
    )
    parent = client.create_run(experiment_id, run_name=out.name)
    identifier: str = parent.info.run_id
    for name, value in _parameters(recipe, run).items():
        client.log_param(identifier, name, value)
    for name, value in _data_metrics(run).items():
        client.log_metric(identifier, name, value)
    if decision is not None:
        client.set_tag(identifier, "tunesmith.verdict", decision["verdict"]["kind"])
        client.set_tag(identifier, "tunesmith.choice", str(decision["verdict"]["choice"]))
    _log_dataset(client, identifier, run)
    for scorecard in scorecards:
        _log_method(client, experiment_id, identifier, recipe, scorecard)
    client.set_terminated(identifier)
    return identifier


def _parameters(recipe: Recipe, run: dict[str, Any]) -> dict[str, Any]:
    return {
        "seed": recipe.seed,
        "model": Path(recipe.model).name,
        "recipe": recipe.fingerprint(),
        "dataset.version": run["dataset"]["version"],
        "dataset.fingerprint": run["dataset"]["fingerprint"],
        "split.validation": recipe.split.validation,
        "split.test": recipe.split.test,
        "split.by": recipe.split.by,
        "decide.metric": recipe.decide.metric,
        "tunesmith": run["tunesmith"],
    }


def _data_metrics(run: dict[str, Any]) -> dict[str, float]:
    metrics = {f"rows.{name}": float(rows) for name, rows in run["counts"].items()}
    metrics |= {f"rows.{name}": float(rows) for name, rows in run["splits"].items()}
    return metrics


def _log_dataset(client: Any, identifier: str, run: dict[str, Any]) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = run["dataset"]
    client.log_inputs(
        identifier,
        datasets=[
            DatasetInput(
                dataset=Dataset(
                    name=f"{run['name']}-v{dataset['version']}",
                    digest=dataset["fingerprint"],
                    source_type="delta",
                    source=f"{run['name']}/dataset",
                ),
                tags=[InputTag(key="mlflow.data.context", value="training")],
            )
        ],
    )


#: Curves by the names that MLflow shows; `stopped` is the share of answers that end by themselves.
_TRAIN = {
    "loss": "train.loss",
    "learning_rate": "train.learning_rate",
    "gradient": "train.gradient",
}
_VALIDATION = {
    "loss": "validation.loss",
    "token_f1": "validation.token_f1",
    "stopped": "validation.stopped",
}
_MLFLOW_BATCH = 1000
"""Metrics that MLflow takes in one call."""


def _log_curves(client: Any, identifier: str, training: dict[str, Any]) -> None:
    """Log each curve by step, many points in one call."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [
        Metric(name, float(point[key]), now, int(point["step"]))
        for curve, names in (("curve", _TRAIN), ("validation", _VALIDATION))
        for point in training[curve]
        for key, name in names.items()
        if point.get(key) is not None
    ]
    for start in range(0, len(metrics), _MLFLOW_BATCH):
        client.log_batch(identifier, metrics=metrics[start : start + _MLFLOW_BATCH])


def _log_method(
    client: Any, experiment_id: str, parent: str, recipe: Recipe, scorecard: dict[str, Any]
) -> None:
    name = scorecard["method"]
    run = client.create_run(
        experiment_id,
        run_name=name,
        tags={"mlflow.parentRunId": parent, "tunesmith.kind": scorecard["kind"]},
    )
    identifier = run.info.run_id
    training = scorecard.get("training")
    # what a search found, not what was asked of it
    settings = (training or {}).get("settings") or recipe.methods[name].model_dump(mode="json")
    for field, value in settings.items():
        client.log_param(identifier, field, value)
    for metric, figure in scorecard["metrics"].items():
        for part in ("value", "low", "high"):
            if figure.get(part) is not None:
                suffix = "" if part == "value" else f".{part}"
                client.log_metric(identifier, f"{metric}{suffix}", float(figure[part]))
    if training:
        _log_curves(client, identifier, training)
        for field in (
            "seconds",
            "tokens_per_s",
            "peak_memory_mib",
            "trainable_parameters",
            "steps",
            "kept_step",
        ):
            if training.get(field) is not None:
                client.log_metric(identifier, f"train.{field}", float(training[field]))
    client.set_terminated(identifier)
