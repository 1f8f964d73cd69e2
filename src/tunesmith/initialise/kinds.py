"""Which files make which kind of source: one line a kind, told by their names and first bytes.

Tables of tickets are not here: their columns are looked at (`guess`). A kind that is added to
`tunesmith.collect` gets a line in `KINDS`; the first line that fits a file has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunesmith.collect.pages import HTML, MARKDOWN, PLAIN

#: How much of a file is looked at to tell what it is.
HEAD_BYTES = 4096


def anything(head: bytes) -> bool:
    """The name alone tells."""
    return True


@dataclass(frozen=True)
class SourceKind:
    """Files that make one source."""

    kind: str
    """The tag in recipes; the source is named after it."""
    suffixes: frozenset[str]
    """Of the files' names, in lower case."""
    noun: str
    """What a file is, in findings."""
    looks_like: Callable[[bytes], bool] = anything
    """Whether the first bytes of a file are those of this kind."""
    settings: tuple[str, ...] = ()
    """Lines of the recipe that are left to fill, such as who answers."""

    def fits(self, path: Path) -> bool:
        """Whether a file is of this kind."""
        if path.suffix.lower() not in self.suffixes:
            return False
        if self.looks_like is anything:
            return True
        with path.open("rb") as file:
            return self.looks_like(file.read(HEAD_BYTES))


#: Every kind that is told by its files, the most special first.
KINDS: tuple[SourceKind, ...] = (SourceKind("pages", frozenset(MARKDOWN | HTML | PLAIN), "page"),)


def sorted_by_kind(
    files: Iterable[Path], kinds: Sequence[SourceKind] = KINDS
) -> dict[SourceKind, list[Path]]:
    """The files of each kind that there are any of; others are left out.

    Args:
        files: What lies in the folder.
        kinds: Those to tell apart.
    """
    found: dict[SourceKind, list[Path]] = {kind: [] for kind in kinds}
    for file in files:
        kind = next((kind for kind in kinds if kind.fits(file)), None)
        if kind is not None:
            found[kind].append(file)
    return {kind: files for kind, files in found.items() if files}


def place_of(files: Sequence[Path], folder: Path, others: Iterable[Path]) -> Path:
    """What a source names to read some files: the file, their folder, or a pattern.

    A folder with files of other kinds in it is named with the suffix, where there is only one.

    Args:
        files: The source's.
        folder: All of them lie in it.
        others: The files of other sources.
    """
    if len(files) == 1 and any(other.parent == files[0].parent for other in others):
        return files[0]
    parents = {file.parent for file in files}
    place = parents.pop() if len(parents) == 1 else folder
    suffixes = {file.suffix for file in files}
    if len(suffixes) == 1 and any(other.is_relative_to(place) for other in others):
        return place / "**" / f"*{suffixes.pop()}"
    return place
