"""De-duplication of one frame held whole in memory: what the spilled path is compared with."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_frames import Merged
from tunesmith import ledger
from tunesmith.dedup import linking, minhash
from tunesmith.dedup.config import DedupConfig, Keep
from tunesmith.dedup.near import Links, NearConfig
from tunesmith.dedup.normalise import comparable


def root(parents, row):
    while parents[row] != row:
        row = parents[row]
    return row


def link_buckets(members, starts, flat, ends, threshold, parents):
    edges = []
    for bucket in range(len(starts) - 1):
        for one in range(starts[bucket], starts[bucket + 1]):
            for other in range(one + 1, starts[bucket + 1]):
                left, right = int(members[one]), int(members[other])
                left_root, right_root = root(parents, left), root(parents, right)
                if left_root == right_root:
                    continue
                similarity = minhash.jaccard(flat, ends, left, right)
                if similarity >= threshold:
                    parents[max(left_root, right_root)] = min(left_root, right_root)
                    edges.append((left, right, similarity))
    left, right, values = zip(*edges, strict=True) if edges else ((), (), ())
    return np.array(left, np.int64), np.array(right, np.int64), np.array(values, np.float64)


def deduplicate(frame: pl.DataFrame, config: DedupConfig) -> Merged:
    """Merge exact, then near duplicates; rows keep their order."""
    fates = [ledger.empty()]
    sizes: list[int] = []
    texts = comparable(frame, list(config.columns))
    if config.exact:
        frame, texts, merged = _exact(frame, texts, config.keep)
        fates.append(merged)
    if config.near is not None:
        frame, merged, sizes = _near(frame, texts, config)
        fates.append(merged)
    return Merged(frame, pl.concat(fates), sizes)


def rank(frame: pl.DataFrame, keep: Keep) -> np.ndarray:
    """The place of each row in the order of preference: 0 is kept first; ties go to the earlier."""
    length = pl.sum_horizontal(
        pl.col(name).str.len_chars().fill_null(0) for name in ("question", "answer", "text")
    )
    by: dict[Keep, list[pl.Expr]] = {
        "best": [pl.col("quality_score"), length],
        "newest": [pl.col("timestamp")],
        "longest": [length],
    }
    order = (
        frame.with_row_index("row")
        .sort(*by[keep], descending=True, nulls_last=True, maintain_order=True)
        .get_column("row")
        .to_numpy()
    )
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def _exact(
    frame: pl.DataFrame, texts: pl.Series, keep: Keep
) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
    about = pl.DataFrame(
        {"id": frame.get_column("id"), "text": texts, "rank": rank(frame, keep)}
    ).with_columns(
        # A row without a word is nobody's duplicate.
        text=pl.when(pl.col("text") == "").then(pl.col("id")).otherwise(pl.col("text"))
    )
    # The texts are grouped once; from there on a group is a number.
    about = about.with_row_index("row").select(
        "id", "rank", group=pl.col("row").first().over("text")
    )
    about = about.with_columns(
        best=pl.col("rank") == pl.col("rank").min().over("group"),
        kept_id=pl.col("id").get(pl.col("rank").arg_min()).over("group"),
    )
    stays = about.get_column("best")
    gone = ~stays
    kept = about.get_column("kept_id").filter(gone)
    merged = ledger.fates(
        frame.filter(gone),
        step="exact_duplicates",
        fate="merged",
        reason="same text",
        matched_id=kept,
        similarity=pl.Series([1.0], dtype=pl.Float64).new_from_index(0, len(kept)),
        kept_id=kept,
    )
    return frame.filter(stays), texts.filter(stays), merged


def _near(
    frame: pl.DataFrame, texts: pl.Series, config: DedupConfig
) -> tuple[pl.DataFrame, pl.DataFrame, list[int]]:
    if config.near is None:
        raise ValueError("near duplicates are turned off")
    links = link(texts, config.near)
    places = rank(frame, config.keep)
    neighbours: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for left, right, similarity in zip(
        links.left.tolist(), links.right.tolist(), links.similarity.tolist(), strict=True
    ):
        neighbours[left].append((right, similarity))
        neighbours[right].append((left, similarity))
    clusters: dict[int, list[int]] = defaultdict(list)
    for row in sorted(neighbours):
        clusters[int(links.cluster[row])].append(row)
    matched: dict[int, tuple[int, float, int]] = {}
    for rows in clusters.values():
        kept = min(rows, key=lambda row: places[row])
        # The edges are a tree: walked from the kept row, each row's parent is its verified match.
        waiting, seen = [kept], {kept}
        while waiting:
            row = waiting.pop()
            for other, similarity in neighbours[row]:
                if other not in seen:
                    seen.add(other)
                    matched[other] = (row, similarity, kept)
                    waiting.append(other)
    gone = np.zeros(frame.height, dtype=bool)
    gone[list(matched)] = True
    order = sorted(matched)
    ids = frame.get_column("id")
    merged = ledger.fates(
        frame.filter(pl.Series(gone)),
        step="near_duplicates",
        fate="merged",
        reason="nearly the same text",
        threshold=pl.Series([config.near.threshold] * len(order), dtype=pl.Float64),
        value=pl.Series([matched[row][1] for row in order], dtype=pl.Float64),
        matched_id=ids.gather([matched[row][0] for row in order]),
        similarity=pl.Series([matched[row][1] for row in order], dtype=pl.Float64),
        kept_id=ids.gather([matched[row][2] for row in order]),
    )
    sizes = sorted((len(rows) for rows in clusters.values()), reverse=True)
    return frame.filter(~pl.Series(gone)), merged, sizes


def link(texts: pl.Series, config: NearConfig) -> Links:
    """Find the clusters of near duplicates among comparable texts.

    Args:
        texts: Comparable texts; empty ones are nobody's duplicate.
        config: Thresholds and sizes.
    """
    rows = texts.len()
    if not rows:
        none = np.empty(0, np.int64)
        return Links(none, none, np.empty(0), none)
    signature = minhash.signatures(
        texts, config.shingle_words, functions=config.permutations, seed=config.seed
    )
    hashes = minhash.band_hashes(signature, bands=config.bands, rows=config.band_rows)
    filled = (texts.fill_null("").str.len_bytes() > 0).to_numpy()
    numbers = np.flatnonzero(filled)
    parents = np.arange(rows, dtype=np.int64)
    buckets = [_buckets(hashes[filled, band], numbers) for band in range(config.bands)]
    candidates = np.unique(np.concatenate([members for members, _ in buckets] or [numbers[:0]]))
    if not len(candidates):
        none = np.empty(0, np.int64)
        return Links(none, none, np.empty(0), parents)
    # Shingles are made again for the candidates alone: holding everybody's would cost far more.
    flat, ends = minhash.shingles(texts.gather(candidates), config.shingle_words)
    local = np.arange(len(candidates), dtype=np.int64)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for members, starts in buckets:
        places = np.searchsorted(candidates, members)
        found.append(link_buckets(places, starts, flat, ends, config.threshold, local))
    parents[candidates] = candidates[linking.roots(local)]
    return Links(
        candidates[np.concatenate([left for left, _, _ in found])],
        candidates[np.concatenate([right for _, right, _ in found])],
        np.concatenate([values for _, _, values in found]),
        parents,
    )


def _buckets(
    hashes: NDArray[np.uint64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The groups of rows (two or more) that share a hash: members, and where each group begins."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    edges = (
        np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1], True])
        if len(ordered)
        else np.zeros(1, np.int64)
    )
    sizes = np.diff(edges)
    shared = np.repeat(sizes > 1, sizes)
    members = numbers[order[shared]]
    starts = np.r_[0, np.cumsum(sizes[sizes > 1])].astype(np.int64)
    return members, starts
