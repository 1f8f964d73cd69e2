"""Parts of the rows: each is cached under what it alone depends on, and made where it is missing.

So new rows cost what is new: a part that none of them falls into is there already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tunesmith.clean.boilerplate import BoilerplateConfig, RemoveBoilerplate
from tunesmith.clean.people import KnownPeople
from tunesmith.clean.task import ApplySteps
from tunesmith.collect.licensing import LicenseFilter
from tunesmith.io import fingerprint
from tunesmith.prepare.collect import Collected
from tunesmith.prepare.context import Context
from tunesmith.step import Step
from tunesmith.store import cache
from tunesmith.store.cache import Stage
from tunesmith.store.parts import Part, rows_in


@dataclass(frozen=True)
class Groups:
    """What was collected, put together to what makes a part each."""

    collected: Collected
    """All of it."""
    inputs: list[list[Part]]
    """What each part is made of."""

    def sources(self, number: int) -> list[str]:
        """The sources of one part's rows."""
        of = self.collected.source_of
        return sorted({of[part.stage.name] for part in self.inputs[number]})

    def names(self, number: int) -> list[str]:
        """Names what a part is made of, and so all that those rows depend on."""
        return [f"{part.stage.name}/{part.number}" for part in self.inputs[number]]


def part_stages(
    context: Context,
    name: str,
    groups: Groups,
    steps: list[Step],
    *,
    boilerplate: Mapping[str, Sequence[str]] | None = None,
    said: Sequence[str] | None = None,
    more: Mapping[str, object] | None = None,
) -> list[Stage]:
    """A stage for each part, under the fingerprint of what that part alone depends on.

    Args:
        context: The run.
        name: What the parts are.
        groups: What each is made of.
        steps: What is done.
        boilerplate: By source, the lines that are removed.
        said: For each part, a fingerprint of what others say about its people.
        more: What else all parts depend on.
    """
    identities = [step.identity() for step in steps]
    outside: set[str] = set()
    for identity in identities:  # what is said of a source is said to the parts that have its rows
        if identity["kind"] == RemoveBoilerplate.kind:
            identity["settings"] = identity["settings"] | {"lines": None}
        if identity["kind"] == LicenseFilter.kind:
            outside |= set(identity["settings"]["outside"])
            identity["settings"] = identity["settings"] | {"outside": None}
    common = fingerprint({"format": cache.FORMAT, "steps": identities, **(more or {})})
    lines = boilerplate or {}
    stages = []
    for number in range(len(groups.inputs)):
        identity = {
            "common": common,
            "inputs": groups.names(number),
            "boilerplate": {source: lines.get(source) for source in groups.sources(number)},
            "outside": sorted(outside.intersection(groups.sources(number))),
            "people": None if said is None else said[number],
        }
        stages.append(context.cache.stage(name, fingerprint(identity)))
    return stages


def make_parts(
    context: Context,
    title: str,
    groups: Groups,
    parts: list[Stage],
    steps: list[Step],
    *,
    people: KnownPeople | None = None,
    lines: BoilerplateConfig | None = None,
) -> None:
    """Make the parts that are missing, one task a part.

    Args:
        context: The run.
        title: What the terminal calls it.
        groups: What each part is made of.
        parts: The stage of each.
        steps: What is done.
        people: What is said of people in threads of several parts.
        lines: Count recurring lines so, instead of keeping the rows.
    """
    missing = [
        ApplySteps(
            steps=steps,
            inputs=inputs,
            output=Part(stage=part.folder.resolve(), number=0),
            people=people,
            lines=lines,
        )
        for inputs, part in zip(groups.inputs, parts, strict=True)
        if not part.has(0)
    ]
    rows = groups.collected.readable
    with context.progress.stage(title, total=rows) as bar:
        bar.advance(rows - sum(rows_in(task.inputs) for task in missing))
        for height in _heights(context, missing):
            bar.advance(height)


def _heights(context: Context, tasks: list[ApplySteps]) -> Iterator[int]:
    """Do the tasks, of which all have the same steps; gives the rows that each has read."""
    if context.cluster is not None:
        yield from context.cluster.run(tasks)
        return
    heights: list[int] = []

    def batches() -> Iterator[pl.DataFrame]:
        for task in tasks:
            frame = task.read()
            heights.append(frame.height)
            yield frame

    steps = tasks[0].steps if tasks else []
    for number, outcome in enumerate(context.engine.map(steps, batches())):
        tasks[number].write(outcome)
        yield heights[number]
