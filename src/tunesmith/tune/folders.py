"""Where a method's training leaves what it learned."""

from __future__ import annotations

from pathlib import Path

ADAPTER, MODEL = "adapter", "model"
"""Folders in a method's folder: an adapter beside the base model, or a model of its own."""


QUANTIZATION_FILE = "quantization.json"
"""In an adapter's folder, where it was trained beside quantised weights: `quantize`, and
`precision`, the number format that they were quantised from."""


def tuned(folder: Path) -> Path | None:
    """What was learned in a method's folder, None where it is not trained."""
    return next((folder / name for name in (ADAPTER, MODEL) if (folder / name).is_dir()), None)


def weight_files(tuned: Path) -> list[Path]:
    """The files that hold what was learned."""
    return sorted(tuned.glob("*.safetensors"))
