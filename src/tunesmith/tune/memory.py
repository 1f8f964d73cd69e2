"""The memory that a training will take at its peak, by part, told before it starts.

A training has four moments that can be its peak: loading the model, the beginning of a backward
pass (all activations are there), an optimizer step (all gradients and moments are), and the
validation. Each is added up from the sizes of a `Sketch`; the largest is the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from tunesmith.heads import SCORES
from tunesmith.models import compute_dtype
from tunesmith.tune.methods import LoraConfig, TrainedConfig
from tunesmith.tune.sketch import Sketch, sketch

MIB = 2**20
FLOAT = 4

LIBRARIES_MIB = 65.0
"""What the libraries take in a job after they were imported: parts that are loaded when they are
first used, threads' stacks, compiled kernels, the rows."""
GAPS = 1.0
"""By this share of its activations the heap of a job on the CPU outgrows a step: what is freed
stays in the process (`worker.ALLOCATOR`), and the gaps are not all used. Measured on the default
model: 0.4 with rows of one length, 0.7 to 1.2 with tickets of mixed lengths."""
CACHED = 0.1
"""By this share PyTorch's allocator on a GPU outgrows activations and logits; not measured."""
NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Bytes a number in 4 bits: blocks of 64 share a scale in 8 bits, 256 of these one in float32
(double quantisation: Dettmers et al. 2023, arXiv:2305.14314)."""


class Batch(NamedTuple):
    """The sizes of a batch."""

    rows: int
    """Its rows."""
    length: int
    """Tokens of the longest."""
    answers: int
    """Tokens of all rows that the loss counts."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A predicted peak."""

    peak_mib: float
    """The most memory at any moment: the sum of `parts_mib`."""
    moment: str
    """When that is: loading, backward, step or validation."""
    parts_mib: dict[str, float]
    """What it consists of: process, weights, masters (float32 copies of what is learned),
    gradients, optimizer, activations, logits, files (the model's, read while loading), allocator
    (gaps in its heap)."""
    moments_mib: dict[str, float]
    """The sum of each moment."""
    trainable_state_mib: float
    """Weights that are learned with their float32 copies, gradients and optimizer state."""
    where: str
    """The memory that is meant: cpu or cuda."""

    def to_dict(self) -> dict[str, Any]:
        """As it is written into `training.json`."""
        return {
            "peak_mib": round(self.peak_mib, 1),
            "moment": self.moment,
            "parts_mib": {name: round(mib, 1) for name, mib in self.parts_mib.items()},
            "moments_mib": {name: round(mib, 1) for name, mib in self.moments_mib.items()},
            "trainable_state_mib": round(self.trainable_state_mib, 1),
            "where": self.where,
        }


def predict_memory(
    config: TrainedConfig,
    *,
    model: Path,
    train: Sequence[Batch],
    validation: Sequence[Batch],
    process_mib: float,
    cuda: bool = False,
) -> Memory:
    """The peak of a training.

    Args:
        config: The method.
        model: The base model's folder.
        train: All batches that are trained on.
        validation: All batches that are validated.
        process_mib: What the process holds before the model is loaded, its libraries among it.
        cuda: On a GPU: its memory is predicted, not the host's.
    """
    dtype = getattr(torch, compute_dtype(config.precision))
    widest = max(train, key=lambda batch: batch.rows * batch.length)
    sizes = sketch(config, model, dtype=dtype, rows=widest.rows, length=widest.length)
    parts = _Parts(config, sizes, dtype.itemsize, widest, cuda=cuda)
    base = {"process": process_mib * MIB + (0 if cuda else LIBRARIES_MIB * MIB)}
    files = 0 if cuda else sum(file.stat().st_size for file in model.glob("*.safetensors"))
    moments = {
        "loading": {**base, "weights": parts.weights, "files": files},
        "backward": _most([{**base, **parts.backward(batch)} for batch in train]),
        "step": {**base, **parts.step()},
    }
    if validation:
        moments["validation"] = _most([{**base, **parts.validation(batch)} for batch in validation])
    sums = {name: _sum(found) / MIB for name, found in moments.items()}
    moment = max(sums, key=sums.__getitem__)
    state = sizes.trainable * (parts.bytes + parts.master) + parts.optimizer + parts.gradients
    return Memory(
        peak_mib=sums[moment],
        moment=moment,
        parts_mib={name: size / MIB for name, size in moments[moment].items() if size},
        moments_mib=sums,
        trainable_state_mib=state / MIB,
        where="cuda" if cuda else "cpu",
    )


class _Parts:
    """The parts of one training, in bytes.

    Args:
        config: The method.
        sizes: Of the model and of batch `traced`.
        width: Bytes of a number that computes.
        traced: The batch whose activations are known.
        cuda: On a GPU.
    """

    def __init__(
        self, config: TrainedConfig, sizes: Sketch, width: int, traced: Batch, *, cuda: bool
    ) -> None:
        self.config, self.sizes, self.bytes, self.traced = config, sizes, width, traced
        self.cuda = cuda
        quantised = isinstance(config, LoraConfig) and config.quantize is not None
        in_4_bits = sizes.linear if quantised else 0
        self.weights = (sizes.numbers - in_4_bits) * width + in_4_bits * NF4
        self.opened = sizes.largest * width if quantised else 0
        """A layer whose 4 bits are opened for a product."""
        self.master = FLOAT
        self.optimizer = 2 * FLOAT * sizes.trainable
        self.gradients = width * sizes.trainable

    def backward(self, batch: Batch) -> dict[str, float]:
        """When the loss is computed and nothing is freed yet."""
        share = batch.rows * batch.length / (self.traced.rows * self.traced.length)
        sizes = self.sizes
        if self.config.gradient_checkpointing and sizes.layer:
            kept = sizes.outside + sizes.inputs + sizes.layer
        else:
            kept = sizes.kept
        logits = self._logits(batch)
        if sizes.head:  # its gradient is worked out at the end, of all scores
            logits += batch.answers * sizes.vocabulary * self.bytes
        passing = kept * share + logits
        early = self.gradients if self._summed else sizes.head * self.bytes
        late = max(0.0, self.gradients - early - passing)  # more gradients than what they replace
        return {
            **self._static(),
            "gradients": early + late,
            "activations": kept * share,
            "logits": logits,
            "allocator": self._gaps(kept * share, logits),
        }

    def step(self) -> dict[str, float]:
        """When the optimizer has the gradients in float32."""
        in_float = FLOAT * self.sizes.trainable if self.bytes != FLOAT else 0
        return {**self._static(), "gradients": self.gradients + in_float}

    def validation(self, batch: Batch) -> dict[str, float]:
        """When the loss of a validation batch is computed: nothing is kept but the logits."""
        share = batch.rows * batch.length / (self.traced.rows * self.traced.length)
        layer = (self.sizes.layer or self.sizes.kept) * share
        logits = self._logits(batch)
        return {
            **self._static(),
            "activations": layer,
            "logits": logits,
            "allocator": self._gaps(layer, logits),
        }

    def _logits(self, batch: Batch) -> float:
        """The scores that are there at once, with a second copy while they are summed."""
        vocabulary = self.sizes.vocabulary
        if self.sizes.capped:  # the scores, what the cap keeps of them, and their gradients
            return float(batch.answers * vocabulary * 5 * FLOAT)
        return float(min(batch.answers, max(1, SCORES // vocabulary)) * vocabulary * 2 * FLOAT)

    def _gaps(self, activations: float, logits: float) -> float:
        if self.cuda:
            return CACHED * (activations + logits) + self.opened
        return GAPS * activations + self.opened

    @property
    def _summed(self) -> bool:
        return self.config.gradient_accumulation > 1

    def _static(self) -> dict[str, float]:
        return {
            "weights": self.weights,
            "masters": self.master * self.sizes.trainable,
            "optimizer": self.optimizer,
        }


def _most(moments: list[dict[str, float]]) -> dict[str, float]:
    return max(moments, key=_sum)


def _sum(parts: dict[str, float]) -> float:
    return sum(parts.values())
