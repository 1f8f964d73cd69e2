"""The base of every configuration object: typed, frozen, unknown keys refused."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A frozen group of settings whose field docstrings are its documentation."""

    # Not `use_attribute_docstrings`: it parses every class as it is imported, a quarter of the time
    # that a command takes to start. See `meanings`.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What each field of a model means: the docstring below it, read from the source.

    Args:
        model: A model whose source is there; fields without a docstring are left out.
    """
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            tree = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
            if isinstance(tree, ast.ClassDef):
                found |= _below_fields(tree)
    return {name: text for name, text in found.items() if name in model.model_fields}


def _below_fields(tree: ast.ClassDef) -> dict[str, str]:
    found = {}
    for field, text in itertools.pairwise(tree.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            found[field.target.id] = inspect.cleandoc(text.value.value)
    return found
