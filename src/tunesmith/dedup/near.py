"""Near duplicates: candidates by MinHash bands, each verified by its true Jaccard similarity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tunesmith.config import Config
from tunesmith.dedup import linking, minhash, sketch
from tunesmith.dedup.bands import Bands
from tunesmith.dedup.forest import Known
from tunesmith.dedup.spill import GATHERED, I64, U64, Lists, Notes
from tunesmith.store.columns import Columns

#: Texts whose signatures are held at a time.
SLICE_ROWS = 16_384


class NearConfig(Config):
    """How near duplicates are found."""

    threshold: float = Field(default=0.8, gt=0, le=1)
    """The least Jaccard similarity of two duplicates."""
    shingle_words: int = Field(default=5, ge=1)
    """Words in a shingle; a shorter text is one shingle."""
    permutations: Literal[64, 128, 256] = 128
    """Hash functions in a signature."""
    band_rows: int = Field(default=6, ge=1, le=16)
    """Places of the signature in a band. With 128 and 6 there are 21 bands, which make a pair of
    similarity 0.8 a candidate with probability 0.998 (16 bands of 8: 0.947)."""
    seed: int = 1
    """Seeds the hash functions."""

    @property
    def bands(self) -> int:
        """The number of whole bands."""
        return self.permutations // self.band_rows


@dataclass(frozen=True)
class Links:
    """Verified pairs that join rows into clusters.

    `left`, `right` are row numbers, `similarity` the true Jaccard similarity of each pair;
    `cluster[row]` is the smallest row number of the cluster that a row belongs to; `band` is the
    band that each pair was found in, where it is known.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    similarity: NDArray[np.float64]
    cluster: NDArray[np.int64]
    band: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def bands_of(texts: pl.Series, config: NearConfig) -> U64:
    """The band hashes of comparable texts, shape (bands, texts)."""
    return searched(texts, config)[: config.bands]


def searched(texts: pl.Series, config: NearConfig) -> U64:
    """What comparable texts are searched by, shape (`searched_names`, texts)."""
    signature, sketches = minhash.sketched(
        texts, config.shingle_words, functions=config.permutations, seed=config.seed
    )
    hashes = minhash.band_hashes(signature, bands=config.bands, rows=config.band_rows)
    return np.ascontiguousarray(np.concatenate([hashes.T, sketches.T]))


def band_rows_for(threshold: float, permutations: int = 128) -> int:
    """The most places in a band that make a pair at the threshold a candidate in 99 of 100 cases.

    A pair of similarity s meets in one of b bands of r places with probability 1 - (1 - s^r)^b.
    """
    for rows in range(6, 1, -1):
        if 1 - (1 - threshold**rows) ** (permutations // rows) >= 0.99:
            return rows
    return 1


def band_names(config: NearConfig) -> list[str]:
    """The names that the bands have among spilled columns."""
    return [f"band{number:02d}" for number in range(config.bands)]


def searched_names(config: NearConfig) -> list[str]:
    """The columns of what texts are searched by: the bands, and their sketches."""
    return [*band_names(config), *sketch.NAMES]


def link(texts: pl.Series, config: NearConfig, *, folder: Path | None = None) -> Links:
    """Find the clusters of near duplicates among comparable texts.

    Args:
        texts: Comparable texts; empty ones are nobody's duplicate.
        config: Thresholds and sizes.
        folder: Where what is known of each row is spilled; without it, it is held in memory.
    """
    names = band_names(config)
    columns = Columns(names, folder)
    parts = 0
    for start in range(0, texts.len(), SLICE_ROWS):
        columns.write(parts, bands_of(texts.slice(start, SLICE_ROWS), config))
        parts += 1
    filled = (texts.fill_null("").str.len_bytes() > 0).to_numpy()

    def shingles(candidates: I64) -> Lists:
        lists = Lists(None if folder is None else folder / "shingles.u64")
        for start in range(0, len(candidates), SLICE_ROWS):
            some = texts.gather(candidates[start : start + SLICE_ROWS])
            lists.append(*minhash.shingles(some, config.shingle_words))
        lists.close()
        return lists

    return find_links(
        Bands(columns, names, parts, filled).of,
        config,
        total=texts.len(),
        shingles=shingles,
        notes=Notes(folder),
    )


def find_links(
    band: Callable[[int], tuple[U64, I64]],
    config: NearConfig,
    *,
    total: int,
    shingles: Callable[[I64], Lists],
    notes: Notes,
    fixed: NDArray[np.bool_] | None = None,
    known: Known | None = None,
    grown: Bands | None = None,
) -> Links:
    """Find the clusters of near duplicates with one band in memory at a time.

    Args:
        band: Gives the hashes of one band and the rows that have them, rising.
        config: Thresholds and sizes.
        total: The number of all rows.
        shingles: Gives the shingles of some rows (numbers, rising); asked once, for candidates.
        notes: Where buckets are kept between the search and the verification.
        fixed: Rows that are never compared with each other, one flag for each of `total`.
        known: Pairs of an earlier search: rows that it has compared are not compared again, and
            `fixed` is not looked at.
        grown: The bands and sketches of all rows, from which those that may be near one that is not
            known are found; needed where `known` is given.

    Raises:
        ValueError: Pairs are known, but not the bands of the rows.
    """
    parents = np.arange(total, dtype=np.int64)
    wanted = np.zeros(total, dtype=bool)
    for number, (hashes, rows) in enumerate(_bands(band, config, known, grown)):
        members, starts = buckets(hashes, rows)
        wanted[members] = True
        notes.write(f"members-{number:02d}", members)
        notes.write(f"starts-{number:02d}", starts)
    candidates = np.flatnonzero(wanted)
    none = np.empty(0, np.int64)
    if not len(candidates):
        return Links(none, none, np.empty(0), parents)
    if known is None or grown is None:
        lists = shingles(candidates)
    else:
        read = _perhaps_near(config, known, grown, notes)
        lists = shingles(np.flatnonzero(read)).among(read[candidates])
    del wanted
    local = np.arange(len(candidates), dtype=np.int64)
    places = np.empty(total, dtype=np.int64)  # of candidates; of others it is never read
    places[candidates] = local
    pinned = np.zeros(len(candidates), dtype=bool) if fixed is None else fixed[candidates]
    found: list[tuple[I64, I64, NDArray[np.float64]]] = []
    bands: list[I64] = [none]
    for number in range(config.bands):
        members = places[notes.read(f"members-{number:02d}")]
        starts = notes.read(f"starts-{number:02d}")
        before = None if known is None else _local(known.of_band(number), candidates, places)
        for edges in verify(members, starts, lists, config.threshold, local, pinned, before):
            found.append(edges)
            bands.append(np.full(len(edges[0]), number, dtype=np.int64))
    parents[candidates] = candidates[linking.roots(local)]
    return Links(
        candidates[np.concatenate([left for left, _, _ in found] or [none])],
        candidates[np.concatenate([right for _, right, _ in found] or [none])],
        np.concatenate([values for _, _, values in found] or [np.empty(0)]),
        parents,
        np.concatenate(bands),
    )


def _bands(
    band: Callable[[int], tuple[U64, I64]],
    config: NearConfig,
    known: Known | None,
    grown: Bands | None,
) -> Iterable[tuple[U64, I64]]:
    if known is None:
        return map(band, range(config.bands))
    if grown is None:
        raise ValueError("pairs are known, but not the bands of the rows")
    return grown.met(known)


def _perhaps_near(
    config: NearConfig, known: Known, grown: Bands, notes: Notes
) -> NDArray[np.bool_]:
    """Which rows share a bucket with a new one and may be near it."""
    total, all_notes = len(known.clean), range(config.bands)
    met = np.zeros(total, dtype=bool)
    for number in all_notes:
        members, starts = notes.read(f"members-{number:02d}"), notes.read(f"starts-{number:02d}")
        met[linking.has_new(members, starts, known.clean)] = True
    rows = np.flatnonzero(met)
    sketches = grown.sketches(rows)
    places = np.empty(total, dtype=np.int64)  # of rows that are met; of others it is never read
    places[rows] = np.arange(len(rows))
    near = np.zeros(total, dtype=bool)
    for number in all_notes:
        members, starts = notes.read(f"members-{number:02d}"), notes.read(f"starts-{number:02d}")
        sketch.perhaps_near(members, starts, known.clean, places, sketches, config.threshold, near)
    return near


def _local(known: Known, candidates: I64, places: I64) -> Known:
    """The pairs of a band with candidates counted by their places."""
    left, right = places[known.left], places[known.right]
    return Known(known.clean[candidates], known.band, left, right, known.similarity)


def verify(
    places: I64,
    starts: I64,
    lists: Lists,
    threshold: float,
    parents: I64,
    pinned: NDArray[np.bool_],
    known: Known | None = None,
) -> Iterator[tuple[I64, I64, NDArray[np.float64]]]:
    """Verify the buckets of one band, as many at a time as their shingles leave memory for."""
    members, starts = linking.open_buckets(places, starts, parents)
    reached = np.r_[0, np.cumsum(lists.ends[members + 1] - lists.ends[members])][starts]
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(reached, reached[first] + GATHERED, side="right")) - 1
        last = max(last, first + 1)
        mine = members[starts[first] : starts[last]]
        if reached[last] - reached[first] > GATHERED:  # one bucket that is larger than the room
            (flat, ends), slots = lists.whole(), mine
        else:
            wanted = np.zeros(len(parents), dtype=bool)
            wanted[mine] = True
            flat, ends = lists.gather(np.flatnonzero(wanted))
            slots = np.cumsum(wanted)[mine] - 1
        begins = starts[first : last + 1] - starts[first]
        if known is None:
            yield linking.link_buckets(mine, slots, begins, flat, ends, threshold, parents, pinned)
        else:
            pairs = known.clean, known.left, known.right, known.similarity
            yield linking.link_new(mine, slots, begins, flat, ends, threshold, parents, *pairs)
        first = last


def buckets(hashes: U64, numbers: I64) -> tuple[I64, I64]:
    """The groups of rows (two or more) that share a hash: members, and where each group begins."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    del ordered
    edges = np.flatnonzero(np.r_[True, ~same, True]) if len(order) else np.zeros(1, np.int64)
    sizes = np.diff(edges)
    shared = np.repeat(sizes > 1, sizes)
    members = numbers[order[shared]]
    starts = np.r_[0, np.cumsum(sizes[sizes > 1])].astype(np.int64)
    return members, starts
