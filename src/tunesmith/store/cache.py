"""The run cache: what each stage made, under the fingerprint of everything it depends on.

A stage's folder holds numbered parts. A part is three files (rows, fates, counts) of which the
counts are written last, so a part is there as a whole or not at all; `done.json` closes the
stage. A killed run starts again at the first missing part and ends with the same bytes.

A stage may be `joined` from stages of one part each, whose fingerprints say what that part alone
depends on: more rows make new parts, and leave those that are there. What is worked out of a part
later (`beside`) lies in the part's own folder, under the fingerprint of the settings.

The folder holds rows as they were collected, personal data included: it is readable by its owner
alone, and `clear` empties it.
"""

from __future__ import annotations

import io
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from tunesmith.io import fingerprint, read_json, write_bytes, write_json
from tunesmith.step import Outcome, StepCount
from tunesmith.store import vault
from tunesmith.store.secret import secret

#: Raised when the layout of the cache changes, so that older caches are not read.
FORMAT = 4


@dataclass(frozen=True)
class Stage:
    """One stage's folder in the cache."""

    folder: Path

    @property
    def done(self) -> bool:
        """Whether the stage was finished."""
        return (self.folder / "done.json").exists()

    @property
    def summary(self) -> dict[str, Any]:
        """What `finish` was given."""
        summary: dict[str, Any] = read_json(self.folder / "done.json")["summary"]
        return summary

    def __len__(self) -> int:
        return int(read_json(self.folder / "done.json")["parts"])

    def vault(self, number: int) -> Path:
        """Where a part keeps what its pseudonyms and fakes stand for, if it does."""
        return self._path(number, vault.SUFFIX)

    def vaults(self) -> list[Path]:
        """The vault's files, in order."""
        return [path for path in map(self.vault, range(len(self))) if path.exists()]

    def has(self, number: int) -> bool:
        """Whether part `number` is complete."""
        return self._path(number, "json").exists()

    def write(self, number: int, outcome: Outcome) -> None:
        """Write one part; it exists once its counts are on disk."""
        write_bytes(self._path(number, "parquet"), _parquet(outcome.frame))
        write_bytes(self._path(number, "fates.parquet"), _parquet(outcome.fates))
        if outcome.aside is not None:
            vault.write(self.vault(number), outcome.aside, secret())
        counts = [vars(count) | {"notes": dict(count.notes)} for count in outcome.counts]
        write_json(self._path(number, "json"), counts)

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        """The rows of one part, or some of their columns."""
        return pl.read_parquet(self._path(number, "parquet"), columns=columns)

    def height(self, number: int) -> int:
        """The number of rows of one part."""
        return int(pq.read_metadata(self._path(number, "parquet")).num_rows)

    def frames(self, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows of every part, in order."""
        for number in range(len(self)):
            yield self.frame(number, columns)

    def fates(self) -> pl.DataFrame:
        """The ledger rows of every part, in order."""
        return pl.concat([self.fates_of(number) for number in range(len(self))])

    def fates_of(self, number: int) -> pl.DataFrame:
        """The ledger rows of one part."""
        return pl.read_parquet(self.fates_file(number))

    def fates_file(self, number: int) -> Path:
        """The file with the ledger rows of one part."""
        return self._path(number, "fates.parquet")

    def counts(self) -> list[StepCount]:
        """The counts of every step, added up over the parts."""
        total: dict[str, StepCount] = {}
        for number in range(len(self)):
            for item in read_json(self._path(number, "json")):
                count = StepCount(**item | {"notes": Counter(item["notes"])})
                total[count.step] = total[count.step] + count if count.step in total else count
        return list(total.values())

    def finish(self, parts: int, summary: dict[str, Any] | None = None) -> None:
        """Close the stage."""
        write_json(self.folder / "done.json", {"parts": parts, "summary": summary or {}})

    def join(self, parts: Sequence[Stage], summary: dict[str, Any] | None = None) -> None:
        """Close the stage with the first parts of other stages of the cache as its parts."""
        write_json(self.folder / "parts.json", [part.folder.name for part in parts])
        self.finish(len(parts), summary)

    def name(self, number: int) -> str:
        """Names part `number` and, in a joined stage, all that its rows depend on."""
        return f"{self.home(number).name}/{self._place(number)}"

    def home(self, number: int) -> Path:
        """The folder that part `number` lies in, and what was worked out of it."""
        return self.folder if self._joined is None else self._joined[number]

    def beside(self, number: int, name: str) -> Path:
        """The file of something that was worked out of part `number`."""
        return self.home(number) / f"of-{self._place(number):05d}-{name}"

    @cached_property
    def _joined(self) -> list[Path] | None:
        path = self.folder / "parts.json"
        if not path.exists():
            return None
        return [self.folder.parent / name for name in read_json(path)]

    def _place(self, number: int) -> int:
        return number if self._joined is None else 0

    def _path(self, number: int, suffix: str) -> Path:
        return self.home(number) / f"part-{self._place(number):05d}.{suffix}"


class RunCache:
    """The cache of one run folder.

    Args:
        folder: `RUN/work`; made, for its owner alone, when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self.used: set[Path] = set()

    def stage(self, name: str, key: str) -> Stage:
        """The folder of a stage with this fingerprint, made when it is missing."""
        folder = self.folder / f"{name}-{key}"
        folder.mkdir(exist_ok=True)
        self.used.add(folder)
        return Stage(folder)

    def gathered(self, source: str) -> Path:
        """Where a source keeps what it has fetched, from one run to the next."""
        folder = self.folder / f"gathered-{fingerprint(source)}"
        folder.mkdir(exist_ok=True)
        self.used.add(folder)
        return folder

    def beside(self, stage: Stage, number: int, name: str) -> Path:
        """`Stage.beside` of a file that this run uses."""
        path = stage.beside(number, name)
        self.used.add(path)
        return path

    def prune(self) -> None:
        """Remove what this run did not use (other settings, older files)."""
        for folder in self.folder.iterdir():
            if not folder.is_dir():
                continue
            if folder not in self.used:
                shutil.rmtree(folder)
                continue
            for path in folder.glob("of-*"):
                if path not in self.used:
                    path.unlink()

    def clear(self) -> None:
        """Remove everything, the rows as they were collected among it."""
        shutil.rmtree(self.folder)


def fill(stage: Stage, outcomes: Iterable[Outcome], *, start: int = 0) -> int:
    """Write outcomes as parts `start`, `start + 1`, …; returns the number after the last."""
    number = start
    for outcome in outcomes:
        stage.write(number, outcome)
        number += 1
    return number


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="lz4")
    return buffer.getvalue()
