"""The record: one row of business data, as a flat Polars frame inside and as JSON outside.

Inside a run every row of every source has the columns of `SCHEMA`. A question/answer pair has
`kind = "qa"` with `question` and `answer`; a page has `kind = "document"` with `text`.
Outside, `to_standard` gives the standard JSON shape that other tools read and write:

```
{"id": …, "text": …, "question": …, "answer": …,
 "metadata": {"source": …, "source_id": …, "timestamp": …, "domain": …, "license": …, …},
 "annotations": {"labels": […], "categories": […]}}
```
"""

from __future__ import annotations

import hashlib
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal

import polars as pl

Kind = Literal["qa", "document"]

TIME = pl.Datetime("us", "UTC")
EXTRA = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))

SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),  # 20 letters, from the source's name, the file and the position in it
    "kind": pl.String(),  # "qa" or "document"
    "question": pl.String(),
    "answer": pl.String(),
    "text": pl.String(),  # documents only; null for question/answer pairs
    "category": pl.String(),
    "labels": pl.List(pl.String()),
    "source": pl.String(),  # the name in the recipe
    "file": pl.String(),  # relative to the recipe's folder
    "line": pl.Int64(),  # 1-based line (CSV, JSONL) or row (Parquet); null where lines say nothing
    "position": pl.String(),  # the place in a file without lines: "message 12", "page 3", "cue 5"
    "source_id": pl.String(),  # the row's own identifier in its system
    "timestamp": TIME,  # when the business wrote it
    "zone": pl.String(),  # the offset from UTC that the time was written with: "+02:00"
    "collected_at": TIME,  # when tunesmith read it
    "collection": pl.String(),  # the run that read it: its time, a digest of the source
    "license": pl.String(),  # SPDX, or the words of the recipe
    "author": pl.String(),
    "role": pl.String(),  # who wrote the answer or the page: "agent", "customer", "bot", "editor"
    "customer": pl.String(),
    "thread": pl.String(),
    "domain": pl.String(),
    "content_hash": pl.String(),  # 16 letters: 64 bits of the SHA-256 of the raw row
    "language": pl.String(),  # ISO 639-1
    "language_confidence": pl.Float64(),  # 0–1
    "words": pl.Int64(),  # of question and answer, or of the page
    "repetition": pl.Float64(),  # 0–1, the share of word triples that came before
    "quality_score": pl.Float64(),  # 0–1
    "weight": pl.Float64(),  # 0–1: how much the row counts in training; null counts whole
    "extra": EXTRA,  # every other column of the source, as text
    "changes": pl.List(pl.String()),  # what the transforms did to this row
}

#: Columns whose words a person wrote or reads: cleaned, masked and scanned.
TEXT_COLUMNS = ("question", "answer", "text")

#: Columns that a row may carry personal data in beside its text: masked and scanned too.
METADATA_COLUMNS = ("category", "source_id", "file", "license", "domain")

#: Columns that name a person or a conversation: replaced by keyed pseudonyms.
IDENTIFIER_COLUMNS = ("customer", "author", "thread")


_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def record_id(source: str, file: str, position: str) -> str:
    """The identifier of a row: the same source, file and position always give the same one."""
    return lettered(hashlib.sha256(f"{source}\x1f{file}\x1f{position}".encode()).hexdigest()[:20])


def content_hash(raw: bytes) -> str:
    """The first 64 bits of the SHA-256 of a row's raw bytes, as 16 letters."""
    return lettered(hashlib.sha256(raw).hexdigest()[:16])


def record_ids(source: str, file: str, positions: list[str]) -> list[str]:
    """`record_id` of many rows of one file."""
    place = f"{source}\x1f{file}\x1f".encode()
    return _all_lettered([_sha256(place + position.encode()) for position in positions], 20)


def content_hashes(raws: list[bytes]) -> list[str]:
    """`content_hash` of many rows."""
    return _all_lettered(list(map(_sha256, raws)), 16)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _all_lettered(digests: list[bytes], letters: int) -> list[str]:
    """The first letters of each SHA-256: what `lettered` gives, with one pass for all of them."""
    text = lettered(b"".join(digests).hex())
    return [text[start : start + letters] for start in range(0, len(text), 64)]


def lettered(digits: str) -> str:
    """Hex digits as the letters a to p: no scanner takes an identifier for a card or a telephone.

    >>> lettered("09af")
    'ajkp'
    """
    return digits.translate(_LETTERS)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """A frame with every column of `SCHEMA` from row dictionaries; absent columns are null."""
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA}
    for row in rows:
        for name, values in columns.items():
            values.append(row.get(name))
    return pl.DataFrame(columns, schema=SCHEMA)


def empty() -> pl.DataFrame:
    """A frame with the columns of `SCHEMA` and no row."""
    return pl.DataFrame(schema=SCHEMA)


def body(columns: tuple[str, ...] | list[str] = TEXT_COLUMNS) -> pl.Expr:
    """The words of a row, whatever its kind: the non-null `columns`, joined by a blank line."""
    return pl.concat_str([pl.col(name) for name in columns], separator="\n\n", ignore_nulls=True)


def to_standard(row: dict[str, Any]) -> dict[str, Any]:
    """One row of the frame in the standard JSON shape.

    Args:
        row: A row as `DataFrame.iter_rows(named=True)` gives it.
    """
    metadata = {
        name: row[name]
        for name in (
            "source", "source_id", "domain", "license", "author", "role", "customer", "thread",
            "language", "language_confidence", "quality_score", "weight", "file", "line",
            "position", "content_hash",
        )
    }  # fmt: skip
    metadata["timestamp"] = iso(row["timestamp"], row["zone"])
    metadata["collected_at"] = iso(row["collected_at"])
    metadata["collection"] = row["collection"]
    metadata["extra"] = {item["key"]: item["value"] for item in row["extra"] or []}
    standard: dict[str, Any] = {"id": row["id"], "kind": row["kind"]}
    if row["kind"] == "qa":
        standard |= {
            "text": f"{row['question']}\n\n{row['answer']}",
            "question": row["question"],
            "answer": row["answer"],
        }
    else:
        standard["text"] = row["text"]
    standard["metadata"] = metadata
    standard["annotations"] = {
        "labels": row["labels"] or [],
        "categories": [row["category"]] if row["category"] is not None else [],
    }
    return standard


def iso(moment: datetime | None, zone: str | None = None) -> str | None:
    """A UTC time as ISO 8601, or null.

    Args:
        moment: The time in UTC.
        zone: The offset that it is written with, such as `+02:00`; `Z` when there is none, or no
            difference.
    """
    if moment is None:
        return None
    if zone is None or zone == "+00:00":
        return moment.isoformat().replace("+00:00", "Z")
    return moment.astimezone(_zone(zone)).isoformat()


@lru_cache(maxsize=256)
def _zone(offset: str) -> tzinfo | None:
    return datetime.strptime(offset, "%z").tzinfo
