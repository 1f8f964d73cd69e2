"""Whether a training fits in the memory there is, and which settings would make it fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from tunesmith.errors import TunesmithError
from tunesmith.io import read_json
from tunesmith.tune.formats import IGNORED, Encoded
from tunesmith.tune.launch import LaunchConfig, ranks
from tunesmith.tune.launch.config import share
from tunesmith.tune.memory import Batch, Memory, predict_memory
from tunesmith.tune.methods import (
    FullConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    TrainedConfig,
)
from tunesmith.tune.order import training_order
from tunesmith.tune.room import gpu_room_mib, resident_mib, room_mib
from tunesmith.tune.trainer import VALIDATION_BATCH

_CONTEXT_MIB = 600.0
"""What CUDA and its libraries take on a GPU before any tensor is there."""
_COMMON = set(TrainedConfig.model_fields) - {"preset", "learning_rate", "search", "packing"}

Rows = Sequence[dict[str, Any]]


class Budget:
    """The memory of one training on its own rows; of several processes, that of each.

    Args:
        config: The method.
        model: The base model's folder.
        encoded: The training rows.
        validation: The validation rows, in the order they are validated.
        launch: How processes that train together share the model.
    """

    def __init__(
        self,
        config: TrainedConfig,
        *,
        model: Path,
        encoded: Encoded,
        validation: Rows,
        launch: LaunchConfig,
    ) -> None:
        self.config, self.model = config, model
        self.train = _Sizes(config, encoded.rows)
        self.held = _Sizes(config, validation)
        self.cuda = torch.cuda.is_available()
        self.process = _CONTEXT_MIB if self.cuda else resident_mib()
        self.sharded = ranks.count() > 1 and launch.strategy in {"fsdp", "deepspeed"}

    def check(self, order: Sequence[int], *, seed: int) -> dict[str, Any]:
        """The predicted memory, as it is written into `training.json`, and the room there is.

        Where the model cannot be run without values, or is sharded, the object's one key is
        `unknown`, with the reason: such a training starts unchecked, and the plan says so.

        Args:
            order: The order of the training rows.
            seed: That of the order.

        Raises:
            TunesmithError: It does not fit, and the method's `memory` is not `ignore`.
        """
        if self.sharded:
            return {"unknown": "each process holds a shard of the model"}
        try:
            memory = self.predict(self.config, order)
        except (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError) as error:
            return {"unknown": f"the model cannot be run without values ({type(error).__name__})"}
        room = gpu_room_mib() if self.cuda else room_mib() / ranks.here()
        told = {**memory.to_dict(), "room_mib": round(room, 1), "processes": ranks.count()}
        if memory.peak_mib > room and self.config.memory == "check":
            raise TunesmithError(
                f"training needs about {_gib(memory.peak_mib)} of memory "
                f"({_largest(memory)}) and {_gib(room)} are left",
                where=self.config.label,
                todo=self._advice(room, len(order), seed=seed),
            )
        return told

    def predict(self, config: TrainedConfig, order: Sequence[int]) -> Memory:
        """The peak of a training with other settings on the same rows."""
        mine = share(
            batch_size=config.batch_size,
            accumulation=config.gradient_accumulation,
            processes=ranks.count(),
        ).batch_size
        validated = min(VALIDATION_BATCH, mine)
        return predict_memory(
            config,
            model=self.model,
            train=self.train.batches(order, size=mine, packed=config.packing),
            validation=self.held.batches(
                range(len(self.held.lengths)), size=validated, packed=config.packing
            ),
            process_mib=self.process,
            cuda=self.cuda,
        )

    def _advice(self, room: float, rows: int, *, seed: int) -> str:
        """What would fit, each computed, the least change first."""
        fitting = []
        for words, config in self.alternatives():
            order = training_order(
                self.train.lengths,
                steps=max(1, rows // (config.batch_size * config.gradient_accumulation)),
                batch_size=config.batch_size,
                accumulation=config.gradient_accumulation,
                seed=seed,
            )
            peak = self.predict(config, order).peak_mib
            if peak <= room:
                fitting.append(f"{words} ({_gib(peak)})")
            if len(fitting) == 4:
                break
        tail = "memory: ignore trains without this check"
        if not fitting:
            return (
                "no setting of this model was found that fits: free memory, use a smaller model or "
                f"a lower max_length; {tail}"
            )
        return f"these would fit: {'; '.join(fitting)}; {tail}"

    def alternatives(self) -> Iterator[tuple[str, TrainedConfig]]:
        """Settings that need less, in words and whole, the least change first."""
        mine = self.config
        able = not isinstance(mine, PrefixTuningConfig) and not mine.gradient_checkpointing
        if able:
            yield "gradient_checkpointing: true", _with(mine, gradient_checkpointing=True)
        yield from _smaller(mine, "")
        if able:
            yield from _smaller(
                _with(mine, gradient_checkpointing=True), "gradient_checkpointing: true, "
            )
        if isinstance(mine, LoraConfig) and mine.start in _QUANTISABLE and self._quantisable():
            yield "quantize: nf4", _with(mine, quantize="nf4")
            both = _with(mine, quantize="nf4", gradient_checkpointing=True)
            yield "quantize: nf4, gradient_checkpointing: true", both
        common = {name: getattr(mine, name) for name in _COMMON}
        if isinstance(mine, FullConfig):
            yield "kind: lora", LoraConfig(**common)
            few = {**common, "gradient_checkpointing": True}
            yield "kind: lora, gradient_checkpointing: true", LoraConfig(**few)
        if not isinstance(mine, PromptTuningConfig):
            yield "kind: prompt_tuning", PromptTuningConfig(**common)

    def _quantisable(self) -> bool:
        """Whether `quantize` is another setting, and one that works (`models.load_model`)."""
        widths = read_json(self.model / "config.json")
        whole = all(widths.get(name, 64) % 64 == 0 for name in ("hidden_size", "intermediate_size"))
        return getattr(self.config, "quantize", None) is None and (self.cuda or whole)


_QUANTISABLE = {"default", "gaussian", "orthogonal"}


def _smaller(config: TrainedConfig, words: str) -> Iterator[tuple[str, TrainedConfig]]:
    """The same rows a step in smaller batches."""
    size, summed = config.batch_size, config.gradient_accumulation
    while size % 2 == 0:
        size, summed = size // 2, summed * 2
        yield (
            f"{words}batch_size: {size}, gradient_accumulation: {summed}",
            _with(config, batch_size=size, gradient_accumulation=summed),
        )
    if size > 1:
        yield (
            f"{words}batch_size: 1, gradient_accumulation: {summed * size}",
            _with(config, batch_size=1, gradient_accumulation=summed * size),
        )


def _with(config: TrainedConfig, **changes: Any) -> TrainedConfig:
    return type(config).model_validate({**config.model_dump(), **changes})


class _Sizes:
    """The sizes of rows: of a pair of answers, of both."""

    def __init__(self, config: TrainedConfig, rows: Rows) -> None:
        self.sequences = 2 if config.format.pairs else 1
        names = ("labels", "rejected_labels")[: self.sequences]
        parts = [[row[name] for name in names] for row in rows]
        self.lengths = [max(map(len, row)) for row in parts]
        self.answers = [sum(len(one) - one.count(IGNORED) for one in row) for row in parts]

    def batches(self, order: Sequence[int], *, size: int, packed: bool) -> list[Batch]:
        """The batches of rows that are taken in `order`, `size` at a time, as the model gets them.

        Packed rows are one sequence, in which attention looks from every token at every other.
        """
        cut = [order[start : start + size] for start in range(0, len(order), size)]
        found = []
        for rows in cut:
            lengths, answers = [self.lengths[i] for i in rows], sum(self.answers[i] for i in rows)
            if packed:
                found.append(Batch(1, sum(lengths), answers))
            else:
                found.append(Batch(len(rows) * self.sequences, max(lengths), answers))
        return found


def _largest(memory: Memory) -> str:
    parts = sorted(memory.parts_mib.items(), key=lambda part: -part[1])[:3]
    return ", ".join(f"{name} {_gib(mib)}" for name, mib in parts)


def _gib(mib: float) -> str:
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.0f} MiB"
