"""Conversations of several turns as JSONL: the rows of a thread put together as messages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from tunesmith.io import atomic_write
from tunesmith.store.kept import Kept

#: The folder beside the other shapes.
FOLDER = "conversations"

#: Raised when the lines of the same rows become others.
VERSION = 1

#: Rows whose texts are in memory at once.
_ROWS = 250_000

_COLUMNS = (
    "id", "kind", "question", "answer", "category", "source", "thread", "timestamp", "weight",
    "split",
)  # fmt: skip


def export_conversations(folder: Path, kept: Kept) -> list[str]:
    """Write `conversations/SPLIT.jsonl`: each thread that has several pairs, as `messages`.

    Pairs follow one another by their timestamps, where all of them have one, and as they were
    collected otherwise. A thread whose pairs are in several splits is a conversation in each. A
    conversation of one pair is a line of `chat/` already.

    Args:
        folder: The exports.
        kept: The rows, dealt to splits.

    Returns:
        The names of the files.
    """
    place = folder / FOLDER
    threads = _threads(kept)
    written: set[str] = set()
    with contextlib.ExitStack() as stack:
        files = {}
        for some in _groups(threads):
            for split, lines in _lines(kept, some):
                name = f"{split}.jsonl"
                if name not in files:
                    files[name] = stack.enter_context(atomic_write(place / name))
                files[name].write(("\n".join(lines) + "\n").encode())
                written.add(name)
    for old in place.glob("*.jsonl") if place.exists() else []:
        if old.name not in written:
            old.unlink()
    return sorted(written)


def _threads(kept: Kept) -> pl.DataFrame:
    """The threads with several pairs in a split, and how many."""
    counted = [
        frame.filter(pl.col("thread").is_not_null(), pl.col("kind") == "qa")
        .group_by("thread", "split")
        .len()
        for frame in kept.frames(["thread", "kind", "split"])
    ]
    if not counted:
        return pl.DataFrame(schema={"thread": pl.String, "split": pl.String, "len": pl.UInt32})
    return (
        pl.concat(counted)
        .group_by("thread", "split")
        .agg(pl.col("len").sum())
        .filter(pl.col("len") > 1)
    )


def _groups(threads: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The threads in groups of about `_ROWS` rows; the same threads are in the same groups."""
    count = int(threads.get_column("len").sum()) // _ROWS + 1
    for group in range(count):
        some = threads.filter(pl.col("thread").hash(0) % count == group)
        if some.height:
            yield some


def _lines(kept: Kept, threads: pl.DataFrame) -> Iterator[tuple[str, pl.Series]]:
    wanted = threads.select("thread", "split")
    parts = [
        frame.filter(pl.col("kind") == "qa").join(
            wanted, on=["thread", "split"], how="semi", maintain_order="left"
        )
        for frame in kept.frames(_COLUMNS)
    ]
    frame = pl.concat(parts).with_row_index("place")
    of_thread = ["thread", "split"]
    frame = frame.with_columns(
        first=pl.col("place").min().over(of_thread),
        timed=pl.col("timestamp").is_not_null().all().over(of_thread),
    ).with_columns(moment=pl.when("timed").then("timestamp"))
    messages = pl.concat_list(
        pl.struct(role=pl.lit("user"), content="question"),
        pl.struct(role=pl.lit("assistant"), content="answer"),
    )
    talks = (
        frame.sort("first", "moment", "place")
        .with_columns(messages=messages)
        .group_by("split", "thread", maintain_order=True)
        .agg(
            pl.col("source", "category").drop_nulls().first(),
            pl.col("messages").list.explode(keep_nulls=False, empty_as_null=False),
            turns=pl.len(),
            rows=pl.col("id"),
            weights=pl.col("weight").fill_null(1.0),
        )
        .select(
            "split",
            "messages",
            id=pl.col("rows").list.first(),
            metadata=pl.struct("source", "category", "turns", "rows", "weights"),
        )
    )
    line = pl.struct("id", "messages", "metadata").struct.json_encode()
    for (split,), some in talks.partition_by("split", as_dict=True, maintain_order=True).items():
        yield str(split), some.select(line).to_series()
