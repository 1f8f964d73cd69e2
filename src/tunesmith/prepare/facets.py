"""What the rows of a dataset can be told apart by."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tunesmith.evaluate.facets import Facets, SlicesConfig, facets_of
from tunesmith.prepare.prepared import Prepared
from tunesmith.prepare.steps import personal_columns
from tunesmith.prompting.example import Example
from tunesmith.recipe import Recipe


def row_facets(
    data: Prepared, rows: Sequence[Example], config: SlicesConfig, recipe: Recipe
) -> Facets:
    """The facets of some rows of the dataset.

    Args:
        data: The dataset.
        rows: Rows of it.
        config: Which facets.
        recipe: Says which columns name people.

    Raises:
        TunesmithError: A named column is not there, names people, or its values mostly occur once.
    """
    wanted = pl.Series([row.id for row in rows], dtype=pl.String)
    frame = pl.concat(
        part.filter(pl.col("id").is_in(wanted.implode()))
        for part in data.rows.frames(config.columns)
    )
    personal = {name for named in personal_columns(recipe).values() for name in named}
    groups = {row.id: row.group for row in rows}
    return facets_of(frame, groups, config, personal=personal)
