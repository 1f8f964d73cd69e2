"""The documents' quality metrics and their composite (document B, 4).

completeness = 1 - (0.4 missing + 0.3 empty + 0.3 incomplete); the composite weighs accuracy 0.25,
completeness 0.20, consistency 0.20, relevance 0.15, diversity 0.10 and bias 0.10. A part that
cannot be measured is left out, its weight is shared by the others, and it is named.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.estimate import F64, mean
from tunesmith.assess.dataset.rows import Rows

WEIGHTS = {
    "accuracy": 0.25,
    "completeness": 0.20,
    "consistency": 0.20,
    "relevance": 0.15,
    "diversity": 0.10,
    "bias": 0.10,
}
"""Document B, 4, "Key Quality Indicators"."""
MISSING, EMPTY, INCOMPLETE = 0.4, 0.3, 0.3
"""Document B, 4, "Automated Quality Checks"."""

_WORD = re.compile(r"[^\W\d_]{3,}")


def quality(
    rows: Rows,
    config: AssessConfig,
    *,
    intrinsic: Mapping[str, Any],
    bias_score: float | None,
    verdicts: Mapping[str, bool] | None = None,
) -> dict[str, Any]:
    """The quality figures and the composite.

    Args:
        rows: The dataset.
        config: The confidence and the seed.
        intrinsic: What `intrinsic` gave.
        bias_score: The score of `bias`: 1 where none was found; None where none could be looked at.
        verdicts: By row id, whether people found the row right.

    Returns:
        `completeness`, `consistency`, `accuracy`, `relevance`, `diversity` (figures), `bias` (the
        score), `composite`: `{value, weights, unmeasured, note}`.
    """
    about: dict[str, Any] = {"confidence": config.confidence, "seed": config.seed}
    figures = {
        "completeness": completeness(rows, about),
        "consistency": consistency(rows, about),
        "accuracy": accuracy(rows, about, verdicts),
        "relevance": relevance(rows, about),
        "diversity": _diversity(intrinsic),
    }
    values = {name: None if figure is None else figure["value"] for name, figure in figures.items()}
    return {**figures, "bias": bias_score, "composite": composite({**values, "bias": bias_score})}


def composite(values: Mapping[str, float | None]) -> dict[str, Any]:
    """The documents' weighted sum, over the parts that were measured.

    Args:
        values: By name of `WEIGHTS`, 0 to 1 or None.
    """
    known = {name: value for name, value in values.items() if value is not None}
    weight = sum(WEIGHTS[name] for name in known)
    unmeasured = [name for name in WEIGHTS if name not in known]
    value = sum(WEIGHTS[name] * known[name] for name in known) / weight if known else None
    note = "A weighted sum; the intervals are those of its parts."
    if unmeasured:
        note += f" Not measured, and their weight given to the others: {', '.join(unmeasured)}."
    return {
        "value": None if value is None else min(1.0, max(0.0, value)),
        "weights": dict(WEIGHTS), "unmeasured": unmeasured, "note": note,
    }  # fmt: skip


def completeness(rows: Rows, about: Mapping[str, Any]) -> dict[str, Any]:
    """1 - (0.4 missing + 0.3 empty + 0.3 incomplete), a row at a time.

    Missing and empty are shares of a row's fields; a row is incomplete if it lacks a text that it
    is learned from (of a table: any field).
    """
    fields = len(rows.fields)
    missing = _added(rows, "null", rows.fields)
    empty = _added(rows, "blank", rows.fields)
    if rows.tabular:
        total: F64 = np.full(rows.height, float(max(1, fields)))
        lacking = (missing + empty) > 0
    else:
        no_text, no_word = rows.column("missing_texts"), rows.column("empty_texts")
        total = rows.column("texts") + fields
        missing, empty = missing + no_text, empty + no_word
        lacking = (no_text + no_word) > 0
    each = 1 - (MISSING * missing / total + EMPTY * empty / total + INCOMPLETE * lacking)
    figure = mean(
        each, rows.groups, unit="share", label="Completeness",
        meaning="1 - (0.4 missing values + 0.3 empty fields + 0.3 incomplete rows)", **about,
    )  # fmt: skip
    parts = {
        "missing": float((missing / total).mean()),
        "empty": float((empty / total).mean()),
        "incomplete": float(lacking.mean()),
    }
    return {**figure, "parts": parts, "fields": list(rows.fields), "absent": list(rows.absent)}


def _added(rows: Rows, prefix: str, fields: Sequence[str]) -> F64:
    if not fields:
        return np.zeros(rows.height)
    found = rows.facts.select(
        pl.sum_horizontal(pl.col(f"{prefix}_{name}").cast(pl.Float64) for name in fields)
    )
    return found.to_series().to_numpy()


def consistency(rows: Rows, about: Mapping[str, Any]) -> dict[str, Any]:
    """Rows in standard form: one category for one question, one spelling for one category.

    Of a table: rows all of whose values are written as most values of their column are.
    """
    if rows.tabular:
        odd = _odd_types(rows)
        meaning = "rows all of whose values are written as most of their column are"
    else:
        odd = _two_labels(rows) | _two_spellings(rows)
        meaning = "rows whose question has one category and whose category one spelling"
        if not rows.categories[1]:
            return mean(
                np.full(rows.height, np.nan), rows.groups, unit="share", label="Consistency",
                meaning=meaning, **about,
            )  # fmt: skip
    return mean(1.0 - odd, rows.groups, unit="share", label="Consistency", meaning=meaning, **about)


def _odd_types(rows: Rows) -> Any:
    odd = np.zeros(rows.height, dtype=bool)
    for name in rows.fields:
        types = rows.facts.get_column(f"type_{name}")
        modes = types.drop_nulls().value_counts(sort=True)
        if modes.height > 1:
            usual = modes.get_column(types.name)[0]
            odd |= (types != usual).fill_null(value=False).to_numpy()
    return odd


def _two_labels(rows: Rows) -> Any:
    labels = pl.col("category").n_unique().over("question_key")
    known = pl.col("question_key").is_not_null() & pl.col("category").is_not_null()
    found = rows.facts.select(((labels > 1) & known).fill_null(value=False))
    return found.to_series().to_numpy()


def _two_spellings(rows: Rows) -> Any:
    """Rows whose category is written otherwise than most rows write it."""
    names = rows.facts.group_by("category").len("rows").drop_nulls()
    plain = pl.col("category").str.to_lowercase().str.replace_all(r"[\W_]+", "")
    usual = names.with_columns(plain.alias("plain")).sort("rows", "category", descending=True)
    rare = usual.filter(pl.col("category") != pl.col("category").first().over("plain"))
    return (
        rows.facts.get_column("category")
        .is_in(rare.get_column("category").implode())
        .fill_null(value=False)
        .to_numpy()
    )


def accuracy(
    rows: Rows, about: Mapping[str, Any], verdicts: Mapping[str, bool] | None
) -> dict[str, Any] | None:
    """How many answers are right: by people's verdicts, else how many nothing contradicts.

    Without verdicts this is an upper bound: a question that is asked once contradicts nothing.
    None where no question is asked twice.
    """
    if verdicts:
        judged = rows.facts.get_column("id").replace_strict(
            {row: float(right) for row, right in verdicts.items()}, default=None,
            return_dtype=pl.Float64,
        ).fill_null(np.nan).to_numpy()  # fmt: skip
        figure = mean(
            judged, rows.groups, unit="share", label="Accuracy",
            meaning="rows that people found right, of those they looked at", **about,
        )  # fmt: skip
        return {**figure, "basis": "verdicts"}
    if rows.tabular or not rows.pairs.any():
        return None
    answers = pl.col("answer_key").n_unique().over("question_key")
    times = pl.len().over("question_key")
    known = pl.col("question_key").is_not_null() & pl.col("answer_key").is_not_null()
    found = rows.facts.select(
        ((answers > 1) & known).fill_null(value=False).alias("contradicted"),
        ((times > 1) & known).fill_null(value=False).alias("repeated"),
    )
    repeated = int(found.get_column("repeated").sum())
    if not repeated:
        return None  # no question is asked twice: nothing could contradict a row
    contradicted = found.get_column("contradicted").to_numpy()
    each = np.where(rows.pairs, 1.0 - contradicted, np.nan)
    figure = mean(
        each, rows.groups, unit="share", label="Accuracy, at most",
        meaning="rows whose question has no other answer elsewhere: nothing contradicts them",
        **about,
    )  # fmt: skip
    note = (
        f"No verdicts of people are there. {repeated:,} rows ask a question that is asked again; "
        "of the others nothing can be said, so this is an upper bound."
    )
    return {**figure, "note": note, "basis": "contradiction", "repeated": repeated}


def relevance(rows: Rows, about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Whether answers speak of what their question asks, by words.

    An answer's words are weighed by how rare they are (Spärck Jones 1972) and held against its own
    question's and against another's, drawn: the figure is how much more often its own is nearer
    (2 AUC - 1, Somers' D). 0 is no relation; answers that use other words than the question count
    as ties, so it is a lower bound.
    """
    pairs = rows.sample.filter(pl.col("answer").is_not_null()) if rows.sample.height else None
    if pairs is None or pairs.height < 2:
        return None
    questions = [set(_words(text)) for text in pairs.get_column("question").to_list()]
    answers = [set(_words(text)) for text in pairs.get_column("answer").to_list()]
    seen = Counter(word for words in (*questions, *answers) for word in words)
    total = len(questions) + len(answers)
    weights = {word: math.log(total / count) for word, count in seen.items()}

    def shared(question: set[str], answer: set[str]) -> float:
        of = sum(weights[word] for word in question)
        return sum(weights[word] for word in question & answer) / of if of else 0.0

    # The row after it in the draw: its question, not its own answer twice
    others = questions[1:] + questions[:1]
    each = np.array(
        [
            np.sign(shared(own, answer) - shared(other, answer))
            for own, other, answer in zip(questions, others, answers, strict=True)
        ],
        dtype=np.float64,
    )
    figure = mean(
        each, rows.groups[pairs.get_column("row").to_numpy()], unit="difference",
        label="Relevance", meaning="how much more often an answer shares words with its own "
        "question than with another: 0 is chance, 1 always", **about,
    )  # fmt: skip
    value = figure["value"]
    return {**figure, "value": None if value is None else max(0.0, value)}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _diversity(intrinsic: Mapping[str, Any]) -> dict[str, Any] | None:
    """The mean of what was measured of: questions unlike, categories even, sources even, new."""
    names = ("diversity", "balance", "source_diversity", "repeated_questions")
    parts = {
        name: figure["value"] if figure["higher_is_better"] else 1 - figure["value"]
        for name in names
        if (figure := intrinsic.get(name)) is not None and figure["value"] is not None
    }
    if not parts:
        return None
    return {
        "value": sum(parts.values()) / len(parts), "low": None, "high": None,
        "n": intrinsic["size"]["n"], "groups": intrinsic["size"]["n"], "unscored": 0,
        "unit": "share", "higher_is_better": True, "label": "Diversity",
        "meaning": "the mean of how unlike questions are, how even categories and sources are, and "
        "how few questions repeat", "parts": parts,
        "note": "A mean of figures; the intervals are theirs.",
    }  # fmt: skip
