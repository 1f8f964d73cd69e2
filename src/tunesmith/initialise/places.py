"""What sources name to read some files: a folder, a pattern, a file."""

from __future__ import annotations

import glob
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tunesmith.initialise.written import plain_name

#: More places are no recipe to look over.
MOST_PLACES = 12


@dataclass(frozen=True)
class Place:
    """What one source names."""

    path: Path
    """A file, a folder or a pattern."""
    files: frozenset[Path]
    """Those of the source's kind that it finds."""
    strangers: int = 0
    """Files that fit no kind of source and lie among them."""

    @property
    def tag(self) -> str:
        """What tells it from the others of its kind, in names: a suffix, a folder or a file."""
        name = self.path.name
        return plain_name(name.removeprefix("*.") if name.startswith("*.") else self.path.stem)


class Tree:
    """The files of a folder, by the folders that they lie in.

    Args:
        folder: All files lie in it.
        files: All files, in order.
        claimed: Those that some kind of source reads.
        hidden: Files that a pattern finds and a folder does not.
        kept_out: A folder that will have other files in it, such as the recipe's with its runs:
            neither it nor a folder above it is named as a whole.
    """

    def __init__(
        self,
        folder: Path,
        files: Iterable[Path],
        claimed: Iterable[Path],
        hidden: Iterable[Path],
        kept_out: Path,
    ) -> None:
        self.folder, self.claimed, self._hidden = folder, set(claimed), list(hidden)
        self._kept_out = kept_out.resolve()
        self._under: dict[Path, list[Path]] = defaultdict(list)
        for file in files:
            for above in file.parents:
                self._under[above].append(file)
                if above == folder:
                    break

    def places(self, mine: list[Path], *, strict: bool = False) -> list[Place]:
        """The fewest places that find these files, and none that another source reads.

        Args:
            mine: Files of one kind.
            strict: Whether a file that fits no kind may not lie among them: it would end the run,
                where other sources quarantine it.
        """
        left, found = set(mine), list[Place]()
        if not strict or len(mine) > 1:
            possible = sorted(self._possible(set(mine), strict), key=lambda one: -len(one.files))
            for place in possible:
                if place.files <= left:
                    found.append(place)
                    left -= place.files
        return found + [Place(file, frozenset([file])) for file in sorted(left)]

    def _possible(self, mine: set[Path], strict: bool) -> Iterator[Place]:
        for path, files in self._candidates(mine):
            own = mine.intersection(files)
            others = self.claimed.intersection(files) - own
            strangers = len(files) - len(own) - len(others)
            if own and not others and strangers <= (0 if strict else len(own)):
                yield Place(path, frozenset(own), strangers)

    def _whole(self, folder: Path) -> bool:
        """Whether a folder may be named with all below it."""
        return not self._kept_out.is_relative_to(folder.resolve())

    def _candidates(self, mine: set[Path]) -> Iterator[tuple[Path, list[Path]]]:
        """Folders and then patterns, with the files that they find; the deepest first."""
        above = {folder for file in mine for folder in file.parents if folder in self._under}
        folders = sorted(above, key=lambda one: (-len(one.parts), one))
        for folder in folders:
            if self._whole(folder):
                yield folder, self._under[folder]
        for folder in folders:
            files, literal = self._under[folder], Path(glob.escape(str(folder)))
            whole = self._whole(folder)
            unseen = {one.suffix for one in self._hidden if one.is_relative_to(folder)}
            own = [file for file in files if file in mine]
            for suffix in sorted({file.suffix for file in own if file.suffix}):
                ending = [file for file in files if file.suffix == suffix]
                direct = [file for file in ending if file.parent == folder]
                if suffix in unseen:
                    continue
                if whole and len(ending) > len(direct):
                    yield literal / "**" / f"*{glob.escape(suffix)}", ending
                yield literal / f"*{glob.escape(suffix)}", direct
            names = Counter(file.name for file in own)
            for name in sorted(name for name, count in names.items() if count > 1 and whole):
                yield literal / "**" / glob.escape(name), [f for f in files if f.name == name]
