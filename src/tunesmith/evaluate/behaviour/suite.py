"""Suites as files: what is asked, and what is expected (CheckList, Ribeiro et al. 2020).

A file has tests of five kinds, each with a limit for the share of its cases that may fail:

- `minimum_functionality`: questions, and what every answer must be like.
- `invariance`: questions, and changes of them that must not change the answer.
- `directional`: pairs of questions, and how the second answer must differ from the first.
- `safety`: as `minimum_functionality`; with `secret: true` the system prompt has a code word.
- `memorisation`: rows of training whose answers must not come back word by word.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from tunesmith.config import Config
from tunesmith.errors import RecipeError
from tunesmith.evaluate.behaviour.expect import Expectation
from tunesmith.evaluate.behaviour.perturb import Perturbation
from tunesmith.yaml_file import mistakes_of, read_mapping

DEFAULT = "default"
"""The suite that ships with tunesmith."""

Slots = dict[str, tuple[str, ...]]
_SLOT = re.compile(r"\{([a-z_]+)\}")


class _Test(Config):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """Names the test in figures."""
    title: str = Field(min_length=1)
    """What the method shall do, one line for people."""
    limit: float = Field(default=0.1, ge=0, le=1)
    """The largest share of cases that may fail."""

    def texts(self) -> tuple[str, ...]:
        """All texts that may have slots."""
        return ()


class _Asking(_Test):
    slots: Slots = {}
    """Values for `{slot}` in questions and expectations, beside those of the file."""
    draw: int = Field(default=4, ge=1)
    """A template is asked with at most so many combinations of values, drawn by the seed."""


class MinimumFunctionality(_Asking):
    """Simple questions that must be answered as expected."""

    kind: Literal["minimum_functionality"] = "minimum_functionality"
    questions: tuple[str, ...] = Field(min_length=1)
    """Questions, or templates with `{slot}`."""
    expect: Expectation
    """What every answer must be like."""

    def texts(self) -> tuple[str, ...]:
        """All texts that may have slots."""
        return (*self.questions, *self.expect.texts())


class Safety(_Asking):
    """Questions that try to get what must not be told or done."""

    kind: Literal["safety"] = "safety"
    questions: tuple[str, ...] = Field(min_length=1)
    """Questions, or templates with `{slot}`."""
    secret: bool = False
    """Put a code word into the system prompt that must not be told: for questions that try to
    draw it out, with `expect: {keeps_system_prompt: true}`."""
    expect: Expectation
    """What every answer must be like."""

    def texts(self) -> tuple[str, ...]:
        """All texts that may have slots."""
        return (*self.questions, *self.expect.texts())


class Invariance(_Asking):
    """Changes of a question that must not change what its answer means."""

    kind: Literal["invariance"] = "invariance"
    questions: tuple[str, ...] = Field(min_length=1)
    """Questions, or templates with `{slot}`."""
    perturb: tuple[Perturbation, ...] = Field(min_length=1)
    """The changes: each is a case of its own."""
    same: float = Field(default=0.5, gt=0, le=1)
    """The token F1 from which two answers are held to say the same."""
    expect: Expectation | None = None
    """Judge by this instead: both answers hold to it, or both do not."""

    def texts(self) -> tuple[str, ...]:
        """All texts that may have slots."""
        return (*self.questions, *(() if self.expect is None else self.expect.texts()))


class Pair(Config):
    """Two questions."""

    before: str = Field(min_length=1)
    """A question, or a template."""
    after: str = Field(min_length=1)
    """The question after a change that its answer must show."""


class Directional(_Asking):
    """Changes of a question that must change its answer in a certain way."""

    kind: Literal["directional"] = "directional"
    pairs: tuple[Pair, ...] = Field(min_length=1)
    """Questions before and after."""
    change: Literal["longer", "shorter", "different"] | None = None
    """What the answer to `after` must be, beside that to `before`: have more words, fewer, or not
    be the same."""
    expect: Expectation | None = None
    """What the answer to `after` must be like."""

    @model_validator(mode="after")
    def _something(self) -> Directional:
        if self.change is None and self.expect is None:
            raise ValueError("say how the answer must differ: change, expect, or both")
        return self

    def texts(self) -> tuple[str, ...]:
        """All texts that may have slots."""
        asked = [text for pair in self.pairs for text in (pair.before, pair.after)]
        return (*asked, *(() if self.expect is None else self.expect.texts()))


class Memorisation(_Test):
    """Answers of training rows, begun, that a trained method must not go on with word by word."""

    kind: Literal["memorisation"] = "memorisation"
    rows: int = Field(default=24, ge=4)
    """Rows of training, and as many held out, drawn by the seed from those that are long enough."""
    given_tokens: int = Field(default=12, ge=1)
    """So many tokens of the answer are given."""
    repeated_tokens: int = Field(default=24, ge=4)
    """An answer that goes on with so many of its tokens is repeated."""


Test = Annotated[
    MinimumFunctionality | Safety | Invariance | Directional | Memorisation,
    Field(discriminator="kind"),
]


class Suite(Config):
    """A file of tests."""

    suite: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """Names the file in figures."""
    title: str = ""
    """What the suite is for."""
    slots: Slots = {}
    """Values for `{slot}` in every test."""
    tests: tuple[Test, ...] = Field(min_length=1)
    """The tests."""

    @field_validator("slots")
    @classmethod
    def _slots_have_values(cls, slots: Slots) -> Slots:
        if empty := [name for name, values in slots.items() if not values]:
            raise ValueError(f"slots without a value: {', '.join(empty)}")
        return slots

    @model_validator(mode="after")
    def _tests_fit(self) -> Suite:
        names = [test.name for test in self.tests]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two tests are named {', '.join(twice)}")
        problems = []
        for test in self.tests:
            known = {**self.slots, **getattr(test, "slots", {})}
            wanted = {slot for text in test.texts() for slot in _SLOT.findall(text)}
            if unknown := sorted(wanted - {name for name, values in known.items() if values}):
                problems.append(
                    f"test '{test.name}' has slots without values: {', '.join(unknown)}"
                )
        if problems:
            raise ValueError("; ".join(problems))
        return self


@dataclass(frozen=True)
class Filling:
    """Values of slots."""

    values: Mapping[str, str]

    def __call__(self, text: str) -> str:
        """The text with its slots filled; braces that are no slot stay."""
        return _SLOT.sub(lambda match: self.values.get(match[1], match[0]), text)


def fillings(texts: tuple[str, ...], slots: Slots, *, draw: int, seed: str) -> Iterator[Filling]:
    """The combinations of values for the slots of some texts, at most `draw`, drawn by a seed."""
    wanted = sorted({slot for text in texts for slot in _SLOT.findall(text)} & set(slots))
    every = list(itertools.product(*(slots[name] for name in wanted)))
    if len(every) > draw:
        chance = random.Random(seed)  # noqa: S311
        every = [every[place] for place in sorted(chance.sample(range(len(every)), draw))]
    for values in every:
        yield Filling(dict(zip(wanted, values, strict=True)))


def load_suite(name: str, base: Path) -> Suite:
    """Read a suite file.

    Args:
        name: `default`, or a path from `base`.
        base: The recipe's folder.

    Raises:
        RecipeError: The file has mistakes; all of them are named, with their lines.
    """
    if name == DEFAULT:
        with resources.as_file(resources.files(__package__) / "suites" / "default.yaml") as path:
            return _read(path)
    return _read(base / Path(name).expanduser())


def _read(path: Path) -> Suite:
    node, data = read_mapping(path, noun="suite", todo="name a suite file, or `default`")
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        raise RecipeError(mistakes_of(Suite, error, node), where=str(path)) from None


def load_suites(names: tuple[str, ...], base: Path) -> list[Suite]:
    """Read suite files.

    Raises:
        RecipeError: They have mistakes, or two of them have the same name.
    """
    suites = [load_suite(name, base) for name in names]
    called = [suite.suite for suite in suites]
    if twice := sorted({name for name in called if called.count(name) > 1}):
        raise RecipeError(
            [f"two suite files are named '{name}'" for name in twice],
            where=", ".join(names),
            todo="give each file a name of its own (suite: NAME)",
        )
    return suites


def as_json(suite: Suite) -> dict[str, Any]:
    """The suite as JSON can hold it, for fingerprints."""
    return suite.model_dump(mode="json")
