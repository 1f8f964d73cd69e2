"""`decide --plan`: where a project stands, printed or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tunesmith.cli.options import must_be_there, print_json

_SIGNS = {True: "met", False: "not met", None: "not measured"}


def show(recipe: Path, overrides: tuple[str, ...], out: Path | None, *, as_json: bool) -> None:
    """Print the plan of a recipe's project and, where it has a run folder, write it there."""
    from tunesmith.decide.strategy.plan import make_plan
    from tunesmith.io import write_json
    from tunesmith.recipe import load

    if recipe.is_dir() and (overrides or out is not None):
        raise click.UsageError("--set and --out go with a recipe, not with a run folder.")
    must_be_there(recipe)
    written = recipe / "recipe.yaml" if recipe.is_dir() else recipe
    loaded = load(written, list(overrides)).recipe
    folder = recipe if recipe.is_dir() else out or Path("runs") / loaded.name
    plan = make_plan(folder, loaded.name, loaded.decide)
    if folder.is_dir():
        write_json(folder / "plan.json", plan)
    if as_json:
        print_json(plan)
        return
    for line in lines(plan):
        click.echo(line)


def lines(plan: dict[str, Any]) -> list[str]:
    """The plan as it is printed."""
    from tunesmith.decide.approach_table import span

    said = []
    for phase in plan["phases"]:
        said.append(f"Phase {phase['number']}: {phase['name']} ({phase['state']})")
        said += [f"  {_SIGNS[gate['met']] + ':':<14}{gate['sentence']}" for gate in phase["gates"]]
    said += ["", *plan["sentences"], ""]
    for item in plan["next"]["items"]:
        time = "not known" if item["seconds"] is None else span(item["seconds"])
        said.append(f"  {item['sentence']} (time: {time})")
    for week in plan["roadmap"]:
        said.append(f"Week {week['weeks']}: {week['title']}")
        for item in week["items"]:
            why = item["evidence"] if item["done"] else item["todo"]
            said.append(f"  [{'x' if item['done'] else ' '}] {item['text']} ({why})")
    return said
