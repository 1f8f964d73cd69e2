"""Choosing worked examples for few-shot prompting, from the training split alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from tunesmith.config import Config
from tunesmith.prompting.example import Example
from tunesmith.prompting.similarity import TfidfIndex
from tunesmith.prompting.template import ShotTemplate

_MOST_CANDIDATES = 400  # of a category: the choice below is quadratic in them


class BaseConfig(Config):
    """The base model, asked as it is: what every other method has to beat."""

    kind: Literal["base"] = "base"

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        return "Base model, no examples"


class FewShotConfig(Config):
    """Worked examples in the prompt; nothing is trained (Brown et al. 2020, arXiv:2005.14165)."""

    kind: Literal["few_shot"] = "few_shot"
    k: int = Field(default=3, ge=1, le=32)
    """Worked examples a question."""
    select: Literal["similarity", "category"] = "similarity"
    """`similarity`: those whose questions are nearest to the question (TF-IDF cosine).
    `category`: the same most typical ones for every question of a category."""
    template: ShotTemplate = "chat"
    """`chat`: earlier turns of the conversation. `document`: the source document's template."""
    max_prompt_tokens: int | None = Field(default=None, ge=32)
    """Examples that make the prompt longer than this are left out, and counted; None: the model's
    context window less the answer's tokens is the only limit."""

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        how = "nearest" if self.select == "similarity" else "most typical of the category"
        return f"Few-shot prompt, {self.k} examples ({how})"


def select_shots(
    config: FewShotConfig, *, train: Sequence[Example], questions: Sequence[Example]
) -> list[list[Example]]:
    """Choose the worked examples of each question; deterministic.

    Args:
        config: How many, and how they are chosen.
        train: The training split: the only place examples come from.
        questions: The rows to be asked. Their answers are not looked at.

    Returns:
        For each question its examples, the most useful last (next to the question).

    Raises:
        ValueError: `train` is empty.
    """
    if not train:
        raise ValueError("few-shot prompting needs training examples and there are none")
    if config.select == "similarity":
        nearest = TfidfIndex([shot.question for shot in train]).nearest(
            [row.question for row in questions], config.k
        )
        return [[train[i] for i in reversed(row)] for row in nearest]
    return _by_category(config.k, train=train, questions=questions)


def _by_category(
    k: int, *, train: Sequence[Example], questions: Sequence[Example]
) -> list[list[Example]]:
    members: dict[str | None, list[Example]] = defaultdict(list)
    for shot in train:
        members[shot.category].append(shot)
    fixed: dict[str | None, list[Example]] = {}
    for category in {row.category for row in questions}:
        # A category that training has never seen gets what is most typical of the whole split.
        fixed[category] = _typical(members.get(category) or list(train), k)
    return [fixed[row.category] for row in questions]


def _typical(candidates: list[Example], k: int) -> list[Example]:
    """The k examples that together are nearest to all (greedy facility location)."""
    ordered = sorted(candidates, key=lambda shot: shot.id)
    stride = max(1, -(-len(ordered) // _MOST_CANDIDATES))
    ordered = ordered[::stride]
    chosen = TfidfIndex([shot.question for shot in ordered]).cover(k)
    return [ordered[i] for i in reversed(chosen)]
