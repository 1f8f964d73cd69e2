"""A few validation rows answered while a model trains: the loss does not say how it answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tunesmith.answers import token_f1
from tunesmith.decoding import Answer, before_prompt, greedy
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune.formats import IGNORED
from tunesmith.tune.forward import base_of
from tunesmith.tune.launch.wrapped import called

_LONGEST = 256
"""No answer is written beyond this many tokens."""


@dataclass(frozen=True)
class Sample:
    """A prompt and the answer that a row gives to it."""

    prompt: list[int]
    answer: list[int]


def sample_rows(rows: Sequence[dict[str, Any]], count: int) -> list[Sample]:
    """Choose `count` rows spread evenly over the rows given, as prompts and answers.

    The answer is the last run of labelled tokens: of a conversation, its last turn. Rows without
    a prompt before it have nothing to be asked and are not chosen.

    Args:
        rows: `input_ids` and `labels` as lists of integers of the same length.
        count: At most this many.
    """
    asked = [sample for row in rows if (sample := _last_turn(row)) is not None]
    count = min(count, len(asked))
    return [asked[(2 * i + 1) * len(asked) // (2 * count)] for i in range(count)]


def _last_turn(row: dict[str, Any]) -> Sample | None:
    ids, labels = row["input_ids"], row["labels"]
    end = len(labels)
    while end and labels[end - 1] == IGNORED:
        end -= 1
    start = end
    while start and labels[start - 1] != IGNORED:
        start -= 1
    if start in {0, end}:
        return None
    return Sample(list(ids[:start]), list(ids[start:end]))


class Sampler:
    """Answers the same rows again and again, greedily.

    Args:
        model: The model that is trained.
        encoder: Knows the end token, and turns tokens into text.
        samples: The rows.
    """

    def __init__(
        self, model: torch.nn.Module, encoder: ChatEncoder, samples: Sequence[Sample]
    ) -> None:
        self.model, self.encoder, self.samples = model, encoder, samples
        tokenizer: Any = encoder.tokenizer
        self.pad_id: int = tokenizer.pad_token_id
        self.stop_ids = frozenset({encoder.end_id, tokenizer.eos_token_id})

    def __call__(self) -> dict[str, float]:
        """Answer the rows as the model is now.

        Returns:
            `token_f1`: the mean over the rows that can be scored, left out where none can;
            `stopped`: the share of answers that ended by themselves, before a limit of a quarter
            more tokens than the longest answer expected.
        """
        self.model.eval()
        answers = called(self.model, self._answers)
        self.model.train()
        scores = [
            token_f1(self.encoder.decode(answer.ids), self.encoder.decode(sample.answer))
            for answer, sample in zip(answers, self.samples, strict=True)
        ]
        scored = [score for score in scores if not math.isnan(score)]
        figures = {"stopped": sum(answer.stopped for answer in answers) / len(answers)}
        return {"token_f1": sum(scored) / len(scored), **figures} if scored else figures

    def _answers(self, model: torch.nn.Module) -> list[Answer]:
        before = before_prompt(model)
        return greedy(
            base_of(model),
            [sample.prompt for sample in self.samples],
            stop_ids=self.stop_ids,
            pad_id=self.pad_id,
            max_new_tokens=self._limit(before.tokens if before is not None else 0),
            before=before,
        )

    def _limit(self, virtual_tokens: int) -> int:
        expected = max(len(sample.answer) for sample in self.samples)
        longest = max(len(sample.prompt) for sample in self.samples) + virtual_tokens
        room: int = base_of(self.model).config.max_position_embeddings - longest
        return max(1, min(_LONGEST, -(-expected * 5 // 4), room))
