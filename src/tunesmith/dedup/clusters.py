"""Merging duplicates: which row of a cluster is kept, and which row each other one matched."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import polars as pl

from tunesmith import ledger
from tunesmith.dedup.config import DedupConfig, Keep
from tunesmith.dedup.near import link
from tunesmith.dedup.normalise import comparable


@dataclass(frozen=True)
class Merged:
    """The rows that stay, the fates of the others, and the sizes of the near clusters."""

    frame: pl.DataFrame
    fates: pl.DataFrame
    near_sizes: list[int]


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
