"""Verification: what must be true of a source before its rows are used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from tunesmith.config import Config
from tunesmith.store.seen import Seen

_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_SUM = re.compile(r"^\\?([0-9a-fA-F]{64})[ \t]+\*?(.+)$")
_TAGGED = re.compile(r"^SHA256 \((.+)\) = ([0-9a-fA-F]{64})$")

#: A list of checksums is short; what is longer is no such list.
_MOST_BYTES = 64 << 20

_SHOWN = 3


@dataclass(frozen=True)
class SourceFile:
    """A file that is read, and the name that records carry of it."""

    path: Path
    name: str


class Verification(Config):
    """What must be true of a source; one that fails is refused as a whole, or quarantined."""

    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """The SHA-256 of the source's only file, as 64 hex digits."""
    manifest: str | None = None
    """A file of SHA-256 sums as `sha256sum` writes them (`SHA256SUMS`), relative to the recipe's
    folder; the names in it start at its own folder. Every file of the source must be in it."""
    rows: int | tuple[int | None, int | None] | None = None
    """How many rows can be read: a number, or [least, most], of which one may be null."""
    drift: Literal["fail", "warn", "ignore"] = "warn"
    """What happens when rows have other columns than in the last run, or other kinds of values."""
    max_age: str | None = Field(default=None, pattern=r"^[1-9]\d{0,4}[hdw]$")
    """How old the newest row may be, such as `36h`, `30d` or `8w`; where rows have no time, how
    old the newest file may be."""
    trust: Literal["high", "medium", "low"] | None = None
    """How far the source is trusted: kept with every row as the column `trust`, which
    `check.exclude` and `evaluate` may use."""
    on_failure: Literal["refuse", "quarantine"] = "refuse"
    """What happens when something of this is not so: `refuse` ends the run, `quarantine` keeps all
    rows of the source out, each with the reason, and goes on."""

    @field_validator("rows")
    @classmethod
    def _is_a_range(
        cls, rows: int | tuple[int | None, int | None] | None
    ) -> int | tuple[int | None, int | None] | None:
        least, most = rows if isinstance(rows, tuple) else (rows, rows)
        if (least or 0) < 0 or (most is not None and most < (least or 0)):
            raise ValueError("rows is a number, or [least, most]")
        return rows

    def problems(self, base: Path) -> list[tuple[str, str]]:
        """What is wrong before a run: `(field, what is wrong)`."""
        if self.manifest is not None and not self._manifest(base).is_file():
            return [("verify.manifest", f"there is no file '{self.manifest}'")]
        return []

    def of_files(self, files: Sequence[SourceFile], base: Path, seen: Seen) -> list[str]:
        """What is wrong with the files' bytes.

        Args:
            files: All files of the source.
            base: The folder that the recipe's paths start from.
            seen: Knows the digests of files that nobody has written since.
        """
        found = []
        if self.sha256 is not None:
            if len(files) != 1:
                found.append(f"sha256 is of one file, and there are {len(files):,}: use manifest")
            elif seen.sha256(files[0].path) != self.sha256.lower():
                found.append(f"{files[0].name} has another SHA-256 than the recipe says")
        if self.manifest is not None:
            found += self._of_manifest(files, self._manifest(base), seen)
        return found

    def of_rows(self, rows: int) -> list[str]:
        """What is wrong with the number of rows."""
        if self.rows is None:
            return []
        least, most = self.rows if isinstance(self.rows, tuple) else (self.rows, self.rows)
        if least is not None and rows < least:
            return [f"it has {rows:,} rows where at least {least:,} were expected"]
        if most is not None and rows > most:
            return [f"it has {rows:,} rows where at most {most:,} were expected"]
        return []

    def of_age(
        self, newest: datetime | None, files: Iterable[SourceFile], now: datetime
    ) -> list[str]:
        """What is wrong with how old it is.

        Args:
            newest: The newest time of a row, if rows have one.
            files: Its files.
            now: The time of collection.
        """
        if self.max_age is None:
            return []
        what = "row"
        if newest is None:
            what = "file"
            times = [file.path.stat().st_mtime for file in files]
            newest = datetime.fromtimestamp(max(times), now.tzinfo) if times else now
        most = timedelta(hours=int(self.max_age[:-1]) * _HOURS[self.max_age[-1]])
        age = now - newest
        if age <= most:
            return []
        return [f"its newest {what} is {age.days:,} days old, more than {self.max_age}"]

    def _manifest(self, base: Path) -> Path:
        return base / Path(self.manifest or "").expanduser()

    def _of_manifest(self, files: Sequence[SourceFile], manifest: Path, seen: Seen) -> list[str]:
        if manifest.stat().st_size > _MOST_BYTES:
            return [f"{manifest.name} is no list of checksums"]
        sums = read_sums(manifest.read_text(encoding="utf-8", errors="replace"))
        root = manifest.resolve().parent
        wanted = {(root / name).resolve(): digest for name, digest in sums.items()}
        there = {file.path.resolve(): file for file in files if file.path != manifest}
        strange = [file.name for path, file in there.items() if path not in wanted]
        other = [
            file.name
            for path, file in there.items()
            if path in wanted and seen.sha256(path) != wanted[path]
        ]
        missing = [
            path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
            for path in wanted
            if not path.exists()
        ]
        told = (
            (other, "has", "have", f"another SHA-256 than {manifest.name} says"),
            (strange, "is", "are", f"not in {manifest.name}"),
            (missing, "is", "are", f"in {manifest.name} but not there"),
        )
        return [
            f"{_some(names)} {one if len(names) == 1 else many} {what}"
            for names, one, many, what in told
            if names
        ]


def read_sums(text: str) -> dict[str, str]:
    """Digests by file name, from the lines that `sha256sum`, with or without `--tag`, writes."""
    found = {}
    for line in text.splitlines():
        if (match := _SUM.match(line)) is not None:
            found[match[2].removeprefix("./")] = match[1].lower()
        elif (match := _TAGGED.match(line)) is not None:
            found[match[1].removeprefix("./")] = match[2].lower()
    return found


def _some(names: list[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more
