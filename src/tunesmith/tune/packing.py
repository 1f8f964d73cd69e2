"""Rows of a batch one after another in one sequence, each as if it were alone.

Every row's positions start at 0. Where attention is not told otherwise by a mask of padding or a
cache of keys and values, transformers takes a position that does not follow the one before as the
beginning of another row: SDPA and eager attention get a block-diagonal causal mask, flash attention
the rows' lengths. A model that does not isolate its rows so is refused before it trains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tunesmith.errors import ModelError
from tunesmith.tune.formats import IGNORED, WEIGHTS

Row = dict[str, list[int]]
Nll = Callable[..., tuple[torch.Tensor, int]]

_ROWS = 3  # that the check packs: one with neighbours on both sides
_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 3e-2, torch.float16: 1e-2}
_LEAK = 1e-4


@dataclass(frozen=True, slots=True)
class PackedCollator:
    """Makes one sequence of a batch's rows.

    Of n rows of together t tokens: `input_ids`, `position_ids` and `labels`, integers of shape
    (1, t), and where rows have weights, these. A row's first token has no label: it would be
    learned from the row before.
    """

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        """The batch; there is no attention mask, or the rows would not be told apart."""
        batch = {
            "input_ids": _joined(row["input_ids"] for row in rows),
            "position_ids": _joined(range(len(row["input_ids"])) for row in rows),
            "labels": _joined([IGNORED, *row["labels"][1:]] for row in rows),
        }
        if WEIGHTS in rows[0]:
            batch[WEIGHTS] = _joined(row[WEIGHTS] for row in rows)
        return batch


def check_isolation(
    nll: Nll, rows: Sequence[Row], *, dtype: torch.dtype, device: torch.device | str
) -> None:
    """Pack a few rows and see that each has the loss that it has alone, whatever its neighbours.

    Args:
        nll: Computes the summed loss of a batch (`answer_nll`) with the model that will train.
        rows: Training rows; the shortest are taken.
        dtype: What the model computes in.
        device: Where it is.

    Raises:
        ModelError: Rows see each other, or their losses differ.
    """
    collate = PackedCollator()
    chosen = sorted(rows, key=lambda row: len(row["input_ids"]))[:_ROWS]
    for place, row in enumerate(chosen):
        others = [_unlabelled(other) for other in chosen]
        packed = _loss(nll, collate([*others[:place], row, *others[place + 1 :]]), device)
        changed = [{**other, "input_ids": _other_ids(other["input_ids"])} for other in others]
        beside = _loss(nll, collate([*changed[:place], row, *changed[place + 1 :]]), device)
        alone = _loss(nll, _unpacked(row), device)
        size = max(1.0, abs(alone))
        if abs(packed - beside) > _LEAK * size:
            raise _refusal("rows that are packed see each other")
        if abs(packed - alone) > _TOLERANCE[dtype] * size:
            raise _refusal("a row that is packed has another loss than it has alone")


def _joined(parts: Any) -> torch.Tensor:
    return torch.tensor([[number for part in parts for number in part]])


def _loss(nll: Nll, batch: dict[str, torch.Tensor], device: torch.device | str) -> float:
    with torch.no_grad():
        return float(nll(**{name: value.to(device) for name, value in batch.items()})[0])


def _unpacked(row: Row) -> dict[str, torch.Tensor]:
    ids = torch.tensor([row["input_ids"]])
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": torch.tensor([row["labels"]]),
    }


def _unlabelled(row: Row) -> Row:
    return {**row, "labels": [IGNORED] * len(row["labels"])}


def _other_ids(ids: list[int]) -> list[int]:
    """As many tokens, in another order: none that the model does not know."""
    return [*ids[len(ids) // 2 :], *ids[: len(ids) // 2]]


def _refusal(what: str) -> ModelError:
    return ModelError(
        f"{what}: this model cannot be trained with packing",
        where="packing",
        todo="set packing: false; batches of similar lengths waste little",
    )
