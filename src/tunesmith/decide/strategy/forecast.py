"""What a training of the next phase will take: as it did before in this project, or predicted.

Nothing is trained or loaded for it. Where a method was trained in the project, its seconds and peak
stand. Full fine-tuning that was not is predicted from LoRA's record on the same rows:

* time: at most half as much again. Of a step of a frozen layer, the forward pass and the gradient
  of its inputs are computed, two products of the weights' size; a layer that learns also needs the
  gradient of its weights, the third (Kaplan et al. 2020, arXiv:2001.08361, section 2.1).
* memory: LoRA's parts without what it learns, and for each weight what `tune.memory` counts: a
  float32 copy, two moments of AdamW and the gradient in the computing format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tunesmith.decide.approach_table import training_seconds
from tunesmith.decide.strategy.evidence import Folder
from tunesmith.decide.strategy.gate import View

Basis = Literal["measured", "predicted", "unknown"]

FULL_OVER_LORA = 1.5
"""Three products a layer against two."""
_COPY, _MOMENTS, _MIB = 4, 8, 2**20
_LEARNED = ("masters", "optimizer", "gradients")
_BYTES = {"float32": 4}


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a training takes."""

    seconds: float | None
    memory_mib: float | None
    room_mib: float | None
    """The memory that was free when a training of this project began."""
    basis: Basis
    sentence: str
    path: str | None = None
    """The file that it rests on, as seen from the current run folder."""


def training_forecast(view: View, kind: str) -> Forecast:
    """The seconds (a search for settings included) and the peak memory of one training.

    Args:
        view: The project.
        kind: `lora` or `full`.
    """
    found = _record(view, kind)
    if found is not None:
        folder, name, training = found
        path = view.project.path(folder, f"methods/{name}/training.json")
        return Forecast(
            seconds=training_seconds({"training": training}),
            memory_mib=training.get("peak_memory_mib"),
            room_mib=(training.get("predicted_memory") or {}).get("room_mib"),
            basis="measured",
            sentence=f"measured: “{name}” was trained in this project",
            path=path,
        )
    other = _record(view, "lora" if kind == "full" else "full")
    if other is None:
        return Forecast(
            seconds=None, memory_mib=None, room_mib=None, basis="unknown",
            sentence="not known: nothing of this kind was trained in this project; a training says "
            "what it will take before it starts (tunesmith tune)",
        )  # fmt: skip
    folder, name, training = other
    seconds = training_seconds({"training": training}) or 0.0
    memory = training.get("predicted_memory") or {}
    path = view.project.path(folder, f"methods/{name}/training.json")
    return Forecast(
        seconds=seconds * (FULL_OVER_LORA if kind == "full" else 1.0),
        memory_mib=full_memory_mib(training) if kind == "full" else memory.get("peak_mib"),
        room_mib=memory.get("room_mib"),
        basis="predicted",
        sentence=f"predicted, at most: from the training of “{name}” on the same rows",
        path=path,
    )


def full_memory_mib(training: Mapping[str, Any]) -> float | None:
    """The peak (MiB) of full fine-tuning on the rows of a LoRA training; None if none was told.

    Args:
        training: The `training` of a LoRA's metrics.json.
    """
    memory = training.get("predicted_memory") or {}
    parts = memory.get("parts_mib")
    if not parts:
        return None
    base = training["total_parameters"] - training["trainable_parameters"]
    width = _BYTES.get(str(training.get("precision")), 2)
    state = base * (_COPY + _MOMENTS + width) / _MIB
    return float(state + sum(mib for name, mib in parts.items() if name not in _LEARNED))


def _record(view: View, kind: str) -> tuple[Folder, str, dict[str, Any]] | None:
    """The newest training of a kind on the same base model."""
    model = view.run.run.get("model")
    for folder in view.project:
        if model is not None and folder.run.get("model") != model:
            continue
        for name, training in folder.trainings.items():
            if (training.get("settings") or {}).get("kind") == kind and "seconds" in training:
                return folder, name, training
    return None
