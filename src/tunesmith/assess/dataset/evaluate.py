"""The documents' evaluation framework in one call: intrinsic, extrinsic, quality and bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.bias import bias
from tunesmith.assess.dataset.collected import collected_rows
from tunesmith.assess.dataset.intrinsic import intrinsic
from tunesmith.assess.dataset.quality import quality
from tunesmith.assess.dataset.rows import read_rows
from tunesmith.assess.dataset.verdicts import read_verdicts
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.store.versions import versions

NAME = "evaluation.json"
_VERSION = 1  # bump when a figure changes its meaning


def evaluate_dataset(
    data: Path | pl.DataFrame,
    *,
    config: AssessConfig | None = None,
    removed: pl.DataFrame | None = None,
    verdicts: Mapping[str, bool] | None = None,
) -> dict[str, Any]:
    """Every figure of a dataset, and with a model those of its methods (document B, 6).

    Args:
        data: A run folder, or a frame: of records (with `question` and `answer`, or `text`), or a
            table of any columns, of which completeness and consistency can be said.
        config: How figures are estimated.
        removed: Every row that was collected, with a column `kept`, for the selection bias; a run
            folder has it.
        verdicts: By row id, whether people found the row right: accuracy is then measured.

    Returns:
        The content of evaluation.json: `intrinsic`, `extrinsic` (by method and metric; empty
        without a model), `quality` with its `composite`, `bias`, `sentences`, `dataset`. Figures
        are shaped as in metrics.json.

    Raises:
        TunesmithError: The folder has no dataset, or there is no row.
    """
    config = config or AssessConfig()
    rows = read_rows(data, sample_rows=config.sample_rows, seed=config.seed)
    if removed is None and isinstance(data, Path):
        removed = collected_rows(data)
    alone = intrinsic(rows, config)
    biased = bias(rows, config, removed)
    made = quality(rows, config, intrinsic=alone, bias_score=biased["score"], verdicts=verdicts)
    return {
        "dataset": {"rows": rows.height, "tabular": rows.tabular},
        "intrinsic": alone,
        "extrinsic": extrinsic(data) if isinstance(data, Path) else {},
        "quality": made,
        "bias": biased,
        "sentences": sentences(made, biased),
    }


def extrinsic(out: Path, methods: Sequence[str] | None = None) -> dict[str, Any]:
    """The figures of methods that were measured in a run folder, by method and metric.

    Args:
        out: The run folder.
        methods: Which; None: those that run.json names. Folders of others are of earlier recipes.
    """
    if methods is None:
        run = out / "run.json"
        methods = read_json(run).get("methods", []) if run.exists() else []
    files = [(name, out / "methods" / name / "metrics.json") for name in methods]
    return {name: read_json(file)["metrics"] for name, file in files if file.exists()}


def write_evaluation(
    out: Path,
    *,
    config: AssessConfig | None = None,
    base: Path = Path(),
    methods: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Write a run folder's evaluation.json, and return it.

    What was found of the same dataset with the same settings is taken from the file that is there;
    the figures of methods are always read again.

    Args:
        out: The run folder.
        config: How figures are estimated, and the file of verdicts.
        base: The folder that the path of the verdicts starts from.
        methods: The methods of the run; None: those that run.json names.

    Raises:
        TunesmithError: The folder has no dataset, or the verdicts cannot be read.
    """
    config = config or AssessConfig()
    verdicts = None if config.verdicts is None else read_verdicts(base / config.verdicts)
    known = versions(out / "dataset")
    identity = fingerprint(
        {
            "version": _VERSION,
            "dataset": known[-1].fingerprint if known else None,
            "counts": known[-1].lineage.get("counts") if known else None,
            "config": config.model_dump(mode="json", exclude={"verdicts"}),
            "verdicts": verdicts,
        }
    )
    file = out / NAME
    found = read_json(file) if file.exists() else {}
    if found.get("fingerprint") == identity:
        found = {**found, "extrinsic": extrinsic(out, methods)}
    else:
        found = evaluate_dataset(out, config=config, verdicts=verdicts)
        found |= {"fingerprint": identity, "extrinsic": extrinsic(out, methods)}
    write_json(file, found)
    return dict(found)


def sentences(made: Mapping[str, Any], biased: Mapping[str, Any]) -> list[str]:
    """What was found, the score first."""
    value = made["composite"]["value"]
    said = []
    if value is not None:
        said.append(f"The dataset's quality is {value:.2f} of 1. {made['composite']['note']}")
    complete = made["completeness"]
    if complete.get("absent"):
        said.append(f"No row has: {', '.join(complete['absent'])}.")
    if made["accuracy"] is not None and made["accuracy"].get("note"):
        said.append(made["accuracy"]["note"])
    for kind in ("demographic", "temporal", "selection", "confirmation"):
        said += biased[kind]["findings"]
    return said
