"""Leak-safe splits: what belongs together never crosses from training to validation or test.

Rows that share a thread, a customer, or a cluster of near duplicates (of the question alone, or
of the pair) form a group, and a group goes to one split as a whole. Groups are dealt so that
each category has its share in each split, or by time: the newest to test.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tunesmith.config import Config
from tunesmith.dedup.minhash import join_pairs, roots
from tunesmith.dedup.near import NearConfig, link
from tunesmith.dedup.normalise import comparable

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

#: The split of rows that nobody is trained or tested on: pages, which are knowledge, not answers.
KNOWLEDGE = "knowledge"


class SplitConfig(Config):
    """How rows are dealt to training, validation and test."""

    validation: float = Field(default=0.1, ge=0, lt=1)
    """The share of rows that tuning watches."""
    test: float = Field(default=0.15, ge=0, lt=1)
    """The share of rows that the verdict rests on."""
    by: Literal["category", "time"] = "category"
    """`category` deals each category evenly; `time` gives the newest rows to test."""
    customers: bool = True
    """Keep the rows of a customer together."""
    threads: bool = True
    """Keep the rows of a conversation together."""
    near_threshold: float | None = Field(default=0.7, gt=0, le=1)
    """Keep rows together whose questions are as similar as this (Jaccard over word triples); `null`
    keeps only equal questions together. Near duplicates of whole pairs never cross."""

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitConfig:
        if self.validation + self.test >= 0.9:
            raise ValueError(
                "validation and test together must leave at least a tenth for training"
            )
        return self


#: What makes two whole pairs near duplicates: the same as in de-duplication.
PAIRS = NearConfig()


def groups(
    frame: pl.DataFrame, config: SplitConfig, *, merged: bool = False, spill: Path | None = None
) -> NDArray[np.int64]:
    """The group of each row: rows with the same number must stay together.

    Args:
        frame: Question/answer pairs.
        config: What stays together.
        merged: Near duplicates of whole pairs were merged before, so that none are left.
        spill: A folder for what is known of each question while near ones are looked for; without
            one it is held in memory.
    """
    parents = np.arange(frame.height, dtype=np.int64)
    if config.customers:
        _join_equal(parents, frame.get_column("customer"))
    if config.threads:
        _join_equal(parents, frame.get_column("thread"))
    questions = comparable(frame, ["question"])
    _join_equal(parents, questions.set(questions == "", None))
    if config.near_threshold is not None:
        alike = NearConfig(threshold=config.near_threshold, shingle_words=3, band_rows=4)
        links = link(questions, alike, folder=_inside(spill, "questions"))
        join_pairs(parents, links.left, links.right)
    if not merged:
        texts = comparable(frame, ["question", "answer"])
        links = link(texts, PAIRS, folder=_inside(spill, "pairs"))
        join_pairs(parents, links.left, links.right)
    together: NDArray[np.int64] = roots(parents)
    return together


def _inside(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def split(
    frame: pl.DataFrame,
    config: SplitConfig,
    *,
    seed: int,
    merged: bool = False,
    spill: Path | None = None,
) -> pl.Series:
    """The split of each row; pages are `knowledge`.

    Args:
        frame: Records, in their final order.
        config: Shares and what stays together.
        seed: Decides between groups that would do equally well.
        merged: Near duplicates of whole pairs were merged before, so that none are left.
        spill: A folder for the search for near questions; see `groups`.
    """
    pairs = frame.with_row_index("row").filter(pl.col("kind") == "qa")
    chosen = np.full(frame.height, KNOWLEDGE, dtype=object)
    if pairs.height:
        members: dict[int, list[int]] = defaultdict(list)
        for place, group in enumerate(groups(pairs, config, merged=merged, spill=spill).tolist()):
            members[group].append(place)
        deal = _by_time if config.by == "time" else _by_category
        where = pairs.get_column("row").to_numpy()
        for name, places in deal(pairs, list(members.values()), config, seed):
            chosen[where[places]] = name
    return pl.Series("split", chosen.tolist(), dtype=pl.String)


def _by_category(
    pairs: pl.DataFrame, members: list[list[int]], config: SplitConfig, seed: int
) -> list[tuple[Split, list[int]]]:
    """Deal groups, large ones first, each to the split that misses its categories the most.

    Rows that belong to no group come last and fill each category up to its shares.
    """
    categories = pairs.get_column("category").fill_null("").to_list()
    ids = pairs.get_column("id").to_list()
    totals = Counter(categories)
    shares = {name: share for name, share in _shares(config).items() if share > 0}
    wanted = {name: {c: n * share for c, n in totals.items()} for name, share in shares.items()}
    dealt: list[tuple[Split, list[int]]] = []
    large = [group for group in members if len(group) > 1]
    for group in sorted(large, key=lambda group: (-len(group), _dice(seed, ids[group[0]]))):
        counted = Counter(categories[place] for place in group)
        best = max(shares, key=lambda name: _need(wanted[name], counted, totals, shares[name]))
        for category, count in counted.items():
            wanted[best][category] -= count
        dealt.append((best, group))
    single: dict[str, list[int]] = defaultdict(list)
    for group in members:
        if len(group) == 1:
            single[categories[group[0]]].append(group[0])
    for category, places in sorted(single.items()):
        places.sort(key=lambda place: _dice(seed, ids[place]))
        start = 0
        open_rows = {name: max(0.0, wanted[name][category]) for name in shares}
        for name, count in _apportioned(open_rows, len(places)).items():
            dealt.append((name, places[start : start + count]))
            start += count
    return dealt


def _need(
    wanted: dict[str, float], counted: Counter[str], totals: Counter[str], share: float
) -> tuple[float, float]:
    """How much a split misses a group: the part of its rows that it still wants, then overall."""
    missed = sum(
        min(count, wanted[category]) / max(1.0, totals[category] * share)
        for category, count in counted.items()
    )
    return missed, sum(wanted.values()) / share


def _apportioned(shares: dict[Split, float], rows: int) -> dict[Split, int]:
    """Whole rows for each split in proportion to `shares` (largest remainders)."""
    total = sum(shares.values())
    if total == 0:
        return {"train": rows}
    exact = {name: rows * share / total for name, share in shares.items()}
    counts = {name: int(value) for name, value in exact.items()}
    rest = rows - sum(counts.values())
    for name in sorted(exact, key=lambda name: counts[name] - exact[name])[:rest]:
        counts[name] += 1
    return counts


def _by_time(
    pairs: pl.DataFrame, members: list[list[int]], config: SplitConfig, _seed: int
) -> list[tuple[Split, list[int]]]:
    """The newest groups to test, those before to validation; a group is as old as its newest row.

    So training holds nothing that was written after the oldest moment of test. Rows without a
    time are for training.
    """
    stamps = pairs.get_column("timestamp").dt.epoch("us").fill_null(-(2**62)).to_list()
    ordered = sorted(members, key=lambda group: (-max(stamps[place] for place in group), group[0]))
    shares = _shares(config)
    dealt: list[tuple[Split, list[int]]] = []
    done = 0
    for group in ordered:
        newest = max(stamps[place] for place in group)
        known = newest > -(2**62)
        if known and done < shares["test"] * pairs.height:
            name: Split = "test"
        elif known and done < (shares["test"] + shares["validation"]) * pairs.height:
            name = "validation"
        else:
            name = "train"
        done += len(group)
        dealt.append((name, group))
    return dealt


def _shares(config: SplitConfig) -> dict[Split, float]:
    return {
        "train": 1 - config.validation - config.test,
        "validation": config.validation,
        "test": config.test,
    }


def _dice(seed: int, text: str) -> bytes:
    return hashlib.blake2b(f"{seed}\x1f{text}".encode(), digest_size=8).digest()


def _join_equal(parents: NDArray[np.int64], values: pl.Series) -> None:
    """Join the rows with the same value; null joins nothing."""
    frame = pl.DataFrame({"value": values}).with_row_index("row").drop_nulls("value")
    firsts = frame.select(pl.col("row").first().over("value")).to_series().to_numpy()
    join_pairs(
        parents, firsts.astype(np.int64), frame.get_column("row").to_numpy().astype(np.int64)
    )
