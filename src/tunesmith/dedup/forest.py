"""The verified pairs of an earlier search, so that the next one verifies new rows alone.

A search keeps each verified pair that joins two clusters, in the order of bands, buckets and rows:
Kruskal's minimum spanning forest (1956) with the place in that order as the weight. More rows add
pairs and change no order, and a pair that closed a cycle closes it still. So the forest of all rows
is the forest of the earlier forest's pairs and of the pairs with a new row: the very one that a
search from the beginning finds.

When a row is gone, pairs that it had joined may be missing: the rows of its cluster count as new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.dedup.linking import join_pairs, roots
from tunesmith.dedup.spill import I64
from tunesmith.io import atomic_write

if TYPE_CHECKING:
    from tunesmith.dedup.near import Links

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Known:
    """What an earlier search says of the rows of this one.

    `clean[row]` is true for a row all whose pairs with other clean rows are known; `band`, `left`,
    `right`, `similarity` are those that joined clusters, by band and row.
    """

    clean: Mask
    band: I64
    left: I64
    right: I64
    similarity: NDArray[np.float64]

    def paired(self, number: int) -> Mask:
        """Which rows are of a pair of one band."""
        pairs = self.of_band(number)
        found = np.zeros(len(self.clean), dtype=bool)
        found[pairs.left] = found[pairs.right] = True
        return found

    def of_band(self, number: int) -> Known:
        """The pairs of one band, by left and right row."""
        first, last = np.searchsorted(self.band, [number, number + 1])
        some = slice(int(first), int(last))
        return Known(
            self.clean, self.band[some], self.left[some], self.right[some], self.similarity[some]
        )


class Forests:
    """Where the forest of a search lies until the next one.

    Args:
        path: A file for searches with these settings.
        parts: Names of the parts, in order; equal names are equal rows.
    """

    def __init__(self, path: Path, parts: Sequence[str]) -> None:
        self.path, self.parts = path, list(parts)

    def read(self, offsets: I64, compared: Mask) -> Known | None:
        """What the last search says of these rows; None where there is none to go by.

        Args:
            offsets: The row that each part begins with, and the number of rows.
            compared: Which rows are compared.
        """
        if not self.path.exists():
            return None
        with np.load(self.path) as file:
            old = {name: file[name] for name in file.files}
        places = _places(old["parts"].tolist(), self.parts)
        if places is None:
            return None
        moved = _moved(old["offsets"], offsets, places)
        return _known(old, moved, compared)

    def write(self, offsets: I64, compared: Mask, links: Links) -> None:
        """Keep the forest of a search."""
        with atomic_write(self.path) as file:
            np.savez(
                file,
                parts=np.array(self.parts, dtype=str),
                offsets=offsets,
                compared=compared,
                band=links.band,
                left=links.left,
                right=links.right,
                similarity=links.similarity,
            )


def _places(before: list[str], now: list[str]) -> I64 | None:
    """Where each earlier part is now (-1: gone); None where their order is another."""
    where = {name: place for place, name in enumerate(now)}
    places = np.array([where.get(name, -1) for name in before], dtype=np.int64)
    there = places[places >= 0]
    if not len(there) or (np.diff(there) <= 0).any():
        return None
    return places


def _moved(before: I64, now: I64, places: I64) -> I64:
    """The number that each earlier row has now, -1 for one that is gone."""
    moved = np.full(int(before[-1]), -1, dtype=np.int64)
    for part, place in enumerate(places.tolist()):
        if place >= 0:
            size = int(before[part + 1] - before[part])
            moved[int(before[part]) : int(before[part + 1])] = now[place] + np.arange(size)
    return moved


def _known(old: dict[str, Any], moved: I64, compared: Mask) -> Known:
    was: Mask = old["compared"]
    left, right = old["left"], old["right"]
    parents = np.arange(len(was), dtype=np.int64)
    join_pairs(parents, left, right)
    trees = roots(parents)
    stays = was & (moved >= 0)
    stays[stays] = compared[moved[stays]]
    broken = np.zeros(len(was), dtype=bool)
    broken[trees[was & ~stays]] = True
    whole = stays & ~broken[trees]
    clean = np.zeros(len(compared), dtype=bool)
    clean[moved[whole]] = True
    kept = np.flatnonzero(whole[left])
    kept = kept[np.lexsort((right[kept], left[kept], old["band"][kept]))]
    return Known(
        clean,
        old["band"][kept].astype(np.int64),
        moved[left[kept]],
        moved[right[kept]],
        old["similarity"][kept],
    )
