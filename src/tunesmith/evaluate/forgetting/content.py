"""General texts and tasks: those that ship, and the user's own files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from tunesmith.config import Config
from tunesmith.errors import TunesmithError

DEFAULT = "default"
"""What ships with tunesmith."""
_BLANK = re.compile(r"\n\s*\n")


class TaskFile(Config):
    """One task: questions with choices, of which the first is right."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """Names the task in figures."""
    label: str = Field(min_length=1)
    """Its name for people."""
    items: tuple[tuple[str, ...], ...] = Field(min_length=2)
    """Question, right answer, wrong answers."""


_TASKS: TypeAdapter[list[TaskFile]] = TypeAdapter(list[TaskFile])


@dataclass(frozen=True)
class Outside:
    """What lies outside the domain."""

    texts: list[str]
    tasks: list[TaskFile]


def outside(texts: tuple[str, ...], tasks: tuple[str, ...], base: Path) -> Outside:
    """Read texts and tasks.

    Args:
        texts: `default`, or paths of text files from `base`, a blank line between two texts.
        tasks: `default`, or paths of YAML files from `base`.
        base: The recipe's folder.

    Raises:
        TunesmithError: A file is not there, cannot be read, or is empty; two tasks share a name.
    """
    every = [text for name in texts for text in _texts(name, base)]
    found = [task for name in tasks for task in _tasks(name, base)]
    names = [task.name for task in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TunesmithError(
            f"two tasks are named {', '.join(twice)}",
            where="evaluate.forgetting.tasks",
            todo="give each a name of its own",
        )
    return Outside(list(dict.fromkeys(every)), found)


def _texts(name: str, base: Path) -> list[str]:
    content = _read(name, base, "texts.txt")
    texts = [text.strip() for text in _BLANK.split(content) if text.strip()]
    if not texts:
        raise TunesmithError("there is no text in the file", where=name)
    return texts


def _tasks(name: str, base: Path) -> list[TaskFile]:
    content = _read(name, base, "tasks.yaml")
    todo = (
        "write a list of {name, label, items: [[question, right, wrong, …], …]}, with quotes "
        "around numbers and around yes and no"
    )
    try:
        given: Any = yaml.safe_load(content)
    except yaml.YAMLError:
        raise TunesmithError("this is not valid YAML", where=name, todo=todo) from None
    try:
        tasks = _TASKS.validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise TunesmithError(f"{at}: {first['msg']}", where=name, todo=todo) from None
    for task in tasks:
        for number, item in enumerate(task.items, 1):
            if len(item) < 3 or len(set(item[1:])) < len(item[1:]):
                raise TunesmithError(
                    f"item {number} of task '{task.name}' has not one right and some wrong choices",
                    where=name,
                    todo=todo,
                )
    return tasks


def _read(name: str, base: Path, shipped: str) -> str:
    if name == DEFAULT:
        place = resources.files("tunesmith.evaluate.forgetting") / "data" / shipped
        return place.read_text(encoding="utf-8")
    try:
        return (base / Path(name).expanduser()).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TunesmithError(
            f"this file cannot be read ({type(error).__name__})",
            where=name,
            todo="name a text file in evaluate.forgetting, by its path from the recipe",
        ) from None
