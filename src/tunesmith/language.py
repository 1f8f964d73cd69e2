"""Language identification: py3langid's model, run by a compiled kernel over whole columns.

The model (a naive Bayes classifier over byte n-grams found by a finite automaton: Lui and Baldwin,
*langid.py: An Off-the-shelf Language Identification Tool*, 2012) and its own confidence (a softmax
tempered by the square root of the text's length) are those of `py3langid`; only the loop is ours.
A test compares the two text by text.

That confidence is too low, the more so the shorter the text. `CALIBRATION` turns it into the share
of texts that are right (Platt, *Probabilistic Outputs for Support Vector Machines*, 1999, with a
piecewise linear slope and the text's length); the language stays what it was.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tunesmith import derived
from tunesmith.kernels import buffers, kernel

#: The languages that support desks meet; a text is held to be in one of these.
COMMON_LANGUAGES = (
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi",
    "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk",
    "sl", "sr", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip


#: Where the slope over the model's log-odds changes.
KNOTS = (0.5, 1.5, 3.0)

#: Weights of: 1; the model's log-odds (within ±15); how far they are beyond each knot; the
#: logarithm of the bytes; that of the letters; the log-odds × the latter. Fitted by
#: `benchmarks/language.py --fit` on every second sentence of 27 languages, whole and cut to its
#: first 1, 2, 3, 5 and 8 words.
CALIBRATION = (1.403, 0.965, 1.361, -0.858, -1.304, -1.0, 0.994, 0.035)


class Identifier:
    """Tells the language of texts.

    Args:
        languages: The ISO 639-1 codes to choose from; those the model does not know are an error.

    Raises:
        ValueError: A language is unknown to the model.
    """

    def __init__(self, languages: tuple[str, ...]) -> None:
        model = _model()
        classes: list[str] = model["classes"].tolist()
        if unknown := set(languages) - set(classes):
            raise ValueError(f"languages unknown to the model: {', '.join(sorted(unknown))}")
        chosen = [place for place, name in enumerate(classes) if name in languages]
        self.labels = list(dict.fromkeys(classes[place] for place in chosen))
        self._label_of = np.array([self.labels.index(classes[place]) for place in chosen])
        self._next = model["next"]
        self._row = model["row"].astype(np.int64) << 8
        self._output = model["output"]
        self._weights = np.ascontiguousarray(model["weights"][:, chosen], dtype=np.float32)
        self._prior = model["prior"][chosen]

    @staticmethod
    def prepare(texts: pl.Series) -> pl.Series:
        """Texts as the model reads them: normal form C, no tags or links, capitals made small."""
        texts = _where(texts, _MAY_COMPOSE, _composed)
        texts = _where(
            texts, r"\[[A-Z_]{2,}\]|https?://", lambda hit: hit.str.replace_all(_NOISE, " ")
        )
        # Most texts have a small letter early on; only the others are looked at in full.
        loud = ~texts.str.contains("[a-z]")
        return (
            pl.select(
                pl.when(loud & (texts == texts.str.to_uppercase()))
                .then(texts.str.to_lowercase())
                .otherwise(texts)
            ).to_series()
            if loud.any()
            else texts
        )

    def identify(
        self, texts: pl.Series, *, prepared: bool = False
    ) -> tuple[pl.Series, NDArray[np.float64]]:
        """The language of each text and the calibrated confidence (0–1; 0 where nothing tells).

        Of the texts with a confidence of 0.95, 95% are in the language that is named: as far as
        all the languages to choose from are equally likely, which favours the rare ones.

        Args:
            texts: The texts; null tells nothing.
            prepared: The texts are what `prepare` returned.
        """
        names, figures = self.classify(texts, prepared=prepared)
        return names, figures[:, 1]

    def classify(
        self, texts: pl.Series, *, prepared: bool = False
    ) -> tuple[pl.Series, NDArray[np.float64]]:
        """The language of each of n texts, and n × 4 figures.

        The figures are the model's own confidence, the calibrated one, bytes and letters (those of
        ASCII, and all beyond it).
        """
        data, offsets = buffers(texts if prepared else self.prepare(texts))
        best, figures = _classify(
            data, offsets, self._next, self._row, self._output, self._weights, self._prior,
            self._label_of, len(self.labels), np.array(KNOTS), np.array(CALIBRATION),
        )  # fmt: skip
        names = pl.Series(self.labels, dtype=pl.String).gather(np.maximum(best, 0))
        known = pl.Series(best >= 0)
        return pl.select(pl.when(known).then(names)).to_series(), figures


@lru_cache(maxsize=1)
def _model() -> dict[str, NDArray[Any]]:
    """py3langid's model as arrays: unpacked once, then mapped into memory (see `derived`)."""
    source = resources.files(__package__).joinpath("language.py").read_bytes()
    data = derived.kept("languages.arrow", derived.identity(("py3langid",), source), _unpacked)
    table = pa.ipc.open_file(data).read_all()
    return {
        field.name: np.frombuffer(
            table.column(field.name).chunk(0).buffers()[2], dtype=field.metadata[b"dtype"].decode()
        ).reshape(orjson.loads(field.metadata[b"shape"]))
        for field in table.schema
    }


def _unpacked() -> pa.Buffer:
    """The model as one row of an Arrow file: a column an array, its type and shape beside it."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    arrays = {
        "classes": np.array(model.nb_classes),
        "next": np.frombuffer(model.tk_nextmove, dtype=model.tk_nextmove.typecode),
        "row": np.frombuffer(model.tk_row, dtype=model.tk_row.typecode),
        "output": np.asarray(model.tk_output, dtype=np.int32),
        "weights": np.asarray(model.nb_ptc),
        "prior": np.asarray(model.nb_pc, dtype=np.float32),
    }
    columns = [pa.array([array.tobytes()], pa.large_binary()) for array in arrays.values()]
    fields = [
        pa.field(
            name,
            pa.large_binary(),
            metadata={"dtype": array.dtype.str, "shape": orjson.dumps(array.shape)},
        )
        for name, array in arrays.items()
    ]
    sink = pa.BufferOutputStream()
    table = pa.table(columns, schema=pa.schema(fields))
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue()


def evidence(figures: NDArray[np.float64], knots: Any) -> NDArray[np.float64]:
    """What the calibration weighs of each of n texts: n × (5 + knots).

    Args:
        figures: n × 4, as `Identifier.classify` gives them.
        knots: Where the slope over the log-odds changes.
    """
    own = np.clip(figures[:, 0], 1e-9, 1 - 1e-9)
    odds = np.clip(np.log(own / (1 - own)), -15, 15)
    size, letters = np.log(figures[:, 2] + 1), np.log(figures[:, 3] + 1)
    beyond = [np.maximum(odds - knot, 0) for knot in knots]
    return np.stack([np.ones_like(odds), odds, *beyond, size, letters, odds * letters], axis=1)


#: Nothing below U+0300 is changed by Unicode's normal form C, and no dash or quotation mark is.
_MAY_COMPOSE = "[^\\x00-\u02ff\u2010-\u2027]"


def _composed(texts: pl.Series) -> pl.Series:
    return pl.Series([unicodedata.normalize("NFC", text) for text in texts], dtype=pl.String)


_NOISE = r"\[[A-Z_]{2,}\]|https?://\S+"


def _where(texts: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    rows = texts.str.contains(pattern).fill_null(value=False).arg_true()
    return texts.scatter(rows, change(texts.gather(rows))) if rows.len() else texts


@kernel
def _classify(  # noqa: C901 - one compiled loop
    data: Any, offsets: Any, moves: Any, rows: Any, output: Any, weights: Any, prior: Any,
    label_of: Any, labels: int, knots: Any, calibration: Any,
) -> tuple[Any, Any]:  # fmt: skip
    texts = len(offsets) - 1
    classes = len(prior)
    best = np.full(texts, -1, dtype=np.int64)
    figures = np.zeros((texts, 4), dtype=np.float64)
    longest = 1
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    found = np.empty(longest, dtype=np.int32)
    scores = np.empty(classes, dtype=np.float32)
    shares = np.empty(labels, dtype=np.float64)
    for text in range(texts):
        start, end = offsets[text], offsets[text + 1]
        state, count = 0, 0
        for place in range(start, end):
            state = moves[rows[state] + data[place]]
            feature = output[state]
            if feature >= 0:
                found[count] = feature
                count += 1
        if count == 0:
            continue
        features = np.sort(found[:count])
        scores[:] = prior
        place = 0
        while place < count:
            feature = features[place]
            times = 0
            while place < count and features[place] == feature:
                times += 1
                place += 1
            weight = np.float32(np.log1p(np.float32(times)))
            for one in range(classes):
                scores[one] += weight * weights[feature, one]
        temper = 1.0 / np.sqrt(end - start)
        highest = scores[0]
        for one in range(classes):
            highest = max(highest, scores[one])
        shares[:] = 0.0
        total = 0.0
        for one in range(classes):
            share = np.exp((scores[one] - highest) * temper)
            shares[label_of[one]] += share
            total += share
        winner = 0
        for label in range(labels):
            if shares[label] > shares[winner]:
                winner = label
        best[text] = winner
        figures[text, 0] = shares[winner] / total
        figures[text, 2] = end - start
        figures[text, 3] = _letters(data, start, end)
        figures[text, 1] = _calibrated(
            figures[text, 0], figures[text, 2], figures[text, 3], knots, calibration
        )
    return best, figures


@kernel
def _letters(data: Any, start: int, end: int) -> int:
    count = 0
    for place in range(start, end):
        byte = data[place]
        count += byte >= 192 or 65 <= byte <= 90 or 97 <= byte <= 122
    return count


@kernel
def _calibrated(own: float, size: float, letters: float, knots: Any, weights: Any) -> float:
    """The calibrated confidence: the logistic of the weighted `evidence` of one text."""
    own = min(max(own, 1e-9), 1 - 1e-9)
    odds = min(max(np.log(own / (1 - own)), -15.0), 15.0)
    total = weights[0] + weights[1] * odds
    for place in range(len(knots)):
        total += weights[2 + place] * max(odds - knots[place], 0.0)
    rest = 2 + len(knots)
    total += weights[rest] * np.log(size + 1) + weights[rest + 1] * np.log(letters + 1)
    total += weights[rest + 2] * odds * np.log(letters + 1)
    return float(1 / (1 + np.exp(-total)))


@lru_cache(maxsize=4)
def identifier(languages: tuple[str, ...]) -> Identifier:
    """The identifier for a set of languages, loaded once a process."""
    return Identifier(languages)
