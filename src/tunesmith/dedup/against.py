"""Against other datasets: rows that are in an evaluation set do not belong in training.

A row is contaminated when its text is the same as one of the set's, nearly the same (verified
Jaccard similarity of word shingles), or holds a run of `ngram` words that the set holds: the last
is the rule of GPT-3 for 13 words (Brown et al. 2020, appendix C), where it removed the surroundings
of the run and here removes the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tunesmith.collect import rows as raw_rows
from tunesmith.collect.encoding import detect
from tunesmith.config import Config
from tunesmith.dedup import minhash
from tunesmith.dedup.near import NearConfig, band_rows_for, bands_of
from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.spill import U64
from tunesmith.errors import SourceError
from tunesmith.io import file_sha256
from tunesmith.kernels import kernel

F64 = NDArray[np.float64]
Match = Literal["question", "answer", "pair", "text"]

#: The columns of a record that each way of matching compares.
COMPARED: dict[Match, tuple[str, ...]] = {
    "question": ("question",),
    "answer": ("answer",),
    "pair": ("question", "answer"),
    "text": ("question", "answer", "text"),
}
_MAX_BYTES = 64 << 20


class AgainstConfig(Config):
    """A dataset whose rows may not be in this one, such as an evaluation set."""

    path: str
    """A JSONL, CSV or Parquet file, a folder or a pattern; relative to the recipe."""
    name: str | None = None
    """What the ledger calls it; the path's last part when it is not given."""
    match: Match = "pair"
    """What is compared: the `question`, the `answer`, the `pair` of both, or all the `text`."""
    columns: list[str] | None = None
    """The columns that hold it there, joined (`messages.0.content` looks into lists); by default
    those of tunesmith's own exports: `question`, `answer`, both, or `text`."""
    threshold: float = Field(default=0.8, gt=0, le=1)
    """The least Jaccard similarity of a contaminated row; 1 means the same words in any order of
    shingles."""
    shingle_words: int = Field(default=3, ge=1)
    """Words in a shingle; evaluation questions are short."""
    ngram: int | None = Field(default=None, ge=5)
    """Also drop a row that holds a run of this many words of the set (13 is usual), whatever the
    rest of it says; `null` does not look."""

    @property
    def called(self) -> str:
        """The set's name in ledgers."""
        return self.name or Path(self.path).name

    @property
    def read_columns(self) -> list[str]:
        """The columns that are read."""
        if self.columns is not None:
            return self.columns
        return ["text"] if self.match == "text" else list(COMPARED[self.match])

    def files(self, base: Path) -> list[Path]:
        """The set's files, sorted.

        Raises:
            SourceError: Nothing is there, or a file is of no known format.
        """
        given = Path(self.path).expanduser()
        place = given if given.is_absolute() else base / given
        if place.is_file():
            found = [place]
        elif place.is_dir():
            found = [path for path in place.rglob("*") if raw_rows.format_of(path) is not None]
        else:
            root = Path(place.anchor)
            found = [path for path in root.glob(str(place.relative_to(root))) if path.is_file()]
        unknown = [path.name for path in found if raw_rows.format_of(path) is None]
        if not found or unknown:
            raise SourceError(
                f"'{unknown[0]}' is no JSONL, CSV or Parquet file"
                if unknown
                else f"there is no data file at '{self.path}'",
                where=f"dedup.against '{self.called}'",
                todo="a relative path starts at the recipe's folder",
            )
        return sorted(found)

    def identity(self, base: Path) -> dict[str, Any]:
        """What the outcome depends on: settings and the content of the files."""
        digests = [file_sha256(path) for path in self.files(base)]
        return {"settings": self.model_dump(mode="json", exclude={"path"}), "files": digests}


@dataclass(frozen=True)
class Verdicts:
    """What was found of each row of a batch."""

    similarity: F64
    """The greatest similarity to a text of the set; 0 below the threshold."""
    shared: NDArray[np.int64]
    """Runs of words that the row shares with the set."""


class EvaluationSet:
    """The index of one other dataset, in memory: about 300 bytes a row and 8 for each word.

    Args:
        config: How it is compared.
        texts: Its texts, as they were written.
    """

    def __init__(self, config: AgainstConfig, texts: pl.Series) -> None:
        self.config = config
        self.near = NearConfig(
            threshold=config.threshold,
            shingle_words=config.shingle_words,
            band_rows=band_rows_for(config.threshold),
        )
        whole = comparable(texts.alias("text").to_frame(), ["text"])
        words = whole.filter(whole != "").unique(maintain_order=True)
        self.rows = words.len()
        self._flat, self._ends = minhash.shingles(words, config.shingle_words)
        hashes = bands_of(words, self.near)
        self._order = np.argsort(hashes, axis=1, kind="stable")
        self._bands = np.take_along_axis(hashes, self._order, axis=1)
        self._runs = np.empty(0, np.uint64)
        if config.ngram is not None:
            self._runs = np.unique(minhash.shingles(_long(words, config.ngram), config.ngram)[0])

    def judge(self, joined: pl.Series) -> Verdicts:
        """Compare rows, given the comparable text of the columns of `COMPARED`, with the set."""
        flat, ends = minhash.shingles(joined, self.config.shingle_words)
        bands = bands_of(joined, self.near)
        similarity = _closest(
            bands, flat, ends, self._bands, self._order, self._flat, self._ends, self.near.threshold
        )
        shared = np.zeros(joined.len(), dtype=np.int64)
        if self.config.ngram is not None:
            rows = _is_long(joined, self.config.ngram)
            runs, ends = minhash.shingles(joined.filter(pl.Series(rows)), self.config.ngram)
            known = np.r_[0, np.cumsum(_among(runs, self._runs))]
            shared[rows] = known[ends[1:]] - known[ends[:-1]]
        return Verdicts(similarity, shared)


def read(config: AgainstConfig, base: Path) -> EvaluationSet:
    """Read another dataset.

    Raises:
        SourceError: It cannot be read as a whole (what is not read would not be found), lacks a
            column, or has no text.
    """
    texts: list[str] = []
    for path in config.files(base):
        texts += _texts(config, path)
    found = EvaluationSet(config, pl.Series(texts, dtype=pl.String))
    if not found.rows:
        raise SourceError(
            f"no row has a word in {', '.join(config.read_columns)}",
            where=f"dedup.against '{config.called}'",
        )
    return found


def _texts(config: AgainstConfig, path: Path) -> list[str]:
    where = f"dedup.against '{config.called}', {path.name}"
    texts = []
    seen: set[str] = set()
    for row in _rows(path):
        if isinstance(row, raw_rows.BadRow):
            raise SourceError(
                f"line {row.line} cannot be read: {row.reason}",
                where=where,
                todo="mend the line: a row that is not read cannot be kept out of training",
            )
        values = {name: _value(row.values, name) for name in config.read_columns}
        seen |= {name for name, value in values.items() if value is not None}
        texts.append("\n".join(str(value) for value in values.values() if value is not None))
    missing = [name for name in config.read_columns if name not in seen]
    if texts and missing:
        raise SourceError(
            f"no row has {', '.join(map(repr, missing))}",
            where=where,
            todo="name the columns that hold the text with `columns`",
        )
    return texts


def _rows(path: Path) -> Any:
    form = raw_rows.format_of(path)
    if form == "parquet":
        return raw_rows.read_parquet(path)
    encoding = detect(path)
    if form == "jsonl":
        return raw_rows.read_jsonl(path, encoding, max_bytes=_MAX_BYTES)
    return raw_rows.read_csv(path, encoding, delimiter=None, max_bytes=_MAX_BYTES)


def _value(values: dict[str, Any], name: str) -> Any:
    """A column's value; a name such as `messages.0.content` goes into lists."""
    if name in values:
        return values[name]
    head, *way = name.split(".")
    place: Any = values.get(head)
    for part in way:
        if isinstance(place, list) and part.isdigit():
            place = place[int(part)] if int(part) < len(place) else None
        else:
            place = place.get(part) if isinstance(place, dict) else None
    return place


def _is_long(texts: pl.Series, words: int) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (texts.str.count_matches(" ", literal=True) + 1 >= words).to_numpy()
    return result


def _long(texts: pl.Series, words: int) -> pl.Series:
    """The texts of at least so many words: a shorter one has no run of them."""
    return texts.filter(pl.Series(_is_long(texts, words)))


def _among(values: U64, known: U64) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    result: NDArray[np.bool_] = known[places] == values
    return result


@kernel
def _closest(
    bands: Any,
    flat: Any,
    ends: Any,
    known_bands: Any,
    known_order: Any,
    known_flat: Any,
    known_ends: Any,
    threshold: float,
) -> Any:
    """The greatest verified similarity of each row to a known one, 0 below the threshold."""
    rows = bands.shape[1]
    best = np.zeros(rows, dtype=np.float64)
    asked = np.full(len(known_ends) - 1, -1, dtype=np.int64)
    for row in range(rows):
        if ends[row + 1] == ends[row]:
            continue
        for band in range(len(bands)):
            wanted = bands[band, row]
            place = np.searchsorted(known_bands[band], wanted)
            while place < known_bands.shape[1] and known_bands[band, place] == wanted:
                other = known_order[band, place]
                place += 1
                if asked[other] == row:
                    continue
                asked[other] = row
                similarity = minhash.jaccard_from(
                    flat, ends[row], ends[row + 1],
                    known_flat, known_ends[other], known_ends[other + 1], threshold,
                )  # fmt: skip
                best[row] = max(best[row], similarity)
    return best
