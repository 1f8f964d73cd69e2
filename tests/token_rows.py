"""Rows as tokens, in batches and by hand, for tests of training."""

from __future__ import annotations

from typing import Any

import torch

from tunesmith.prompting import Example, PromptConfig
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import question_messages

PROMPT = PromptConfig(system="Help.")

#: A training of four steps on the tiny model.
SHORT: dict[str, Any] = {
    "max_steps": 4,
    "batch_size": 2,
    "precision": "float32",
    "save_steps": 2,
    "eval_steps": 2,
    "validation_rows": 6,
}


def prompts_of(encoder: ChatEncoder, examples: list[Example]) -> list[list[int]]:
    """The prompts of some questions as tokens."""
    return [encoder.prompt_ids(question_messages(e.question, PROMPT)) for e in examples]


def padded(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
    """A batch, padded on the right."""
    width = max(len(row["input_ids"]) for row in rows)
    gaps = [width - len(row["input_ids"]) for row in rows]
    return {
        "input_ids": torch.tensor(
            [row["input_ids"] + [2] * gap for row, gap in zip(rows, gaps, strict=True)]
        ),
        "attention_mask": torch.tensor(
            [[1] * len(row["input_ids"]) + [0] * gap for row, gap in zip(rows, gaps, strict=True)]
        ),
        "labels": torch.tensor(
            [row["labels"] + [-100] * gap for row, gap in zip(rows, gaps, strict=True)]
        ),
    }


def plain_nll(logits: Any, labels: list[int]) -> float:
    """Sum over the labelled tokens, from logits of one row that are shifted by none."""
    chosen = torch.log_softmax(logits[:-1].float(), -1)
    return -sum(
        float(chosen[place, label]) for place, label in enumerate(labels[1:]) if label != -100
    )
