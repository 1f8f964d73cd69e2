"""Leak-safe splits: what belongs together never crosses from training to validation or test.

Rows that share a thread, a customer, or a cluster of near duplicates (of the question alone, or
of the pair) form a group, and a group goes to one split as a whole. Groups are dealt so that
each category has its share in each split, or by time: the newest to test.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tunesmith.config import Config
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
    """Keep rows together whose questions, or whole pairs, are as similar as this (Jaccard over word
    triples); `null` keeps only equal questions together."""

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitConfig:
        if self.validation + self.test >= 0.9:
            raise ValueError(
                "validation and test together must leave at least a tenth for training"
            )
        return self


def groups(frame: pl.DataFrame, config: SplitConfig) -> NDArray[np.int64]:
    """The group of each row: rows with the same number must stay together."""
    rows = frame.height
    parents = np.arange(rows, dtype=np.int64)
    if config.customers:
        _join_equal(parents, frame.get_column("customer"))
    if config.threads:
        _join_equal(parents, frame.get_column("thread"))
    questions = frame.select(comparable(["question"])).to_series()
    pairs = frame.select(comparable(["question", "answer"])).to_series()
    _join_equal(parents, questions.replace("", None))
    if config.near_threshold is not None:
        for texts, band_rows in ((questions, 4), (pairs, 4)):
            near = NearConfig(threshold=config.near_threshold, shingle_words=3, band_rows=band_rows)
            links = link(texts, near)
            for left, right in zip(links.left.tolist(), links.right.tolist(), strict=True):
                _join(parents, left, right)
    return np.array([_root(parents, row) for row in range(rows)], dtype=np.int64)


def split(frame: pl.DataFrame, config: SplitConfig, *, seed: int) -> pl.Series:
    """The split of each row; pages are `knowledge`.

    Args:
        frame: Records, in their final order.
        config: Shares and what stays together.
        seed: Decides between groups that would do equally well.
    """
    pairs = frame.with_row_index("row").filter(pl.col("kind") == "qa")
    chosen = np.full(frame.height, KNOWLEDGE, dtype=object)
    if pairs.height:
        members: dict[int, list[int]] = defaultdict(list)
        for place, group in enumerate(groups(pairs, config).tolist()):
            members[group].append(place)
        deal = _by_time if config.by == "time" else _by_category
        where = pairs.get_column("row").to_numpy()
        for name, places in deal(pairs, list(members.values()), config, seed):
            chosen[where[places]] = name
    return pl.Series("split", chosen.tolist(), dtype=pl.String)


def _by_category(
    pairs: pl.DataFrame, members: list[list[int]], config: SplitConfig, seed: int
) -> list[tuple[Split, list[int]]]:
    """Deal groups, large ones first, each to the split that misses its categories the most."""
    categories = pairs.get_column("category").fill_null("").to_list()
    ids = pairs.get_column("id").to_list()
    totals = Counter(categories)
    shares = _shares(config)
    wanted = {name: {c: n * share for c, n in totals.items()} for name, share in shares.items()}
    open_rows = {name: pairs.height * share for name, share in shares.items()}
    ordered = sorted(members, key=lambda group: (-len(group), _dice(seed, ids[group[0]])))
    dealt: list[tuple[Split, list[int]]] = []
    for group in ordered:
        counted = Counter(categories[place] for place in group)
        best = max(
            (name for name in SPLITS if shares[name] > 0),
            key=lambda name: (
                # The part of this group's rows that the split still misses, then its need overall.
                sum(
                    min(n, wanted[name][c]) / max(1.0, totals[c] * shares[name])
                    for c, n in counted.items()
                ),
                open_rows[name] / shares[name],
            ),
        )
        for category, count in counted.items():
            wanted[best][category] -= count
        open_rows[best] -= len(group)
        dealt.append((best, group))
    return dealt


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
    first: dict[str, int] = {}
    for row, value in enumerate(values.to_list()):
        if value is not None:
            _join(parents, first.setdefault(value, row), row)


def _join(parents: NDArray[np.int64], left: int, right: int) -> None:
    one, other = _root(parents, left), _root(parents, right)
    if one != other:
        parents[max(one, other)] = min(one, other)


def _root(parents: NDArray[np.int64], row: int) -> int:
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = int(parents[row])
    return row
