"""A pass of its own over all rows: the lines that recur across a source."""

from __future__ import annotations

from tunesmith.clean.boilerplate import recurring
from tunesmith.io import fingerprint
from tunesmith.prepare.context import Context
from tunesmith.prepare.parts import Groups, make_parts, part_stages


def find_boilerplate(context: Context, groups: Groups) -> dict[str, tuple[str, ...]]:
    """By source, the lines that recur; none when the recipe does not ask for it."""
    config = context.recipe.clean.boilerplate
    if config is None:
        return {}
    steps = context.recipe.clean.mending()
    settings = config.model_dump(mode="json")
    parts = part_stages(context, "lines", groups, steps, more={"boilerplate": settings})
    stage = context.cache.stage("boilerplate", fingerprint([part.folder.name for part in parts]))
    if not stage.done:
        make_parts(context, "find boilerplate", groups, parts, steps, lines=config)
        found = recurring(lambda: (part.frame(0) for part in parts), config)
        stage.join(parts, {"boilerplate": found})
    found = stage.summary["boilerplate"]
    return {source: tuple(lines) for source, lines in found.items()}
