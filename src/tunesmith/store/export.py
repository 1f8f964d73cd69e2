"""The exports: a dataset's rows as JSON lines, for other tools.

Lines are put together column by column, in the bytes that `record.to_standard` and orjson give
for each row; a part of the rows is in memory at a time.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import polars as pl

from tunesmith import record
from tunesmith.io import atomic_write, read_json, write_json
from tunesmith.kernels import buffers

#: Raised when the lines of the same rows become others.
VERSION = 1

#: Bytes that are copied at a time where the system does not copy by itself.
_COPIED = 2**22
_CANNOT_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}

#: The fields of `record.to_standard`'s metadata that are columns as they are, in its order.
_METADATA = (
    "source", "source_id", "domain", "license", "author", "customer", "thread", "language",
    "language_confidence", "quality_score", "file", "line", "content_hash",
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
    pairs. Files of splits that have no row any more are removed. Lines of parts that the files
    hold already are copied from them, unless somebody has changed them.

    Args:
        folder: Where.
        parts: The rows in their final order; one part is in memory at a time.
        pairs: The splits of question/answer pairs.
        index: The file that says where the lines of each part lie.
    """
    with _Old(folder, index) as old, contextlib.ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        places: dict[str, dict[str, list[int]]] = {}

        def opened(name: str) -> IO[bytes]:
            if name not in files:
                files[name] = stack.enter_context(atomic_write(folder / name))
            return files[name]

        if old.holds([part.key for part in parts]):
            return
        for part in parts:
            mine = places.setdefault(part.key, {})
            known = old.places(part.key)
            if known is None:
                for name, lines in _lines(part.frame(), pairs):
                    begin = opened(name).tell()
                    opened(name).write(lines)
                    mine[name] = [begin, opened(name).tell()]
                continue
            for name, (begin, end) in known.items():
                start = opened(name).tell()
                old.copy(name, begin, end, opened(name))
                mine[name] = [start, start + end - begin]
    for path in folder.glob("*/*.jsonl"):
        if str(path.relative_to(folder)) not in files:
            path.unlink()
    identities = {name: _identity(folder / name) for name in files}
    order = [part.key for part in parts]
    write_json(index, {"files": identities, "parts": places, "order": order})


def _lines(frame: pl.DataFrame, pairs: Sequence[str]) -> Iterator[tuple[str, memoryview]]:
    """The name of each file that some rows are in, and their lines."""
    for (split,), rows in sorted(frame.partition_by("split", as_dict=True).items()):
        shapes = SHAPES if split in pairs else {"standard": standard}
        for shape, lines in shapes.items():
            data, starts = buffers(lines(rows) + "\n")
            yield f"{shape}/{split}.jsonl", data[starts[0] : starts[-1]].data


def _identity(path: Path) -> list[int]:
    """Changes when anybody writes the file."""
    about = path.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ino]


class _Old:
    """The files of the last export, as far as they are as it left them."""

    def __init__(self, folder: Path, index: Path) -> None:
        known = read_json(index) if index.exists() else {"files": {}, "parts": {}, "order": []}
        self._folder = folder
        self._parts, self._order = known["parts"], known.get("order", [])
        self._files = {
            name: folder / name
            for name, identity in known["files"].items()
            if (folder / name).exists() and _identity(folder / name) == identity
        }
        self._open: dict[str, IO[bytes]] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def places(self, key: str) -> dict[str, list[int]] | None:
        """The files that hold a part's lines and where; None unless they hold all of it."""
        found: dict[str, list[int]] | None = self._parts.get(key)
        return found if found is not None and found.keys() <= self._files.keys() else None

    def holds(self, keys: list[str]) -> bool:
        """Whether the files hold these parts in this order, and nothing else."""
        names = {name for places in self._parts.values() for name in places}
        there = {str(path.relative_to(self._folder)) for path in self._folder.glob("*/*.jsonl")}
        return bool(keys) and self._order == keys and names == there == set(self._files)

    def copy(self, name: str, begin: int, end: int, target: IO[bytes]) -> None:
        """Write the bytes of a file between two places to another file, at its end."""
        if name not in self._open:
            self._open[name] = self._stack.enter_context(self._files[name].open("rb"))
        source = self._open[name]
        target.flush()
        while begin < end:
            copied = _copied(source.fileno(), target.fileno(), begin, end - begin)
            if not copied:
                raise OSError(f"{name} became shorter while it was read")
            begin += copied
        target.seek(0, os.SEEK_END)


def _copied(source: int, target: int, place: int, size: int) -> int:
    """Copy up to `size` bytes from a place to where the target stands; returns how many."""
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, size, place)
        except OSError as error:  # other file systems, or none that can
            if error.errno not in _CANNOT_COPY:
                raise
    return os.write(target, os.pread(source, min(size, _COPIED), place))


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
    times = [_iso(name) for name in ("timestamp", "collected_at")]
    return rows.select(
        pl.concat_str(
            _json("id", "kind", body.alias("text"), *texts).str.strip_suffix("}"),
            pl.lit(',"metadata":'),
            _json(*_METADATA, *times).str.strip_suffix("}"),
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


def _iso(name: str) -> pl.Expr:
    """A time as `record.iso` writes it: the fraction only where there is one."""
    time = pl.col(name)
    fraction = time.dt.microsecond() != 0
    return (
        pl.when(fraction)
        .then(time.dt.strftime("%Y-%m-%dT%H:%M:%S.%6fZ"))
        .otherwise(time.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
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
