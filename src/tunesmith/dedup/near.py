"""Near duplicates: candidates by MinHash bands, each verified by its true Jaccard similarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tunesmith.config import Config
from tunesmith.dedup import minhash


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
    `cluster[row]` is the smallest row number of the cluster that a row belongs to.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    similarity: NDArray[np.float64]
    cluster: NDArray[np.int64]


def bands_of(texts: pl.Series, config: NearConfig) -> pl.Series:
    """The band hashes of comparable texts, as a column of lists."""
    signature = minhash.signatures(
        texts, config.shingle_words, functions=config.permutations, seed=config.seed
    )
    hashes = minhash.band_hashes(signature, bands=config.bands, rows=config.band_rows)
    return pl.Series("bands", hashes, dtype=pl.Array(pl.UInt64, config.bands))


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
    hashes = bands_of(texts, config).to_numpy().reshape(rows, -1)
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
        found.append(minhash.link_buckets(places, starts, flat, ends, config.threshold, local))
    parents[candidates] = candidates[minhash.roots(local)]
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
