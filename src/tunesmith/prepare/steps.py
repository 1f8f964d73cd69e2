"""Which steps look at one row at a time, in which order."""

from __future__ import annotations

from tunesmith.collect.licensing import LicenseFilter
from tunesmith.recipe import Recipe
from tunesmith.step import Step


def row_steps(recipe: Recipe, boilerplate: dict[str, tuple[str, ...]]) -> list[Step]:
    """The steps that look at one row at a time, in order.

    Args:
        recipe: The recipe.
        boilerplate: By source, the lines that recur.
    """
    cleaning = recipe.clean.steps(personal_columns(recipe), boilerplate)
    return [license_filter(recipe), *cleaning, *recipe.check.steps()]


def license_filter(recipe: Recipe) -> LicenseFilter:
    """What keeps out rows by their licence: first of all, so that none stands for others."""
    outside = tuple(source.name for source in recipe.sources if source.foreign)
    return LicenseFilter(policy=recipe.licenses, outside=outside)


def personal_columns(recipe: Recipe) -> dict[str, list[str]]:
    """By source, the extra columns that name a person."""
    columns = {
        source.name: list(getattr(source, "personal_columns", [])) for source in recipe.sources
    }
    return {name: named for name, named in columns.items() if named}
