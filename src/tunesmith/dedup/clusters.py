"""Merging duplicates in two passes over parts: what is known of each row, then the rows that stay.

Between the passes a row takes a few dozen bytes of memory, whatever its length: its hash, two sort
keys, its place in the union-find forest, and its fate. Everything else is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith import ledger
from tunesmith.dedup import index
from tunesmith.dedup.against import EvaluationSet
from tunesmith.dedup.bands import Bands
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.earlier import EarlierRows
from tunesmith.dedup.forest import Forests, Known
from tunesmith.dedup.groups import best_of, equal_groups, places_in, walk
from tunesmith.dedup.index import Parts
from tunesmith.dedup.near import Links, NearConfig, band_names, find_links
from tunesmith.dedup.semantic import Embedder, link_embedded
from tunesmith.dedup.spill import I64, U64, Lists, Notes
from tunesmith.dedup.spread import Spread
from tunesmith.dedup.told import Told
from tunesmith.ledger import Fate
from tunesmith.record import body

F64 = NDArray[np.float64]

#: Cluster sizes that are reported: the largest ones.
SIZES = 1_000


@dataclass(frozen=True)
class Removal:
    """Rows that one step removes, for one reason; arrays have one value for each row."""

    step: str
    fate: Fate
    reason: str
    rows: I64
    """Row numbers, rising."""
    value: F64 | None = None
    threshold: float | None = None
    similarity: F64 | None = None
    matched: I64 | None = None
    kept: I64 | None = None


@dataclass
class Found:
    """What was found about the rows of all parts."""

    parts: Parts
    columns: index.Index
    """What is known of each row; gone once its folder is removed."""
    offsets: I64
    """The row that each part begins with, and the number of all rows."""
    stays: NDArray[np.bool_]
    origins: Told
    """Gives what the ledger copies of rows."""
    earlier: EarlierRows | None = None
    """Rows of earlier versions: their numbers follow those of all rows here."""
    removals: list[Removal] = field(default_factory=list)
    near_sizes: list[int] = field(default_factory=list)
    _named: tuple[I64, pl.Series] | None = None

    def remove(self, removal: Removal) -> None:
        """Note rows that do not stay."""
        self.stays[removal.rows] = False
        if len(removal.rows):
            self.removals.append(removal)

    def fresh(self) -> NDArray[np.bool_]:
        """Rows that stay so far and that no earlier version has as they are."""
        if self.earlier is None:
            return self.stays
        new: NDArray[np.bool_] = self.columns.column("earlier", len(self.parts)) != index.KNOWN
        return self.stays & new

    def hashes(self, name: str, where: NDArray[np.bool_] | None = None) -> tuple[U64, U64]:
        """The 128-bit hashes of a text (of all rows, or where the mask is true): halves."""
        count = len(self.parts)
        return (
            self.columns.column(f"{name}_high", count, where),
            self.columns.column(f"{name}_low", count, where),
        )

    def outcome(self, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows of one part that stay, and the fates of its others."""
        return self.parts.frame(number).filter(pl.Series(self.staying(number))), self.fates(number)

    def staying(self, number: int) -> NDArray[np.bool_]:
        """Which rows of one part stay."""
        return self.stays[self.offsets[number] : self.offsets[number + 1]]

    def stands_for(self) -> I64:
        """The row that stands for each row: itself where it stays, -1 where no row here does."""
        total = len(self.stays)
        stands: I64 = np.arange(total)
        for removal in self.removals:
            stands[removal.rows] = -1 if removal.kept is None else removal.kept
        stands[stands >= total] = -1
        while True:
            further = np.where(stands < 0, -1, stands[stands])
            if np.array_equal(further, stands):
                return stands
            stands = further

    def fates(self, number: int) -> pl.DataFrame:
        """The fates of the rows of one part that do not stay."""
        begin, end = int(self.offsets[number]), int(self.offsets[number + 1])
        fates = [ledger.empty()]
        gone = np.flatnonzero(~self.stays[begin:end])
        if not len(gone):
            return fates[0]
        frame = self.origins.rows(number, gone)
        for removal in self.removals:
            first, last = np.searchsorted(removal.rows, [begin, end])
            if last > first:
                mine = frame[np.searchsorted(gone, removal.rows[first:last] - begin)]
                fates.append(self._fates(mine, removal, slice(first, last)))
        return pl.concat(fates)

    def removed_from(self, number: int) -> int:
        """How many rows of one part do not stay."""
        begin, end = self.offsets[number], self.offsets[number + 1]
        return int(end - begin - self.stays[begin:end].sum())

    def _fates(self, rows: pl.DataFrame, removal: Removal, some: slice) -> pl.DataFrame:
        def numbers(values: F64 | None) -> pl.Series | None:
            return None if values is None else pl.Series(values[some], dtype=pl.Float64)

        def ids(rows: I64 | None) -> pl.Series | None:
            return None if rows is None else self._ids(rows[some])

        limit = None
        if removal.threshold is not None:
            limit = pl.Series([removal.threshold], dtype=pl.Float64).new_from_index(0, rows.height)
        return ledger.fates(
            rows,
            step=removal.step,
            fate=removal.fate,
            reason=removal.reason,
            value=numbers(removal.value),
            threshold=limit,
            similarity=numbers(removal.similarity),
            matched_id=ids(removal.matched),
            kept_id=ids(removal.kept),
        )

    def _ids(self, rows: I64) -> pl.Series:
        """The identifiers of rows in any part; those that any fate names are looked up once."""
        if self._named is None:
            lists = [
                rows
                for removal in self.removals
                for rows in (removal.matched, removal.kept)
                if rows is not None
            ]
            wanted = np.unique(np.concatenate(lists))
            ids = ids_of(self.parts, self.offsets, wanted)
            if self.earlier is not None:
                beyond = wanted[wanted >= self.offsets[-1]] - self.offsets[-1]
                ids = pl.concat([ids, self.earlier.ids.gather(beyond)])
            self._named = wanted, ids
        wanted, ids = self._named
        return ids.gather(np.searchsorted(wanted, rows))


def ids_of(parts: Parts, offsets: I64, rows: I64) -> pl.Series:
    """The identifiers of some rows (numbers, rising)."""
    found = [pl.Series("id", [], dtype=pl.String)]
    for number, mine in index.rows_by_part(offsets, rows):
        found.append(parts.frame(number, ["id"]).get_column("id").gather(mine))
    return pl.concat(found)


def find(
    parts: Parts,
    config: DedupConfig,
    folder: Path | None = None,
    *,
    sets: list[EvaluationSet] | None = None,
    earlier: EarlierRows | None = None,
    embedder: Embedder | None = None,
    spread: Spread | None = None,
    files: Sequence[Path] | None = None,
    forests: Forests | None = None,
    origins: Told | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Found:
    """Find the duplicates among the rows of all parts: exact ones, then near ones.

    Args:
        parts: Records.
        config: What counts as the same.
        folder: Where the index is spilled and found again after a kill; without it, it is held in
            memory.
        sets: Other datasets whose rows may not be among these; see `config.against`.
        earlier: Rows of earlier versions: they stay, and what duplicates them is merged into them.
        embedder: Gives the vectors that `config.semantic` compares.
        spread: Takes over the passes over all parts, in the same folder; the outcome is the same.
        files: For each part, the file that keeps its index for the next time.
        forests: Verified pairs of the last time, and where to keep those of this one.
        origins: Gives what the ledger copies of rows; without it, their parts are read.
        advance: Called after each part of the first pass.
    """
    columns = index.Index(config, folder, files)
    if spread is None:
        index.build(parts, config, columns, sets or [], earlier, advance)
    else:
        spread.index(advance)
    offsets = columns.own.offsets(len(parts))
    origins = origins or Told(parts, ledger.ORIGIN)
    found = Found(parts, columns, offsets, np.ones(int(offsets[-1]), dtype=bool), origins, earlier)
    for removal in _against(found, sets or []):
        found.remove(removal)
    if config.exact:
        found.remove(_same_as_earlier(found))
        found.remove(_exact(found))
    if config.near is not None:
        _near(config, found, folder, spread, forests)
    if config.semantic is not None:
        if embedder is None:
            raise ValueError("semantic duplicates need an embedder")
        _semantic(config, config.semantic.threshold, embedder, found, folder)
    if config.max_same_answer is not None:
        found.remove(_templates(config.max_same_answer, found))
    return found


def _keys(found: Found, rows: I64) -> U64:
    """The sort keys of some rows (numbers, rising), shape (2, rows)."""
    here = rows[rows < len(found.stays)]
    wanted = np.zeros(len(found.stays), dtype=bool)
    wanted[here] = True
    count = len(found.parts)
    keys = np.zeros((2, len(rows)), dtype=np.uint64)
    keys[:, : len(here)] = np.stack(
        [found.columns.column(name, count, wanted) for name in ("key0", "key1")]
    )
    return keys


def _same(found: Found, name: str, at_least: int) -> tuple[I64, I64, I64, U64]:
    """Groups of rows that stay and have one text: rows, members (places in rows), starts, keys."""
    among = found.fresh() if name == "text" else found.stays
    alive = np.flatnonzero(among)
    members, starts = equal_groups(*found.hashes(name, among), at_least=at_least)
    rows = np.unique(alive[members])
    return rows, np.searchsorted(rows, alive[members]), starts, _keys(found, rows)


def _against(found: Found, sets: list[EvaluationSet]) -> Iterator[Removal]:
    """Rows that are in another dataset; its name is told, never its text."""
    if not sets:
        return
    count = len(found.parts)
    codes = found.columns.column("against", count)
    for number, one in enumerate(sets):
        for code, reason, threshold in (
            (1 + 2 * number, f"is in '{one.config.called}'", one.config.threshold),
            (
                2 + 2 * number,
                f"shares {one.config.ngram} words in a row with '{one.config.called}'",
                1.0,
            ),
        ):
            mine = codes == code
            value = found.columns.column("against_value", count, mine).view(np.float64)
            yield Removal(
                "against",
                "dropped",
                reason,
                np.flatnonzero(mine),
                value=value,
                threshold=threshold,
                similarity=value if code % 2 else None,
            )


def _same_as_earlier(found: Found) -> Removal:
    """New rows whose text a row of an earlier version has."""
    if found.earlier is None:
        met = np.zeros(0, dtype=np.uint64)
    else:
        met = found.columns.column("earlier", len(found.parts))
        met[(met == index.KNOWN) | ~found.stays] = 0
    rows = np.flatnonzero(met)
    kept = met[rows].astype(np.int64) - 1 + len(found.stays)
    return Removal(
        "exact_duplicates",
        "merged",
        "same text as a row of an earlier version",
        rows,
        similarity=np.ones(len(rows)),
        matched=kept,
        kept=kept,
    )


def _exact(found: Found) -> Removal:
    rows, members, starts, keys = _same(found, "text", 2)
    best = best_of(members, starts, keys)
    gone = np.flatnonzero(best != members)
    gone = gone[np.argsort(members[gone])]
    kept = rows[best[gone]]
    return Removal(
        "exact_duplicates",
        "merged",
        "same text",
        rows[members[gone]],
        similarity=np.ones(len(gone)),
        matched=kept,
        kept=kept,
    )


def _near(
    config: DedupConfig,
    found: Found,
    folder: Path | None,
    spread: Spread | None,
    forests: Forests | None,
) -> None:
    if config.near is None:
        raise ValueError("near duplicates are turned off")
    filled = _filled(found)
    filled &= found.fresh()
    total = len(found.stays) + (0 if found.earlier is None else len(found.earlier))
    if found.earlier is not None:
        forests = None
    known = None if forests is None else forests.read(found.offsets, filled)
    if spread is None:
        links = _links(config, config.near, found, filled, folder, known)
    else:
        links = spread.links(found.offsets, filled, total, known)
    if forests is not None:
        forests.write(found.offsets, filled, links)
    theirs = np.arange(total) >= len(found.stays)
    sizes = np.bincount(links.cluster[np.unique(np.concatenate([links.left, links.right]))])
    found.near_sizes = np.sort(sizes[sizes > 0])[::-1][:SIZES].tolist()
    _merge_linked(
        links, found, theirs, ("near_duplicates", "nearly the same text"), config.near.threshold
    )


def _links(
    config: DedupConfig,
    near: NearConfig,
    found: Found,
    filled: NDArray[np.bool_],
    folder: Path | None,
    known: Known | None,
) -> Links:
    """The clusters of near duplicates, found in this process."""
    names = band_names(near)
    bands = Bands(found.columns.own, names, len(found.parts), filled)
    here, earlier = len(found.stays), found.earlier
    total = here + (0 if earlier is None else len(earlier))

    def band(number: int) -> tuple[U64, I64]:
        hashes, rows = bands.of(number)
        if earlier is None:
            return hashes, rows
        theirs, numbers = earlier.meeting(names[number], hashes)
        return np.concatenate([hashes, theirs]), np.concatenate([rows, numbers + here])

    def shingles(candidates: I64) -> Lists:
        lists = Lists(None if folder is None else folder / "shingles.u64")
        cut = int(np.searchsorted(candidates, here))
        index.shingles_of(found.parts, found.offsets, candidates[:cut], config, lists)
        if earlier is not None:
            earlier.shingles(candidates[cut:] - here, lists)
        lists.close()
        return lists

    return find_links(
        band,
        near,
        total=total,
        shingles=shingles,
        notes=Notes(folder),
        fixed=np.arange(total) >= here,
        known=known,
        grown=bands,
    )


def _semantic(
    config: DedupConfig, threshold: float, embedder: Embedder, found: Found, folder: Path | None
) -> None:
    """Merge rows with nearly the same embedding; rows of earlier versions stay."""
    rows = np.flatnonzero(_filled(found) & found.stays)
    vectors: list[NDArray[np.float32]] = [np.empty((0, 1), np.float32)]
    path = None if folder is None else folder / "vectors.f32"
    if path is not None:
        path.write_bytes(b"")
    width = 1
    for number, mine in index.rows_by_part(found.offsets, rows):
        frame = found.parts.frame(number, list(config.columns))[mine]
        made = embedder.embed(frame.select(body(list(config.columns))).to_series())
        width = made.shape[1]
        if path is None:
            vectors.append(made)
        else:
            with path.open("ab") as file:
                made.tofile(file)
    if not len(rows):
        return
    whole = (
        np.concatenate(vectors[1:])
        if path is None
        else np.memmap(path, np.float32, "r", shape=(len(rows), width))
    )
    stay = ~found.fresh()
    links = link_embedded(whole, threshold, stay[rows])
    linked = Links(
        rows[links.left], rows[links.right], links.similarity, _spread(links, rows, stay)
    )
    _merge_linked(
        linked, found, stay, ("semantic_duplicates", "the same in other words"), threshold
    )


def _spread(links: Links, rows: I64, like: NDArray[np.bool_]) -> I64:
    """The clusters of some rows as clusters of all rows."""
    clusters = np.arange(len(like), dtype=np.int64)
    clusters[rows] = rows[links.cluster]
    return clusters


def _filled(found: Found) -> NDArray[np.bool_]:
    """The rows with a word: the others are nobody's duplicate."""
    high, low = found.hashes("text")
    filled: NDArray[np.bool_] = (high | low) != 0
    return filled


def _merge_linked(
    links: Links,
    found: Found,
    fixed: NDArray[np.bool_],
    words: tuple[str, str],
    threshold: float,
) -> None:
    """Merge every cluster into the row that is kept of it; `words` are the step and the reason."""
    nodes = np.unique(np.concatenate([links.left, links.right]))
    roots = np.searchsorted(nodes, links.cluster[nodes])
    lefts, rights = (np.searchsorted(nodes, rows) for rows in (links.left, links.right))
    keys = _keys(found, nodes)
    edges = lefts, rights, links.similarity
    matched, similarity, kept = walk(nodes, roots, edges, keys, fixed[nodes])
    gone = np.flatnonzero(matched >= 0)
    found.remove(
        Removal(
            words[0],
            "merged",
            words[1],
            nodes[gone],
            value=similarity[gone],
            threshold=threshold,
            similarity=similarity[gone],
            matched=nodes[matched[gone]],
            kept=nodes[kept[gone]],
        )
    )


def _templates(most: int, found: Found) -> Removal:
    """Rows beyond the best `most` of those with one answer."""
    rows, members, starts, keys = _same(found, "answer", most + 1)
    places = places_in(members, starts, keys)
    gone = np.flatnonzero(places >= most)
    gone = gone[np.argsort(members[gone])]
    return Removal(
        "same_answer",
        "dropped",
        "better rows have the same answer",
        rows[members[gone]],
        value=(places[gone] + 1).astype(np.float64),
        threshold=float(most),
    )
