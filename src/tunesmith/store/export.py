"""The exports: a dataset's rows as JSON lines, for other tools.

Lines are put together column by column, in the bytes that `record.to_standard` and orjson give
for each row; a part of the rows is in memory at a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from tunesmith import record
from tunesmith.io import atomic_write
from tunesmith.kernels import buffers
from tunesmith.store.exported import Exported, Places

#: Raised when the lines of the same rows become others.
VERSION = 3

#: The fields of `record.to_standard`'s metadata that are columns as they are, in its order.
_METADATA = (
    "source", "source_id", "domain", "license", "author", "role", "customer", "thread", "language",
    "language_confidence", "quality_score", "weight", "file", "line", "position", "content_hash",
)  # fmt: skip


@dataclass(frozen=True)
class ExportPart:
    """Some of the rows."""

    key: str
    """Names the rows, their splits and all that their lines depend on."""
    frame: Callable[[], pl.DataFrame]
    """Gives the records with their split."""


def export(folder: Path, parts: Sequence[ExportPart], pairs: Sequence[str], *, index: Path) -> None:
    """Write the dataset as JSONL: the standard format, chat messages, and Alpaca rows.

    `standard/SPLIT.jsonl` for every split; `chat/` and `alpaca/` for those of question/answer
    pairs. Files of splits that have no row any more are removed. Where all that is new comes last,
    files are appended to (see `Exported.grow`); else they are written anew, and lines of parts that
    they hold already are copied from them, unless somebody has changed them.

    Args:
        folder: Where.
        parts: The rows in their final order; one part is in memory at a time.
        pairs: The splits of question/answer pairs.
        index: The file that says where the lines of each part lie.
    """
    keys = [part.key for part in parts]
    with Exported(folder, index, SHAPES) as old:
        if old.holds(keys):
            return
        first = old.common(keys)
        if first:
            _append(folder, old, parts, first, pairs)
        else:
            _write_anew(folder, old, parts, pairs)


def _append(
    folder: Path, old: Exported, parts: Sequence[ExportPart], first: int, pairs: Sequence[str]
) -> None:
    """Keep the lines of the first parts where they are, and add those of the others."""
    keys = [part.key for part in parts]
    with old.grow(keys[:first]) as files, contextlib.ExitStack() as stack:
        places = {key: old.parts[key] for key in keys[:first]}
        for part in parts[first:]:
            mine = places[part.key] = {}
            for name, lines in _lines(part.frame(), pairs):
                if name not in files:
                    files[name] = stack.enter_context(atomic_write(folder / name))
                mine[name] = _put(files[name], lines)
    old.close(list(files), places, keys)


def _write_anew(
    folder: Path, old: Exported, parts: Sequence[ExportPart], pairs: Sequence[str]
) -> None:
    places: dict[str, Places] = {}
    files: dict[str, IO[bytes]] = {}
    with contextlib.ExitStack() as stack:

        def opened(name: str) -> IO[bytes]:
            if name not in files:
                files[name] = stack.enter_context(atomic_write(folder / name))
            return files[name]

        for part in parts:
            mine = places.setdefault(part.key, {})
            known = old.places(part.key)
            if known is None:
                for name, lines in _lines(part.frame(), pairs):
                    mine[name] = _put(opened(name), lines)
                continue
            for name, (begin, end) in known.items():
                start = opened(name).tell()
                old.copy(name, begin, end, opened(name))
                mine[name] = [start, start + end - begin]
    old.close(list(files), places, [part.key for part in parts])


def _put(file: IO[bytes], lines: memoryview) -> list[int]:
    """Write lines; returns where they begin and end."""
    begin = file.tell()
    file.write(lines)
    return [begin, file.tell()]


def _lines(frame: pl.DataFrame, pairs: Sequence[str]) -> Iterator[tuple[str, memoryview]]:
    """The name of each file that some rows are in, and their lines."""
    for (split,), rows in sorted(frame.partition_by("split", as_dict=True).items()):
        shapes = SHAPES if split in pairs else {"standard": standard}
        for shape, lines in shapes.items():
            data, starts = buffers(lines(rows) + "\n")
            yield f"{shape}/{split}.jsonl", data[starts[0] : starts[-1]].data


def standard(rows: pl.DataFrame) -> pl.Series:
    """Each row in the standard JSON shape, as `record.to_standard` gives it."""
    is_pair = rows.get_column("kind") == "qa"
    if is_pair.any() and not is_pair.all():
        raise ValueError("a split holds pairs or pages, not both")
    body = pl.col("text")
    if is_pair.any():
        body = record.body(["question", "answer"])
    texts = ["question", "answer"] if is_pair.any() else []
    labels = pl.col("labels").fill_null(pl.lit([], pl.List(pl.String)))
    category = pl.concat_list("category").list.drop_nulls()
    times = [_iso("timestamp", zone="zone"), _iso("collected_at")]
    return rows.select(
        pl.concat_str(
            _json("id", "kind", body.alias("text"), *texts).str.strip_suffix("}"),
            pl.lit(',"metadata":'),
            _json(*_METADATA, *times, "collection").str.strip_suffix("}"),
            pl.lit(',"extra":'),
            _extra(rows.get_column("extra")),
            pl.lit('},"annotations":'),
            _json(labels.alias("labels"), category.alias("categories")),
            pl.lit("}"),
        )
    ).to_series()


def chat(rows: pl.DataFrame) -> pl.Series:
    """Each pair as two messages."""
    return rows.select(
        pl.concat_str(
            pl.lit('{"messages":[{"role":"user",'),
            _json(pl.col("question").alias("content")).str.strip_prefix("{"),
            pl.lit(',{"role":"assistant",'),
            _json(pl.col("answer").alias("content")).str.strip_prefix("{"),
            pl.lit("]}"),
        )
    ).to_series()


def alpaca(rows: pl.DataFrame) -> pl.Series:
    """Each pair as instruction, input and output."""
    question, answer = pl.col("question").alias("instruction"), pl.col("answer").alias("output")
    return rows.select(_json(question, pl.lit("").alias("input"), answer)).to_series()


#: The shapes by the names of their folders.
SHAPES: dict[str, Callable[[pl.DataFrame], pl.Series]] = {
    "standard": standard,
    "chat": chat,
    "alpaca": alpaca,
}


def _json(*columns: str | pl.Expr) -> pl.Expr:
    return pl.struct(*columns).struct.json_encode()


def _iso(name: str, zone: str | None = None) -> pl.Expr:
    """A time as `record.iso` writes it: the fraction only where there is one."""
    time, ending = pl.col(name), pl.lit("Z")
    if zone is not None:
        hours, minutes = (pl.col(zone).str.slice(at, 2).cast(pl.Int64) for at in (1, 4))
        ahead = pl.duration(hours=hours, minutes=minutes)
        behind = pl.col(zone).str.starts_with("-")
        offset = pl.when(behind).then(-ahead).otherwise(ahead)
        time = time + offset.fill_null(pl.duration(hours=0))
        ending = pl.col(zone).fill_null("Z")
    fraction = time.dt.microsecond() != 0
    return (
        pl.when(fraction)
        .then(time.dt.strftime("%Y-%m-%dT%H:%M:%S.%6f") + ending)
        .otherwise(time.dt.strftime("%Y-%m-%dT%H:%M:%S") + ending)
        .alias(name)
    )


def _extra(extra: pl.Series) -> pl.Series:
    """Pairs of key and value as one JSON object a row."""
    rows = pl.DataFrame({"extra": extra}).with_row_index("row").explode("extra").drop_nulls("extra")
    pair = pl.col("extra").struct
    # `{"": key}` without its braces and the empty name is the key as JSON has it.
    key = _json(pair.field("key").alias("")).str.strip_prefix('{"":').str.strip_suffix("}")
    value = _json(pair.field("value").alias("")).str.strip_prefix('{"":').str.strip_suffix("}")
    objects = (
        rows.select("row", pl.concat_str(key, pl.lit(":"), value).alias("json"))
        .group_by("row", maintain_order=True)
        .agg(pl.concat_str(pl.lit("{"), pl.col("json").str.join(","), pl.lit("}")).alias("json"))
    )
    every = pl.DataFrame({"row": pl.arange(extra.len(), dtype=pl.UInt32, eager=True)})
    joined = every.join(objects, on="row", how="left", maintain_order="left")
    return joined.get_column("json").fill_null("{}").alias("extra")
