"""How the run was made: what somebody needs to repeat it."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.report import plots
from tunesmith.report.glossary import STAGES, plain
from tunesmith.report.node import Node
from tunesmith.report.wording import count, date, duration, mebibytes

_ENVIRONMENT = {
    "python": "Python",
    "cpu": "Processor",
    "cores": "Processor cores",
    "memory_gib": "Memory, GiB",
    "gpu": "GPU",
}


@dataclass(frozen=True)
class MadeView:
    """The facts of the run, its timings, and the recipe as it ran."""

    facts: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    fingerprints: tuple[tuple[str, str], ...]
    timings: plots.Bars | None
    recipe: str


def view_made(run: Node) -> MadeView:
    """The facts that make the run repeatable."""
    dataset = run.at("dataset")
    facts = [
        ("tunesmith", run.text("tunesmith")),
        ("Started", date(run.text("started_at"))),
        ("Finished", date(run.text("finished_at"))),
        ("Seed", _plain_number(run, "seed")),
        ("Dataset version", _plain_number(dataset, "version")),
        ("Dataset fingerprint", dataset.text("fingerprint")),
    ]
    if (memory := run.number("peak_memory_mib")) is not None:
        facts.append(("Peak memory", mebibytes(memory)))
    environment = run.at("environment").flat()
    return MadeView(
        facts=tuple((label, value) for label, value in facts if value is not None),
        environment=tuple((_ENVIRONMENT.get(key, plain(key)), value) for key, value in environment),
        fingerprints=tuple(run.at("fingerprints").flat()),
        timings=_timings(run),
        recipe=run.text("recipe") or "",
    )


def _plain_number(node: Node, key: str) -> str | None:
    number = node.number(key)
    return None if number is None else str(number)


def _timings(run: Node) -> plots.Bars | None:
    timed = []
    for name, node in run.pairs("timings_s"):
        seconds = node.as_number()
        if seconds is not None and name not in {"total", "all"}:
            timed.append((name, float(seconds)))
    if not timed:
        return None
    order = list(STAGES)
    timed.sort(
        key=lambda entry: (order.index(entry[0]) if entry[0] in order else len(order), entry)
    )
    total = run.at("timings_s").number("total")
    whole = duration(total if total is not None else sum(seconds for _, seconds in timed))
    slowest = max(timed, key=lambda entry: entry[1])
    share = slowest[1] / (sum(seconds for _, seconds in timed) or 1)
    finding = (
        f", most of it in “{STAGES.get(slowest[0], plain(slowest[0]))}”" if share > 0.5 else ""
    )
    return plots.Bars(
        title=f"The run took {whole}{finding}",
        subtitle=f"Time in each of {count(len(timed))} stages",
        bars=tuple(
            plots.Bar(STAGES.get(name, plain(name)), seconds, duration(seconds), tone="grey")
            for name, seconds in timed
        ),
    )
