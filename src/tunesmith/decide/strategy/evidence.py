"""What run folders tell: the current one, and earlier ones of the same project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tunesmith.io import read_json
from tunesmith.store.versions import Version, versions

PROMPTED = ("few_shot", "endpoint")
"""Kinds of method that are shown examples and leave weights as they are."""


@dataclass(frozen=True)
class Folder:
    """One run folder; a file that is not there is None."""

    path: Path

    def read(self, name: str) -> Any:
        """The JSON of a file in the folder, or None.

        Raises:
            DamagedFileError: The file is not JSON.
        """
        file = self.path / name
        if not file.exists():
            return None
        return read_json(file)

    @cached_property
    def run(self) -> dict[str, Any]:
        """`run.json`; empty where there is none, or where the file is another program's."""
        found = self.read("run.json")
        return found if isinstance(found, dict) else {}

    @cached_property
    def decision(self) -> dict[str, Any]:
        """`decision.json`; empty where there is none."""
        return self.read("decision.json") or {}

    @cached_property
    def cards(self) -> dict[str, dict[str, Any]]:
        """`metrics.json` by method: of those in `run.json`, or of all where it names none."""
        found = {
            file.parent.name: self.read(f"methods/{file.parent.name}/metrics.json")
            for file in sorted(self.path.glob("methods/*/metrics.json"))
        }
        named = self.run.get("methods") or list(found)
        return {name: found[name] for name in named if name in found}

    @cached_property
    def trainings(self) -> dict[str, dict[str, Any]]:
        """What each training took, by method: measured or not."""
        return {
            file.parent.name: record["training"]
            for file in sorted(self.path.glob("methods/*/training.json"))
            if (record := self.read(f"methods/{file.parent.name}/training.json"))
        }

    @cached_property
    def versions(self) -> list[Version]:
        """The dataset's versions, oldest first."""
        return versions(self.path / "dataset")

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """The scorecards of some kinds of method."""
        return [card for card in self.cards.values() if card["kind"] in kinds]

    def has(self, name: str) -> bool:
        """Whether the folder holds a file or a folder that is not empty."""
        path = self.path / name
        return any(path.iterdir()) if path.is_dir() else path.exists()


@dataclass(frozen=True)
class Project:
    """A recipe's run folders, the current one first and the others newest first."""

    current: Folder
    earlier: tuple[Folder, ...] = ()

    def __iter__(self) -> Iterator[Folder]:
        yield self.current
        yield from self.earlier

    def path(self, folder: Folder, name: str) -> str:
        """A file's path as seen from the current run folder."""
        return name if folder is self.current else f"../{folder.path.name}/{name}"


def project(out: Path, name: str) -> Project:
    """The run folder `out`, and the folders beside it whose runs are of the recipe `name`."""
    current = Folder(out)
    siblings = [
        Folder(file.parent)
        for file in sorted(out.resolve().parent.glob("*/run.json"))
        if file.parent != out.resolve()
    ]
    mine = [folder for folder in siblings if folder.run.get("recipe_name") == name]
    mine.sort(key=lambda folder: str(folder.run.get("finished_at")), reverse=True)
    return Project(current, tuple(mine))


def evidence(path: str, pointer: str, value: Any) -> dict[str, Any]:
    """Where a figure is: a file in the run folder, a JSON pointer in it, and its value."""
    return {"path": path, "pointer": pointer, "value": value}


def figure_of(card: Mapping[str, Any], metric: str) -> Mapping[str, Any] | None:
    """A scorecard's figure of a metric; None where it was not measured or nothing was scored."""
    found: Mapping[str, Any] | None = card["metrics"].get(metric)
    return None if found is None or found["value"] is None else found
