"""Leak-safe splits: what belongs together never crosses from training to validation or test.

Rows that share a thread, a customer, or a cluster of near duplicates (of the question alone, or
of the pair) form a group, and a group goes to one split as a whole. Groups are dealt so that
each category has its share in each split, or by time: the newest to test.

Rows that were dealt before keep their split, so that verdicts stay comparable and nothing is
trained on that was tested yesterday. Where a new row joins groups of different splits, test wins
over validation, and validation over training: what was tested or watched is never trained on.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tunesmith.config import Config
from tunesmith.dedup.groups import equal_groups
from tunesmith.dedup.linking import join_pairs, roots
from tunesmith.dedup.near import NearConfig, link
from tunesmith.dedup.normalise import comparable
from tunesmith.hashing import text_hashes

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
    keep: bool = True
    """Rows keep the split that they have in the newest version of the run folder, if that was dealt
    with the same settings and seed; new rows fill the shares. Not by `time`, where rows move on."""

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitConfig:
        if self.validation + self.test >= 0.9:
            raise ValueError(
                f"validation ({self.validation:g}) and test ({self.test:g}) together must leave "
                "at least a tenth for training"
            )
        return self


#: What makes two whole pairs near duplicates: the same as in de-duplication.
PAIRS = NearConfig()


def near_questions(config: SplitConfig) -> NearConfig | None:
    """How near questions are found."""
    if config.near_threshold is None:
        return None
    return NearConfig(threshold=config.near_threshold, shingle_words=3, band_rows=4)


@dataclass(frozen=True)
class Alike:
    """What is known of the texts of question/answer pairs.

    `questions` has 128-bit hashes of the comparable questions, shape (2, pairs), 0 for one
    without a word; `links` are places of pairs whose questions, or whole texts, are nearly equal.
    """

    questions: NDArray[np.uint64]
    links: list[tuple[NDArray[np.int64], NDArray[np.int64]]]

    @classmethod
    def of(cls, frame: pl.DataFrame, config: SplitConfig, *, merged: bool = False) -> Alike:
        """Look at the texts of a frame, in memory.

        Args:
            frame: Question/answer pairs.
            config: What stays together.
            merged: Near duplicates of whole pairs were merged before, so that none are left.
        """
        questions = comparable(frame, ["question"])
        found = []
        near = near_questions(config)
        if near is not None:
            found.append(link(questions, near))
        if not merged:
            found.append(link(comparable(frame, ["question", "answer"]), PAIRS))
        return cls(text_hashes(questions), [(links.left, links.right) for links in found])


def groups(
    frame: pl.DataFrame, config: SplitConfig, *, alike: Alike | None = None
) -> NDArray[np.int64]:
    """The group of each row: rows with the same number must stay together.

    Args:
        frame: Question/answer pairs.
        config: What stays together.
        alike: What is known of their texts; without it the frame's own are looked at.
    """
    alike = alike or Alike.of(frame, config)
    parents = np.arange(frame.height, dtype=np.int64)
    if config.customers:
        _join_equal(parents, frame.get_column("customer"))
    if config.threads:
        _join_equal(parents, frame.get_column("thread"))
    members, starts = equal_groups(*alike.questions)
    join_pairs(parents, np.repeat(members[starts[:-1]], np.diff(starts)), members)
    for left, right in alike.links:
        join_pairs(parents, left, right)
    together: NDArray[np.int64] = roots(parents)
    return together


def split(
    frame: pl.DataFrame,
    config: SplitConfig,
    *,
    seed: int,
    alike: Alike | None = None,
    before: pl.Series | None = None,
) -> pl.Series:
    """The split of each row; pages are `knowledge`.

    Args:
        frame: Records, in their final order; their texts are not read where `alike` is given.
        config: Shares and what stays together.
        seed: Decides between groups that would do equally well.
        alike: What is known of the texts of the pairs among them.
        before: The split that each row had before, null for a new one.
    """
    pairs = frame.with_row_index("row").filter(pl.col("kind") == "qa")
    chosen = np.full(frame.height, KNOWLEDGE, dtype=object)
    if pairs.height:
        where = pairs.get_column("row").to_numpy()
        group = groups(pairs, config, alike=alike)
        kept = np.full(pairs.height, None, dtype=object)
        if before is not None and config.by != "time":
            kept = _kept(group, before.gather(where))
            chosen[where] = kept
        members: dict[int, list[int]] = defaultdict(list)
        for place in np.flatnonzero(kept == None).tolist():  # noqa: E711 - element by element
            members[int(group[place])].append(place)
        if config.by == "time":
            dealt = _by_time(pairs, list(members.values()), config)
        else:
            dealt = _by_category(pairs, list(members.values()), config, seed, kept)
        for name, places in dealt:
            chosen[where[places]] = name
    return pl.Series("split", chosen.tolist(), dtype=pl.String)


#: Which split wins where rows of several are joined.
PROTECTED: tuple[Split, ...] = ("test", "validation", "train")


def _kept(group: NDArray[np.int64], before: pl.Series) -> NDArray[np.object_]:
    """The split that each row's group keeps, None where none of its rows had one."""
    ranks = {name: rank for rank, name in enumerate(reversed(PROTECTED), start=1)}
    had = before.replace_strict(ranks, default=0, return_dtype=pl.UInt8).to_numpy()
    best = np.zeros(len(group), dtype=np.uint8)
    np.maximum.at(best, group, had)
    names: NDArray[np.object_] = np.array([None, *reversed(PROTECTED)], dtype=object)[best[group]]
    return names


def _by_category(
    pairs: pl.DataFrame,
    members: list[list[int]],
    config: SplitConfig,
    seed: int,
    kept: NDArray[np.object_],
) -> list[tuple[Split, list[int]]]:
    """Deal groups, large ones first, each to the split that misses its categories the most.

    Rows that belong to no group come last and fill each category up to its shares. What the rows
    in `kept` take of the shares is taken before.
    """
    named = pairs.get_column("category").fill_null("")
    categories, totals = named.to_list(), Counter(dict(_counted(named.to_frame())))
    places = sorted(itertools.chain.from_iterable(members))
    ids = dict(zip(places, pairs.get_column("id").gather(places).to_list(), strict=True))
    shares = {name: share for name, share in _shares(config).items() if share > 0}
    wanted = {name: {c: n * share for c, n in totals.items()} for name, share in shares.items()}
    had = pl.Series("split", kept.tolist(), dtype=pl.String)
    for name, category, count in _counted(pl.DataFrame([had, named])):
        if name in wanted:
            wanted[name][category] -= count
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


def _counted(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The different rows of a frame, each with how often it is there, as they come first."""
    return frame.group_by(pl.all(), maintain_order=True).len().iter_rows()


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
    pairs: pl.DataFrame, members: list[list[int]], config: SplitConfig
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
