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
from dataclasses import dataclass
from typing import Literal, get_args

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
    where = np.flatnonzero((frame.get_column("kind") == "qa").to_numpy())
    chosen = np.zeros(frame.height, dtype=np.uint8)
    if len(where):
        pairs = frame if len(where) == frame.height else frame[where]
        group = groups(pairs, config, alike=alike)
        kept = np.zeros(pairs.height, dtype=np.uint8)
        if before is not None and config.by != "time":
            kept = _kept(group, ranks(before.gather(where)))
            chosen[where] = kept
        members: dict[int, list[int]] = defaultdict(list)
        for place in np.flatnonzero(kept == 0).tolist():
            members[int(group[place])].append(place)
        if config.by == "time":
            dealt = _by_time(pairs, list(members.values()), config)
        else:
            dealt = _by_category(pairs, list(members.values()), config, seed, kept)
        for name, places in dealt:
            chosen[where[places]] = RANKED.index(name)
    return named(chosen, nobody=KNOWLEDGE)


#: Which split wins where rows of several are joined.
PROTECTED: tuple[Split, ...] = ("test", "validation", "train")

#: The splits by rank: the highest is protected most, 0 is that of rows that nobody keeps.
RANKED: tuple[str, ...] = (KNOWLEDGE, *reversed(PROTECTED))


def ranks(splits: pl.Series) -> NDArray[np.uint8]:
    """The rank of each split; 0 for knowledge and for none."""
    coded = splits.cast(pl.Enum(RANKED)).to_physical().fill_null(0)
    found: NDArray[np.uint8] = coded.cast(pl.UInt8).to_numpy()
    return found


def named(ranks: NDArray[np.uint8], *, nobody: str | None = None) -> pl.Series:
    """The splits of ranks; `nobody` is that of 0."""
    names = pl.Series("split", [nobody, *RANKED[1:]], dtype=pl.String)
    return names.gather(ranks.astype(np.uint32))


def _kept(group: NDArray[np.int64], had: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The rank that each row's group keeps, 0 where none of its rows had one."""
    best = np.zeros(len(group), dtype=np.uint8)
    np.maximum.at(best, group, had)
    return best[group]


def _by_category(
    pairs: pl.DataFrame,
    members: list[list[int]],
    config: SplitConfig,
    seed: int,
    kept: NDArray[np.uint8],
) -> list[tuple[Split, list[int]]]:
    """Deal groups, large ones first, each to the split that misses its categories the most.

    Rows that belong to no group come last and fill each category up to its shares. What the rows
    in `kept` take of the shares is taken before.
    """
    labels = pairs.get_column("category").fill_null("")
    counted = pl.DataFrame([labels, pl.Series("rank", kept)])
    having = list(counted.group_by(pl.all(), maintain_order=True).len().iter_rows())
    totals: Counter[str] = Counter()
    for category, _, count in having:
        totals[category] += count
    places = np.array(sorted(itertools.chain.from_iterable(members)), dtype=np.int64)
    ids = dict(zip(places.tolist(), pairs.get_column("id").gather(places).to_list(), strict=True))
    categories = dict(zip(places.tolist(), labels.gather(places).to_list(), strict=True))
    shares = {name: share for name, share in _shares(config).items() if share > 0}
    wanted = {name: {c: n * share for c, n in totals.items()} for name, share in shares.items()}
    for category, rank, count in having:
        split = PROTECTED[-rank] if rank else None
        if split in wanted:
            wanted[split][category] -= count
    dealt: list[tuple[Split, list[int]]] = []
    large = [group for group in members if len(group) > 1]
    for group in sorted(large, key=lambda group: (-len(group), _dice(seed, ids[group[0]]))):
        mine = Counter(categories[place] for place in group)
        best = max(shares, key=lambda name: _need(wanted[name], mine, totals, shares[name]))
        for category, count in mine.items():
            wanted[best][category] -= count
        dealt.append((best, group))
    single: dict[str, list[int]] = defaultdict(list)
    for group in members:
        if len(group) == 1:
            single[categories[group[0]]].append(group[0])
    for category, alone in sorted(single.items()):
        alone.sort(key=lambda place: _dice(seed, ids[place]))
        start = 0
        open_rows = {name: max(0.0, wanted[name][category]) for name in shares}
        for name, count in _apportioned(open_rows, len(alone)).items():
            dealt.append((name, alone[start : start + count]))
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
