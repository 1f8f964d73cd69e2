"""The table: items per CPU-second of each tool, and how many times as fast another one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.measure import Measured


@dataclass(frozen=True)
class Section:
    """Jobs that did the same work.

    Attributes:
        title: What was done, on what.
        unit: What is counted, such as `rows`.
        results: The jobs.
        beside: The name of the one that the others are held against.
    """

    title: str
    unit: str
    results: Sequence[Measured]
    beside: str

    def times(self, name: str) -> float:
        """How many times the items per CPU-second of `name` the one held against does.

        Raises:
            KeyError: Nothing of that name was measured.
        """
        rates = {result.name: result.rate for result in self.results}
        return rates[self.beside] / rates[name]

    def as_json(self) -> dict[str, Any]:
        """The section as JSON knows it."""
        return {
            "title": self.title,
            "unit": self.unit,
            "beside": self.beside,
            "results": [
                {
                    "name": one.name,
                    "items": one.items,
                    "per_cpu_s": round(one.rate, 1),
                    "cpu_s": [round(seconds, 4) for seconds in one.seconds],
                    "times": round(self.times(one.name), 3),
                    "facts": one.facts,
                }
                for one in self.results
            ],
        }


def lines(sections: Sequence[Section]) -> list[str]:
    """The whole table in Markdown.

    The bounds are the slowest and the fastest round; × is how many times as fast the tool is that
    the section names.
    """
    out = []
    for section in sections:
        out += [
            f"**{section.title}** (×: how many times as fast {section.beside} is)",
            "",
            f"| tool | {section.unit} per CPU-second | bounds | × | what came out |",
            "|---|---|---|---|---|",
        ]
        for one in section.results:
            low, high = one.items / max(one.seconds), one.items / min(one.seconds)
            facts = ", ".join(f"{name} {said(value)}" for name, value in one.facts.items())
            out.append(
                f"| {one.name} | {number(one.rate)} | {number(low)}–{number(high)} "
                f"| {ratio(section.times(one.name))} | {facts} |"
            )
        out.append("")
    return out


def number(value: float) -> str:
    """Three digits that count: 123,000, 1,230, 12.3."""
    if value >= 1_000:
        digits = len(str(round(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def ratio(value: float) -> str:
    """A ratio with what can be told of it."""
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def said(value: object) -> str:
    """A fact: shares with three places, counts with their thousands."""
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
