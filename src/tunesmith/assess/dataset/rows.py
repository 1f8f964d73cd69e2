"""A dataset as numbers: its texts are read once, part by part, and a few facts of each row stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.assess.dataset import markers
from tunesmith.assess.dataset.estimate import F64, Codes
from tunesmith.errors import TunesmithError
from tunesmith.store.versions import read_version, version_files

RECORD = (
    "id", "kind", "question", "answer", "text", "category", "source", "timestamp", "license",
    "customer", "thread", "domain", "language", "split",
)  # fmt: skip
METADATA = ("category", "source", "timestamp", "license", "domain", "language")
"""The standard format's metadata that every row of a complete dataset has."""
_FLAGS = {
    "female": ("question", markers.FEMALE),
    "male": ("question", markers.MALE),
    "old": ("question", markers.OLD),
    "young": ("question", markers.YOUNG),
    "named": ("question", markers.NAMED),
    "polar": ("question", markers.POLAR),
    "leading": ("question", markers.LEADING),
    "polite": ("answer", markers.POLITE),
    "refusal": ("answer", markers.REFUSAL),
    "agrees": ("answer", markers.AGREES),
    "denies": ("answer", markers.DENIES),
}
_LONG_WORD = r"\b\w{7,}\b"
_SENTENCE = r"[.!?:]+(?:\s|$)"


@dataclass(frozen=True)
class Rows:
    """Facts of the rows of a dataset, one row each, and a sample with its texts."""

    facts: pl.DataFrame
    sample: pl.DataFrame
    """Some question/answer pairs with `question`, `answer` and their row in `facts`."""
    fields: tuple[str, ...]
    """The fields that a complete row has."""
    absent: tuple[str, ...]
    """Metadata of the standard format that no row has: no field of this dataset."""
    tabular: bool
    """No texts to learn from: a table of any columns."""

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.facts.height

    @cached_property
    def groups(self) -> Codes:
        """The customer or thread of each row as 0 to g - 1; a row without one is its own."""
        return coded(self.facts.get_column("group"))[0]

    @cached_property
    def pairs(self) -> NDArray[np.bool_]:
        """Which rows have a question and an answer."""
        return self.facts.get_column("is_pair").to_numpy()

    @cached_property
    def categories(self) -> tuple[Codes, list[str]]:
        """Of each row the place of its category, -1 for none, and the names."""
        return coded(self.facts.get_column("category"))

    def column(self, name: str) -> F64:
        """A column as numbers, NaN for null."""
        return self.facts.get_column(name).cast(pl.Float64).fill_null(np.nan).to_numpy()

    def flag(self, name: str) -> NDArray[np.bool_]:
        """A column of yes and no; null is no."""
        return self.facts.get_column(name).fill_null(value=False).to_numpy()


def coded(values: pl.Series) -> tuple[Codes, list[str]]:
    """Values as places among the different ones, -1 for null; and those, most frequent first."""
    counts = (
        values.drop_nulls()
        .value_counts(name="rows")
        .sort(["rows", values.name], descending=[True, False])
    )
    names = counts.get_column(values.name)
    table = pl.DataFrame({values.name: names, "place": np.arange(names.len(), dtype=np.int64)})
    places = values.to_frame().join(table, on=values.name, how="left", maintain_order="left")
    return places.get_column("place").fill_null(-1).to_numpy(), [str(name) for name in names]


def read_rows(data: Path | pl.DataFrame, *, sample_rows: int, seed: int) -> Rows:
    """The facts of a run folder's newest dataset, or of a frame.

    A frame with a `question` or a `text` is read as records (`tunesmith.record`), other columns of
    the record may be missing; one with neither as a table, all of whose columns are fields.

    Raises:
        TunesmithError: The folder has no dataset, or there is no row.
    """
    if isinstance(data, Path):
        table = data / "dataset"
        if not table.is_dir():
            read_version(table)  # says that there is none, and what to do
        columns = list(RECORD)
        parts: Iterable[pl.DataFrame] = (
            pl.read_parquet(file, columns=columns) for file in version_files(table)
        )
        where, tabular, names = str(data), False, columns
    else:
        parts, where, names = [data], "dataset", data.columns
        tabular = not {"question", "text"} & set(names)
    answers = "answer" in names
    facts, samples = [], []
    start = 0
    for part in parts:
        shaped = part if tabular else _shaped(part)
        made = _table_facts(part) if tabular else _facts(shaped, start, answers=answers)
        facts.append(made)
        if not tabular:
            samples.append(_sampled(shaped, start, sample_rows, seed))
        start += part.height
    if not start:
        raise TunesmithError(
            "there is no row to assess", where=where, todo="look at why rows were dropped: run.json"
        )
    whole = pl.concat(facts, rechunk=True)
    drawn = pl.concat(samples) if samples else pl.DataFrame()
    if samples:
        drawn = drawn.sort("drawn").head(sample_rows).drop("drawn")
    if tabular:
        return Rows(whole, drawn, tuple(names), (), tabular)
    known = [name for name in METADATA if not bool(whole.get_column(f"null_{name}").all())]
    return Rows(
        whole, drawn, tuple(known), tuple(name for name in METADATA if name not in known), tabular
    )


def _shaped(part: pl.DataFrame) -> pl.DataFrame:
    """A frame with all columns of `RECORD`; a row with a question is a pair unless it says not."""
    there = set(part.columns)
    kind = pl.lit("qa") if "question" in there else pl.lit("document")
    made = {
        "id": pl.int_range(pl.len()).cast(pl.String),
        "kind": kind,
        "timestamp": pl.lit(None, dtype=pl.Datetime("us", "UTC")),
    }
    missing = [
        made.get(name, pl.lit(None, dtype=pl.String)).alias(name)
        for name in RECORD
        if name not in there
    ]
    return part.with_columns(missing).select(RECORD)


def _key(name: str) -> pl.Expr:
    """A hash of a text without case, punctuation and extra space; null where nothing is left."""
    plain = pl.col(name).str.to_lowercase().str.replace_all(r"[\W_]+", " ").str.strip_chars()
    return pl.when(plain != "").then(plain.hash(13)).otherwise(None)


def _facts(part: pl.DataFrame, start: int, *, answers: bool) -> pl.DataFrame:
    """The facts of some records; without `answers` a question is all that a pair needs."""
    placed = markers.placed()
    pair = pl.col("kind") == "qa"
    own = pl.lit("row ") + (pl.int_range(pl.len()) + start).cast(pl.String)
    blank = {name: _is_blank(name) for name in METADATA if name != "timestamp"}
    words = {name: pl.col(name).str.count_matches(r"\S+") for name in ("question", "answer")}
    body = pl.when(pair).then(pl.col("answer")).otherwise(pl.col("text"))
    return part.select(
        pl.coalesce("customer", "thread", own).hash(13).alias("group"),
        pair.alias("is_pair"),
        pl.when(pair).then(1.0 + answers).otherwise(1.0).alias("texts"),
        _lacking(lambda name: pl.col(name).is_null(), answers=answers).alias("missing_texts"),
        _lacking(_is_blank, answers=answers).alias("empty_texts"),
        *(pl.col(name).is_null().alias(f"null_{name}") for name in METADATA),
        *(blank.get(name, pl.lit(value=False)).alias(f"blank_{name}") for name in METADATA),
        *(pl.col(name) for name in ("id", "category", "source", "language", "split", "timestamp")),
        words["question"].alias("question_words"),
        words["answer"].alias("answer_words"),
        body.str.count_matches(r"\S+").alias("words"),
        body.str.count_matches(_LONG_WORD).alias("long_words"),
        body.str.count_matches(_SENTENCE).alias("sentences"),
        _key("question").alias("question_key"),
        _key("answer").alias("answer_key"),
        *(pl.col(of).str.contains(pattern).alias(name) for name, (of, pattern) in _FLAGS.items()),
        pl.col("question").str.contains(placed).alias("placed"),
    )


def _is_blank(name: str) -> pl.Expr:
    return (pl.col(name).str.strip_chars() == "").fill_null(value=False)


def _lacking(test: Callable[[str], pl.Expr], *, answers: bool) -> pl.Expr:
    """How many of the texts that a row is learned from meet a test."""
    pair = test("question").cast(pl.Float64)
    if answers:
        pair = pair + test("answer").cast(pl.Float64)
    return pl.when(pl.col("kind") == "qa").then(pair).otherwise(test("text").cast(pl.Float64))


def _sampled(part: pl.DataFrame, start: int, most: int, seed: int) -> pl.DataFrame:
    """The pairs of a part that a draw by hash of the row's place takes first."""
    place = (pl.int_range(pl.len()) + start).alias("row")
    drawn = place.hash(seed).alias("drawn")
    pairs = part.select("question", "answer", "kind", place, drawn)
    chosen = pairs.filter((pl.col("kind") == "qa") & pl.col("question").is_not_null())
    return chosen.drop("kind").sort("drawn").head(most)


def _table_facts(part: pl.DataFrame) -> pl.DataFrame:
    """For each column of a table, whether it is missing, is blank, and its type as written."""
    columns = [pl.int_range(pl.len()).alias("group"), pl.lit(value=False).alias("is_pair")]
    for name in part.columns:
        text = part.schema[name] == pl.String
        blank = (pl.col(name).str.strip_chars() == "") if text else pl.lit(value=False)
        columns += [
            pl.col(name).is_null().alias(f"null_{name}"),
            blank.fill_null(value=False).alias(f"blank_{name}"),
            (_written(name) if text else pl.lit(str(part.schema[name]))).alias(f"type_{name}"),
        ]
    return part.select(columns)


def _written(name: str) -> pl.Expr:
    value = pl.col(name).str.strip_chars()
    date = r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$"
    return (
        pl.when(value.is_null() | (value == ""))
        .then(None)
        .when(value.str.contains(r"^[-+]?\d+$"))
        .then(pl.lit("whole number"))
        .when(value.str.contains(r"^[-+]?\d*[.,]\d+$"))
        .then(pl.lit("number"))
        .when(value.str.contains(date))
        .then(pl.lit("date"))
        .otherwise(pl.lit("text"))
    )
