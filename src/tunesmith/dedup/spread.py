"""Near-duplicate clustering on a cluster: pieces of work that meet in a folder all machines see.

One machine joins rows band after band, bucket after bucket, and keeps each verified pair that
joins two clusters: Kruskal's algorithm (1956) over the candidate pairs in that order. The edges
that Kruskal drops within a group of buckets close a cycle of earlier edges, so he would drop them
over all buckets too. Groups may therefore be worked on apart, each for its own forest, and
Kruskal over the forests' edges, in the order of the groups, gives the very edges that one machine
finds.

Groups are one band each, and of a large band one range of its hashes. They are verified in
waves of 1, 2, 4, … bands: what a wave joined is not verified again by the next. Where pairs of an
earlier search are known (see `forest`), they take the place of all pairs of the rows it compared.
The one process that joins the edges holds 8 bytes a row (the forest), a few flags a row, and 24
bytes an edge.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunesmith.config import Config
from tunesmith.dedup import index, linking, minhash
from tunesmith.dedup.against import EvaluationSet
from tunesmith.dedup.against import read as read_set
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.earlier import EarlierRows
from tunesmith.dedup.forest import Known
from tunesmith.dedup.near import Links, NearConfig, band_names, buckets, verify
from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.spill import I64, U64, Lists
from tunesmith.engine import Cluster, Task
from tunesmith.io import atomic_write, read_json
from tunesmith.store.cache import Stage
from tunesmith.store.columns import Columns

#: Rows of one group of buckets, about: their hashes and numbers take 16 bytes each, and as much
#: again while they are sorted.
SHARD_ROWS = 2**26

#: A verified pair.
EDGE = np.dtype([("left", np.int64), ("right", np.int64), ("similarity", np.float64)])


class Layout(Config):
    """Where everything lies; every piece of work has it."""

    rows: Path
    """The stage of the run cache that holds the records."""
    folder: Path
    """Where the index is spilled."""
    config: DedupConfig
    """What counts as the same."""
    base: Path
    """The folder that the paths of `config.against` start from."""
    earlier: list[Path] = []
    """The indexes of earlier versions, oldest first."""
    files: Path | None = None
    """A JSON list: for each part, the file that keeps its index."""

    @property
    def near(self) -> NearConfig:
        """How near duplicates are found."""
        if self.config.near is None:
            raise ValueError("near duplicates are turned off")
        return self.config.near

    def known(self) -> index.Index:
        """What is known of each row."""
        files = None if self.files is None else _listed(self.files)
        return index.Index(self.config, self.folder, files)

    def columns(self) -> Columns:
        """What is known of each row by itself."""
        return self.known().own

    def save(self, name: str, values: NDArray[Any]) -> None:
        """Write an array, atomically: another run of the same work may be writing it too."""
        with atomic_write(self.folder / f"{name}.npy") as file:
            np.save(file, values)

    def load(self, name: str) -> NDArray[Any]:
        """Map an array that was saved."""
        mapped: NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        return mapped

    def save_known(self, known: Known) -> None:
        """Write what an earlier search says."""
        for name, values in vars(known).items():
            self.save(f"known-{name}", values)

    def known_among(self, rows: I64, band: int) -> Known:
        """What an earlier search says of some rows (numbers, rising) in one band, by their places.

        Of the pairs those are given of which both rows are among them.
        """
        names = ("clean", "band", "left", "right", "similarity")
        pairs = Known(*(self.load(f"known-{name}") for name in names)).of_band(band)
        inside = np.isin(pairs.left, rows) & np.isin(pairs.right, rows)
        left, right = (np.searchsorted(rows, every[inside]) for every in (pairs.left, pairs.right))
        return Known(pairs.clean[rows], pairs.band[inside], left, right, pairs.similarity[inside])


class Group(Config):
    """The buckets of one band whose hashes are in a range."""

    band: int
    """The band's number."""
    first: int
    """The lowest hash."""
    last: int
    """The highest hash."""

    grown: bool = False
    """Whether pairs of an earlier search are known."""

    @property
    def name(self) -> str:
        """Names the group's files."""
        return f"{self.band:02d}-{self.first:016x}"


class IndexPart(Task):
    """Hashes, sort keys and bands of the rows of one part."""

    kind: ClassVar[str] = "dedup_index"

    layout: Layout
    """Where everything lies."""
    number: int
    """The part."""

    def run(self) -> int:
        """Write the part's columns."""
        layout = self.layout
        sets, earlier = _opened(layout.model_dump_json())
        rows = Stage(layout.rows)
        return layout.known().build(rows, self.number, layout.config, sets, earlier)


class FindBuckets(Task):
    """The rows that share a hash of one band with another row."""

    kind: ClassVar[str] = "dedup_buckets"

    layout: Layout
    """Where everything lies."""
    group: Group
    """Which buckets."""

    def run(self) -> int:
        """Write members, bucket after bucket, where each bucket begins, and who is compared."""
        layout, group = self.layout, self.group
        hashes, rows = self._in_range()
        if group.grown:
            return self._write_grown(hashes, rows)
        _, earlier = _opened(layout.model_dump_json())
        if earlier is not None:
            theirs, numbers = earlier.meeting(band_names(layout.near)[group.band], hashes)
            hashes = np.concatenate([hashes, theirs])
            rows = np.concatenate([rows, numbers + int(layout.load("offsets")[-1])])
        return self._write(*buckets(hashes, rows))

    def _write_grown(self, hashes: U64, rows: I64) -> int:
        """The buckets that have a new row or a known pair."""
        known = self.layout.known_among(rows, self.group.band)
        places = np.arange(len(rows), dtype=np.int64)
        some = linking.perhaps_joined(hashes, places, known.clean, known.paired(self.group.band))
        members, starts = buckets(hashes[some], places[some])
        compared = rows[linking.has_new(members, starts, known.clean)]
        return self._write(rows[members], starts, compared)

    def _write(self, members: I64, starts: I64, compared: I64 | None = None) -> int:
        layout, name = self.layout, self.group.name
        layout.save(f"members-{name}", members)
        layout.save(f"starts-{name}", starts)
        layout.save(f"compared-{name}", members if compared is None else compared)
        return len(members)

    def _in_range(self) -> tuple[U64, I64]:
        """The hashes in the range, and their rows, rising."""
        offsets, compared = self.layout.load("offsets"), self.layout.load("compared")
        columns = self.layout.columns()
        place = columns.names.index(band_names(self.layout.near)[self.group.band])
        low, high = np.uint64(self.group.first), np.uint64(self.group.last)
        hashes, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for number in range(len(offsets) - 1):
            mine = columns.part(number)[place]
            begin, end = int(offsets[number]), int(offsets[number + 1])
            chosen = np.flatnonzero(compared[begin:end] & (mine >= low) & (mine <= high))
            hashes.append(mine[chosen])
            rows.append(chosen + begin)
        return np.concatenate(hashes), np.concatenate(rows)


class WriteShingles(Task):
    """The shingles of those rows of one part that are candidates."""

    kind: ClassVar[str] = "dedup_shingles"

    layout: Layout
    """Where everything lies."""
    number: int
    """The part."""

    def run(self) -> int:
        """Write the shingles, row after row, and where each row's end."""
        layout, config = self.layout, self.layout.config
        mine = _candidates(layout, self.number)
        frame = Stage(layout.rows).frame(self.number, list(dict.fromkeys(config.columns)))[mine]
        texts = comparable(frame, list(config.columns))
        flat, ends = minhash.shingles(texts, layout.near.shingle_words)
        with atomic_write(_shingle_file(layout, self.number)) as file:
            file.write(flat.tobytes())
        layout.save(f"ends-{self.number:05d}", ends)
        return len(mine)


class VerifyBuckets(Task):
    """The pairs of some buckets whose true similarity reaches the threshold: their forest."""

    kind: ClassVar[str] = "dedup_verify"

    layout: Layout
    """Where everything lies."""
    group: Group
    """Which buckets."""

    def run(self) -> int:
        """Write the edges, in the order they were found."""
        layout, group = self.layout, self.group
        members, starts = layout.load(f"members-{group.name}"), layout.load(f"starts-{group.name}")
        rows, places = np.unique(members, return_inverse=True)
        members, starts = linking.open_buckets(
            places.astype(np.int64), np.array(starts), _forest(layout, rows)
        )
        used = np.unique(members)
        edges = np.empty(0, EDGE)
        if len(used):
            places = np.searchsorted(used, members)
            edges = self._verified(rows[used], places, starts)
        layout.save(f"edges-{group.name}", edges)
        return len(edges)

    def _verified(self, rows: I64, places: I64, starts: I64) -> NDArray[Any]:
        layout, group = self.layout, self.group
        fixed = rows >= int(layout.load("offsets")[-1])
        known = layout.known_among(rows, group.band) if group.grown else None
        found = [np.empty(0, EDGE)]
        # Hashes of words, not words, and on the machine's own disk: they are read at random.
        with tempfile.TemporaryDirectory(prefix="tunesmith-") as folder:
            lists = _shingles(layout, rows, Path(folder) / "shingles.u64")
            for left, right, similarity in verify(
                places, starts, lists, layout.near.threshold, _forest(layout, rows), fixed, known
            ):
                edges = np.empty(len(left), EDGE)
                edges["left"], edges["right"] = rows[left], rows[right]
                edges["similarity"] = similarity
                found.append(edges)
        return np.concatenate(found)


class Spread:
    """The two passes over all parts that a cluster takes over from one process.

    Args:
        cluster: Where the work is done.
        layout: Where everything lies.
        parts: How many parts there are.
        shard_rows: Rows of one group of buckets, about.
    """

    def __init__(
        self, cluster: Cluster, layout: Layout, parts: int, *, shard_rows: int = SHARD_ROWS
    ) -> None:
        self.cluster, self.layout, self.parts = cluster, layout, parts
        self.shard_rows = shard_rows

    def index(self, advance: Callable[[], None]) -> None:
        """Write the index of every part that has none yet; `advance` is called for each part."""
        known = self.layout.known()
        held = bool(self.layout.config.against or self.layout.earlier)
        missing = [number for number in range(self.parts) if not known.has(number, held=held)]
        for _ in range(self.parts - len(missing)):
            advance()
        tasks = [IndexPart(layout=self.layout, number=number) for number in missing]
        for _ in self.cluster.run(tasks):
            advance()

    def links(
        self, offsets: I64, compared: NDArray[np.bool_], total: int, known: Known | None = None
    ) -> Links:
        """Find the clusters of near duplicates, as `near.find_links` does.

        Args:
            offsets: The row that each part begins with, and the number of rows.
            compared: Which of these rows are compared.
            total: The number of rows, those of earlier versions included.
            known: Pairs of an earlier search; there are no earlier versions then.
        """
        layout = self.layout
        layout.save("offsets", offsets)
        layout.save("compared", compared)
        if known is not None:
            layout.save_known(known)
        bands = self._groups(int(compared.sum()), grown=known is not None)
        groups = [group for band in bands for group in band]
        wanted = np.zeros(total, dtype=bool)
        tasks = [FindBuckets(layout=layout, group=group) for group in groups]
        for group, members in zip(groups, self.cluster.run(tasks), strict=True):
            if members:
                wanted[layout.load(f"compared-{group.name}")] = True
        here = int(offsets[-1])
        layout.save("candidates", wanted[:here])
        touched = [
            number
            for number in range(self.parts)
            if wanted[offsets[number] : offsets[number + 1]].any()
        ]
        for _ in self.cluster.run([WriteShingles(layout=layout, number=n) for n in touched]):
            pass
        return self._joined(bands, total)

    def _groups(self, rows: int, *, grown: bool) -> list[list[Group]]:
        """The groups of each band, in the order of their hashes."""
        shards = max(1, -(-rows // self.shard_rows))
        edges = [2**64 * shard // shards for shard in range(shards + 1)]
        return [
            [
                Group(band=band, first=first, last=end - 1, grown=grown)
                for first, end in itertools.pairwise(edges)
            ]
            for band in range(self.layout.near.bands)
        ]

    def _joined(self, bands: list[list[Group]], total: int) -> Links:
        """Verify the buckets wave after wave; join what was found in the order of the groups."""
        parents = np.arange(total, dtype=np.int64)
        found, numbers = [np.empty(0, EDGE)], [np.empty(0, np.int64)]
        for wave in _waves(bands):
            self.layout.save("roots", linking.roots(parents))
            tasks = [VerifyBuckets(layout=self.layout, group=group) for group in wave]
            for group, count in zip(wave, self.cluster.run(tasks), strict=True):
                if count:
                    edges = np.array(self.layout.load(f"edges-{group.name}"))
                    new = linking.join_new(
                        parents,
                        np.ascontiguousarray(edges["left"]),
                        np.ascontiguousarray(edges["right"]),
                    )
                    found.append(edges[new])
                    numbers.append(np.full(int(new.sum()), group.band, dtype=np.int64))
        edges = np.concatenate(found)
        return Links(
            np.ascontiguousarray(edges["left"]),
            np.ascontiguousarray(edges["right"]),
            np.ascontiguousarray(edges["similarity"]),
            linking.roots(parents),
            np.concatenate(numbers),
        )


def _waves(bands: list[list[Group]]) -> Iterator[list[Group]]:
    """The groups of 1, 2, 4, … bands."""
    first, size = 0, 1
    while first < len(bands):
        yield [group for band in bands[first : first + size] for group in band]
        first, size = first + size, 2 * size


@lru_cache(maxsize=1)
def _listed(path: Path) -> list[Path]:
    return [Path(name) for name in read_json(path)]


@lru_cache(maxsize=1)
def _opened(layout: str) -> tuple[list[EvaluationSet], EarlierRows | None]:
    """What rows are held against, read once by each process."""
    found = Layout.model_validate_json(layout)
    sets = [read_set(one, found.base) for one in found.config.against]
    return sets, EarlierRows(found.earlier) if found.earlier else None


def _candidates(layout: Layout, number: int) -> I64:
    """The candidates that are compared among the rows of one part, counted from its first."""
    offsets = layout.load("offsets")
    mine = layout.load("candidates")[int(offsets[number]) : int(offsets[number + 1])]
    return np.flatnonzero(mine)


def _shingle_file(layout: Layout, number: int) -> Path:
    return layout.folder / f"shingles-{number:05d}.u64"


def _forest(layout: Layout, rows: I64) -> I64:
    """The union-find forest of earlier waves, over some rows (numbers, rising) alone."""
    _, first, places = np.unique(layout.load("roots")[rows], return_index=True, return_inverse=True)
    parents: I64 = first[places].astype(np.int64)
    return parents


def _shingles(layout: Layout, rows: I64, path: Path) -> Lists:
    """The shingles of some candidates (numbers, rising), gathered from the files of their parts.

    A candidate that is not compared has none.
    """
    offsets = np.array(layout.load("offsets"))
    here = int(offsets[-1])
    there = np.ones(len(rows), dtype=bool)
    there[rows < here] = layout.load("candidates")[rows[rows < here]]
    rows = rows[there]
    cut = int(np.searchsorted(rows, here))
    lists = Lists(path)
    for number, mine in index.rows_by_part(offsets, rows[:cut]):
        ends = np.array(layout.load(f"ends-{number:05d}"))
        part = Lists.opened(_shingle_file(layout, number), ends)
        lists.append(*part.gather(np.searchsorted(_candidates(layout, number), mine)))
    _, earlier = _opened(layout.model_dump_json())
    if earlier is not None:
        earlier.shingles(rows[cut:] - here, lists)
    lists.close()
    return lists.among(there)
