"""Rows of several parts whose texts in some columns are the same, or nearly: nothing is merged.

What is known of each text (its hash, bands and sketch) lies beside its part, so that a part is read
once however often more rows are added; texts are read again only of candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tunesmith.dedup import minhash
from tunesmith.dedup.bands import Bands
from tunesmith.dedup.forest import Forests
from tunesmith.dedup.groups import equal_groups
from tunesmith.dedup.index import Parts, rows_by_part
from tunesmith.dedup.near import (
    Links,
    NearConfig,
    band_names,
    find_links,
    searched,
    searched_names,
)
from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.spill import I64, U64, Lists, Notes
from tunesmith.engine import Task
from tunesmith.hashing import text_hashes
from tunesmith.store.cache import Stage
from tunesmith.store.columns import Columns

#: Raised when what is known becomes another for the same texts and settings.
VERSION = 2

_HASHES = ["text_high", "text_low"]


class IndexTexts(Task):
    """Hashes, bands and sketches of the texts of one part."""

    kind: ClassVar[str] = "index_texts"

    stage: Path
    """The stage that holds the records."""
    number: int
    """The part."""
    columns: list[str]
    """The columns of a text, together."""
    near: NearConfig
    """How near texts are found."""
    output: Path
    """The file."""

    def run(self) -> int:
        """Write the file."""
        frame = Stage(self.stage).frame(self.number, self.columns)
        texts = comparable(frame, self.columns)
        values = np.concatenate([text_hashes(texts), searched(texts, self.near)])
        Columns([], files=[self.output]).write(0, values)
        return frame.height


@dataclass(frozen=True)
class Texts:
    """The texts of all parts.

    Args:
        parts: Records.
        columns: The columns of a text, together.
        near: How near texts are found.
        files: What `IndexTexts` wrote, part after part.
    """

    parts: Parts
    columns: list[str]
    near: NearConfig
    files: Sequence[Path]

    @cached_property
    def _columns(self) -> Columns:
        return Columns([*_HASHES, *searched_names(self.near)], files=self.files)

    def hashes(self, where: NDArray[np.bool_] | None = None) -> U64:
        """The 128-bit hashes of the texts (of all rows, or where the mask is true): halves."""
        known, count = self._columns, len(self.parts)
        return np.stack([known.column(name, count, where) for name in _HASHES])

    def links(self, among: NDArray[np.bool_], folder: Path, forests: Forests | None) -> Links:
        """Pairs of equal and nearly equal texts that join rows into clusters.

        Of rows with one text the first is compared with others, for all of them.

        Args:
            among: The rows that are compared; those without a word never are.
            folder: For what is spilled.
            forests: Pairs of the last search.
        """
        known, count = self._columns, len(self.parts)
        names, offsets = band_names(self.near), known.offsets(count)
        high, low = self.hashes()
        compared = among & ((high | low) != 0)
        firsts, others = _equal(high, low, np.flatnonzero(compared))
        compared[others] = False
        bands = Bands(known, names, count, compared)
        folder.mkdir(parents=True, exist_ok=True)

        def shingles(candidates: I64) -> Lists:
            lists = Lists(folder / "shingles.u64")
            for number, mine in rows_by_part(offsets, candidates):
                texts = comparable(self.parts.frame(number, self.columns)[mine], self.columns)
                lists.append(*minhash.shingles(texts, self.near.shingle_words))
            lists.close()
            return lists

        links = find_links(
            bands.of,
            self.near,
            total=len(compared),
            shingles=shingles,
            notes=Notes(folder),
            known=None if forests is None else forests.read(offsets, compared),
            grown=bands,
        )
        if forests is not None:
            forests.write(offsets, compared, links)
        links.cluster[others] = links.cluster[firsts]
        return Links(
            np.concatenate([firsts, links.left]),
            np.concatenate([others, links.right]),
            np.concatenate([np.ones(len(others)), links.similarity]),
            links.cluster,
        )


def _equal(high: U64, low: U64, rows: I64) -> tuple[I64, I64]:
    """The first of some rows (numbers, rising) with a text, for each other one that has it."""
    members, starts = equal_groups(high[rows], low[rows])
    firsts = np.repeat(members[starts[:-1]], np.diff(starts))
    others = members != firsts
    return rows[firsts[others]], rows[members[others]]
