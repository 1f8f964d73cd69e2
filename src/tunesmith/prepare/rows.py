"""Cleaning and checking: the steps that look at one row at a time, over all rows."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.clean.people import GatherPeople, KnownPeople, SharedThreads
from tunesmith.collect.base import CHUNK_ROWS
from tunesmith.io import fingerprint
from tunesmith.prepare.boilerplate import find_boilerplate
from tunesmith.prepare.collect import Collected
from tunesmith.prepare.context import Context
from tunesmith.prepare.parts import Groups, make_parts, part_stages
from tunesmith.prepare.steps import personal_columns, row_steps
from tunesmith.step import Step, StepCount
from tunesmith.store import cache
from tunesmith.store.cache import Stage
from tunesmith.store.parts import Part, gathered


@dataclass(frozen=True)
class Checked:
    """Rows that are clean and good enough to stay."""

    stages: list[Stage]
    """The stage of the row steps, then one for each step that sees all rows at once."""
    steps: list[Step]
    """All steps, in order."""
    inputs: list[list[Part]]
    """What each part of the first stage was made of, as it was collected."""

    @property
    def masked(self) -> Stage:
        """The stage that masked personal data."""
        return self.stages[0]

    @property
    def rows(self) -> Stage:
        """The stage that holds the rows."""
        return self.stages[-1]

    def counts(self) -> list[StepCount]:
        """What each step did."""
        return [count for stage in self.stages for count in stage.counts()]


def clean_and_check(context: Context, collected: Collected) -> Checked:
    """Run the row steps over everything that was collected."""
    with context.timed("clean and check"):
        groups = Groups(collected, gathered(collected.stages, CHUNK_ROWS))
        boilerplate = find_boilerplate(context, groups)
        steps = row_steps(context.recipe, boilerplate)
        shared = _shared_threads(context, groups)
        numbers = range(len(groups.inputs))
        said = ["" if shared is None else shared.fingerprint(number) for number in numbers]
        parts = part_stages(context, "rows", groups, steps, boilerplate=boilerplate, said=said)
        stage = context.cache.stage("checked", fingerprint([part.folder.name for part in parts]))
        if not stage.done:
            people = None
            if shared is not None:
                path = stage.folder.resolve() / "people.parquet"
                personal = personal_columns(context.recipe)
                people = KnownPeople.written(path, shared.people(), personal)
            make_parts(context, "clean and check", groups, parts, steps, people=people)
            if people is not None:
                people.forget()
            stage.join(parts)
    return Checked([stage], steps, groups.inputs)


def _shared_threads(context: Context, groups: Groups) -> SharedThreads | None:
    """What threads of more than one part say about people."""
    if not context.recipe.clean.personal_data.known:
        return None
    personal = personal_columns(context.recipe)
    tasks = []
    for number, inputs in enumerate(groups.inputs):
        named = groups.names(number)
        identity = {"format": cache.FORMAT, "inputs": named, "personal": personal}
        folder = context.cache.stage("people", fingerprint(identity)).folder.resolve()
        output = folder / "threads.parquet"
        tasks.append(GatherPeople(inputs=inputs, output=output, personal=personal))
    context.work_off([task for task in tasks if not task.output.exists()])
    return SharedThreads([task.output for task in tasks])
