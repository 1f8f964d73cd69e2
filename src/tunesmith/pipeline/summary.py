"""What a run writes about itself: `run.json`, and the record for MLflow."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tunesmith
from tunesmith import figures, track
from tunesmith.io import write_json
from tunesmith.pipeline.state import Run


def finish(work: Run) -> None:
    """Write `run.json`."""
    write_json(work.out / "run.json", summary(work))


def summary(work: Run) -> dict[str, Any]:
    """The content of `run.json`."""
    recipe, data = work.loaded.recipe, work.prepared
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


def record(work: Run) -> None:
    """Record the run for MLflow, where the recipe asks for it and the extra is installed."""
    if not work.loaded.recipe.track.enabled:
        return
    if not track.available():
        work.progress.say("not recorded in MLflow: the extra 'track' is not installed")
        return
    work.mlflow_run = work.timed(
        "track",
        lambda: track.track(
            work.loaded.recipe,
            work.out,
            run=summary(work),
            scorecards=work.scorecards,
            decision=work.decision,
        ),
    )
    finish(work)
