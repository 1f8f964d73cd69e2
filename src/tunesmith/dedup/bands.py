"""What the rows that are compared are searched by, read one band at a time or all for new rows.

Where an earlier search has compared most rows, only those matter that share a hash with a new one.
New hashes are few: a Bloom filter of each band is small enough for the processor's cache, and every
part is read once, for all bands together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.dedup.forest import Known, Mask
from tunesmith.dedup.sketch import NAMES, WORDS
from tunesmith.dedup.spill import I64, U64
from tunesmith.kernels import kernel
from tunesmith.store.columns import Columns

#: New rows times bands that are searched for at a time: their filters take `_BITS` / 8 bytes each.
SEARCHED = 2**21
#: Bits of a filter for each new row: of other rows one in so many is found without need.
_BITS = 128
#: Bits of a filter at most.
_MOST = 2**31
#: Bands that are searched at a time at most: a row's pairs are bits of one number.
_AT_ONCE = 64


@dataclass(frozen=True)
class Bands:
    """Bands of hashes.

    Args:
        columns: What is known of all rows; the bands lie side by side in it, and so do the words of
            the sketches.
        names: The bands' columns, in order.
        parts: The number of parts.
        compared: Which rows are compared.
    """

    columns: Columns
    names: Sequence[str]
    parts: int
    compared: Mask

    def of(self, number: int) -> tuple[U64, I64]:
        """One band of the rows that are compared: their hashes and numbers, rising."""
        hashes = self.columns.column(self.names[number], self.parts, self.compared)
        return hashes, np.flatnonzero(self.compared)

    def sketches(self, rows: I64) -> U64:
        """The sketches of some rows (numbers, rising), shape (rows, `sketch.WORDS`)."""
        offsets = self.columns.offsets(self.parts)
        found = np.empty((len(rows), WORDS), dtype=np.uint64)
        bounds = np.searchsorted(rows, offsets).tolist()
        for number, (begin, end) in enumerate(itertools.pairwise(bounds)):
            if end > begin:
                words = self.columns.block(number, NAMES[0], WORDS)
                found[begin:end] = words[:, rows[begin:end] - offsets[number]].T
        return found

    def met(self, known: Known) -> Iterator[tuple[U64, I64]]:
        """Hashes and numbers (rising) of the rows that may share a bucket with a new row.

        Rows of a known pair of the band are among them, and few others. One band after the other.
        """
        new = int(np.count_nonzero(self.compared & ~known.clean))
        at_once = int(np.clip(SEARCHED // max(1, new), 1, _AT_ONCE))
        for first in range(0, len(self.names), at_once):
            yield from self._met(known, first, min(first + at_once, len(self.names)), new)

    def _met(self, known: Known, first: int, last: int, new: int) -> Iterator[tuple[U64, I64]]:
        """`met` for some of the bands."""
        offsets = self.columns.offsets(self.parts)
        filters = self._filters(known, first, last, new)
        paired = np.zeros(len(self.compared), dtype=np.uint64)
        begin, end = np.searchsorted(known.band, [first, last])
        _mark(known.band[begin:end] - first, known.left[begin:end], paired)
        _mark(known.band[begin:end] - first, known.right[begin:end], paired)
        found: list[list[tuple[U64, I64]]] = [[] for _ in range(first, last)]
        room = np.empty((last - first, int(np.diff(offsets).max(initial=0))), dtype=np.int64)
        for number in range(self.parts):
            rows = slice(int(offsets[number]), int(offsets[number + 1]))
            block = self.columns.block(number, self.names[first], last - first)
            counts = _pick(block, self.compared[rows], paired[rows], filters, room)
            for band, count in enumerate(counts.tolist()):
                if count:
                    places = room[band, :count]
                    found[band].append((block[band][places], places + offsets[number]))
        for some in found:
            yield (
                np.concatenate([hashes for hashes, _ in some] or [np.empty(0, np.uint64)]),
                np.concatenate([numbers for _, numbers in some] or [np.empty(0, np.int64)]),
            )

    def _filters(self, known: Known, first: int, last: int, new: int) -> U64:
        """A Bloom filter of the new rows' hashes for each band, shape (bands, 64-bit words)."""
        bits = 1024
        while bits < _BITS * new and bits < _MOST:
            bits *= 2
        filters = np.zeros((last - first, bits // 64), dtype=np.uint64)
        offsets = self.columns.offsets(self.parts)
        wanted = self.compared & ~known.clean
        for number in range(self.parts):
            places = np.flatnonzero(wanted[offsets[number] : offsets[number + 1]])
            if len(places):
                _fill(self.columns.block(number, self.names[first], last - first), places, filters)
        return filters


@kernel
def _mark(bands: Any, rows: Any, paired: Any) -> None:
    for place in range(len(rows)):
        paired[rows[place]] |= np.uint64(1) << np.uint64(bands[place])


@kernel
def _fill(block: Any, places: Any, filters: Any) -> None:
    mask = np.uint64(64 * filters.shape[1] - 1)
    for band in range(len(block)):
        for place in places:
            bit = block[band, place] & mask
            filters[band, bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))


@kernel
def _pick(block: Any, compared: Any, paired: Any, filters: Any, room: Any) -> Any:
    """The rows of a part whose hash may be in a band's filter, or that are paired in it.

    Returns:
        How many there are in each band; their places are in `room`, rising.
    """
    counts = np.zeros(len(block), dtype=np.int64)
    mask = np.uint64(64 * filters.shape[1] - 1)
    one = np.uint64(1)
    for band in range(len(block)):
        count = 0
        for row in range(block.shape[1]):
            bit = block[band, row] & mask
            met = (filters[band, bit >> np.uint64(6)] >> (bit & np.uint64(63))) & one
            met |= (paired[row] >> np.uint64(band)) & one
            if met != np.uint64(0) and compared[row]:
                room[band, count] = row
                count += 1
        counts[band] = count
    return counts
