"""Choosing worked examples for few-shot prompting, from the training split alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from tunesmith.config import Config
from tunesmith.prompting.example import Example
from tunesmith.prompting.similarity import TfidfIndex
from tunesmith.prompting.template import ShotTemplate

_MOST_CANDIDATES = 400  # of a category: the choice below is quadratic in them
_MOST_SHOTS = 32


def _number_or_auto(given: Any) -> Any:
    if given == "auto" or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    raise ValueError(f"a number of examples, or auto, not {given!r}")


def _few_enough(given: int | str) -> int | str:
    if isinstance(given, int) and not 0 <= given <= _MOST_SHOTS:
        raise ValueError(f"at most {_MOST_SHOTS} examples and none below 0, not {given}")
    return given


def _rising(given: tuple[int, ...]) -> tuple[int, ...]:
    if not given or any(not 1 <= k <= _MOST_SHOTS for k in given):
        raise ValueError(f"one or more numbers from 1 to {_MOST_SHOTS}")
    if list(given) != sorted(set(given)):
        raise ValueError("each number once, the smallest first")
    return given


ShotCount = Annotated[
    int | Literal["auto"], BeforeValidator(_number_or_auto), AfterValidator(_few_enough)
]
"""Worked examples of a question, or `auto`."""
Choices = Annotated[tuple[int, ...], AfterValidator(_rising)]
"""Numbers of examples to try, rising."""


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
    k: ShotCount = 3
    """Worked examples a question, 1 to 32. `auto`: the number of `choices` that answers validation
    rows best by `decide.metric`; of two that cannot be told apart the smaller."""
    select: Literal["similarity", "category"] = "similarity"
    """`similarity`: those whose questions are nearest to the question (TF-IDF cosine).
    `category`: the same most typical ones for every question of a category."""
    template: ShotTemplate = "chat"
    """`chat`: earlier turns of the conversation. `document`: the source document's template."""
    max_prompt_tokens: int | None = Field(default=None, ge=32)
    """Examples that make the prompt longer than this are left out, and counted; None: the model's
    context window less the answer's tokens is the only limit."""
    choices: Choices = (1, 2, 3, 5, 8)
    """What `k: auto` tries, as far as the context window has room."""
    search_rows: int = Field(default=64, ge=2)
    """Validation rows that `k: auto` looks at."""

    @field_validator("k")
    @classmethod
    def _at_least_one(cls, k: int | str) -> int | str:
        if k == 0:
            raise ValueError("at least 1 example: without any it is the method of kind base")
        return k

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        return f"Few-shot prompt, {self.examples_words}"

    @property
    def examples_words(self) -> str:
        """How many examples and which, in a few words."""
        how = "nearest" if self.select == "similarity" else "most typical of the category"
        number = "a number of" if self.k == "auto" else self.k
        return f"{number} example{'' if self.k == 1 else 's'} ({how})"


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
        ValueError: `train` is empty, or `k` is still to be chosen.
    """
    if config.k == "auto":
        raise ValueError("k: auto is chosen on validation rows before examples are")
    if not train:
        raise ValueError("few-shot prompting needs training examples and there are none")
    train = sorted(train, key=_lightness)  # of equals the earlier one is shown
    if config.select == "similarity":
        nearest = TfidfIndex([shot.question for shot in train]).nearest(
            [row.question for row in questions], config.k
        )
        return [[train[i] for i in reversed(row)] for row in nearest]
    return _by_category(config.k, train=train, questions=questions)


def _lightness(shot: Example) -> float:
    """What an example lacks of counting whole."""
    return 0.0 if shot.weight is None else 1 - shot.weight


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
    ordered = sorted(candidates, key=lambda shot: (_lightness(shot), shot.id))
    stride = max(1, -(-len(ordered) // _MOST_CANDIDATES))
    ordered = ordered[::stride]
    chosen = TfidfIndex([shot.question for shot in ordered]).cover(k)
    return [ordered[i] for i in reversed(chosen)]
