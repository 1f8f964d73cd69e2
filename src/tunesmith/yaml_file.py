"""YAML files of settings: reading one, and saying all that is wrong with it, by line."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from tunesmith.errors import RecipeError


def read_mapping(
    path: Path, *, noun: str, todo: str | None = None
) -> tuple[yaml.Node | None, dict[str, Any]]:
    """Read a YAML file that holds settings by name.

    Args:
        path: The file.
        noun: What it is, for messages.
        todo: What to do when there is none.

    Returns:
        Its nodes, which know their lines, and its content.

    Raises:
        RecipeError: It is not there, is no YAML, or holds no settings.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(["there is no such file"], where=str(path), todo=todo) from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise RecipeError(["this is not a YAML text file"], where=str(path)) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f"line {mark.line + 1}: "
        said = getattr(error, "problem", None) or "not valid YAML"
        raise RecipeError([f"{line}{said}"], where=str(path)) from None
    if not isinstance(data, dict):
        raise RecipeError([f"a {noun} is a mapping of settings"], where=str(path))
    return node, data


def mistakes_of(
    root: type[BaseModel],
    error: ValidationError,
    node: yaml.Node | None,
    given: yaml.Node | None = None,
) -> list[str]:
    """What is wrong with settings, one line of words each.

    Args:
        root: The model that did not validate.
        error: What it said.
        node: The file, for its lines.
        given: The settings with changes, where they are not as the file has them.
    """
    given = node if given is None else given
    found = []
    errors = error.errors()
    wrong = [tuple(item["loc"]) for item in errors]
    for item in errors:
        location = tuple(item["loc"])
        # pydantic counts what did not validate as not there.
        if item["type"] == "too_short" and any(
            place != location and place[: len(location)] == location for place in wrong
        ):
            continue
        name = ".".join(str(part) for part in _written(given, location))
        words = _words(root, dict(item), location)
        found.append(f"{at(node, location)}{name}: {words}" if name else words)
    return found


#: Words for mistakes that need no more.
_PLAIN = {
    "missing": "this setting is needed",
    "union_tag_not_found": "'kind' is needed to tell what this is",
}


def _words(root: type[BaseModel], item: dict[str, Any], location: tuple[int | str, ...]) -> str:
    kind, given = item["type"], item.get("input")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), _known(root, location), n=1, cutoff=0.5)
        return "there is no such setting" + (f"; did you mean '{near[0]}'?" if near else "")
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "union_tag_invalid":
        expected = item["ctx"]["expected_tags"]
        return f"there is no kind '{item['ctx']['tag']}'; the kinds are {expected}"
    if kind == "model_type":
        known = ", ".join(_known(root, (*location, "")))
        return f"this takes settings by name ({known}), not {given!r}"
    message = str(item["msg"]).removeprefix("Value error, ")
    if kind == "value_error" or isinstance(given, dict | list):
        return message
    return f"{message[0].lower()}{message[1:]}, not {given!r}"


def _known(root: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The settings that exist where an unknown one was found."""
    places: list[type[BaseModel]] = [root]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        inner = [
            model
            for place in places
            if part in place.model_fields
            for model in _models(place.model_fields[part].annotation)
        ]
        places = inner or places
    return sorted({name for place in places for name in place.model_fields})


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]


def _written(node: yaml.Node | None, location: tuple[int | str, ...]) -> list[int | str]:
    """The location as it is written: without the tags that tell kinds apart."""
    way: list[int | str] = []
    for number, part in enumerate(location):
        inner = _child(node, part)
        if inner is None and number < len(location) - 1 and node is not None:
            continue
        way.append(part)
        node = inner
    return way


def at(node: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    """`line N: ` of the innermost part of a location that the file has."""
    line = None
    for part in location:
        inner = _child(node, part)
        if inner is not None:
            node = inner
            line = _key_line(inner)
    return "" if line is None else f"line {line}: "


def _key_line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        inner: list[yaml.Node] = node.value
        return inner[part] if part < len(inner) else None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                found: yaml.Node = value
                return found
    return None
