"""Figures of the dataset alone: size, diversity, coverage, balance, complexity."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.estimate import F64, counted, evenness, mean
from tunesmith.assess.dataset.rows import Rows, coded

_WORD = re.compile(r"\w+")
WORDS = 20_000
"""Word pairs that `distinct_2` looks at: the figure falls with more, so their number is fixed."""


def intrinsic(rows: Rows, config: AssessConfig) -> dict[str, Any]:
    """The documents' intrinsic metrics (document B, 6) and what they rest on.

    Returns:
        Figures by name, shaped as in metrics.json.
    """
    about: dict[str, Any] = {"confidence": config.confidence, "seed": config.seed}
    groups = rows.groups
    figures = {
        "size": counted(
            rows.height, rows.height, unit="rows", label="Size", meaning="rows of the dataset"
        ),
        **_diversity(rows, about),
        **_coverage(rows, config),
    }
    if rows.tabular:
        return figures
    codes, names = rows.categories
    each, _ = evenness(codes)
    figures["balance"] = mean(
        each, groups, unit="share", label="Balance",
        meaning="evenness of the categories (Pielou 1966): 1 is all the same size", **about,
    )  # fmt: skip
    if names:
        sizes = np.bincount(codes[codes >= 0])
        figures["imbalance"] = counted(
            float(sizes.max() / sizes.min()), len(sizes), unit="ratio", label="Imbalance",
            meaning="rows of the largest category for each row of the smallest", higher=False,
        )  # fmt: skip
    words, long = rows.column("words"), rows.column("long_words")
    sentences = np.maximum(rows.column("sentences"), 1)
    lix = np.where(words > 0, words / sentences + 100 * long / np.maximum(words, 1), np.nan)
    figures["complexity"] = mean(
        lix, groups, unit="LIX", label="Complexity", higher=False,
        meaning="mean LIX of the answers (Björnsson 1968): words a sentence, and of 100 words "
        "those of seven letters or more; under 30 is easy, over 50 hard", **about,
    )  # fmt: skip
    for side in ("question", "answer"):
        figures[f"{side}_words"] = mean(
            rows.column(f"{side}_words"), groups, unit="words", label=f"Words per {side}",
            meaning=f"mean words in one {side}", **about,
        )  # fmt: skip
    return figures


def _diversity(rows: Rows, about: dict[str, Any]) -> dict[str, Any]:
    figures = {}
    if not rows.tabular and rows.sample.height > 1:
        words = [
            _WORD.findall(text.casefold()) for text in rows.sample.get_column("question").to_list()
        ]
        figures["diversity"] = mean(
            _distances(words), np.arange(len(words) // 2), unit="share", label="Diversity",
            meaning="how many of two questions' words they do not share (mean Jaccard distance of "
            "questions drawn in pairs), 1 is none", **about,
        )  # fmt: skip
        figures["distinct_2"] = _distinct(words)
        keys = rows.facts.get_column("question_key")
        known = int(keys.is_not_null().sum())
        repeated = known - keys.drop_nulls().n_unique()
        figures["repeated_questions"] = counted(
            repeated / known if known else None, known, unit="share", label="Repeated questions",
            meaning="rows whose question came before, but for case and punctuation", higher=False,
        )  # fmt: skip
        each, names = evenness(coded(rows.facts.get_column("source"))[0])
        if names > 1:
            figures["source_diversity"] = mean(
                each, rows.groups, unit="share", label="Source diversity",
                meaning="evenness of the sources: 1 is all the same size", **about,
            )  # fmt: skip
    return figures


def _distances(words: list[list[str]]) -> F64:
    """The Jaccard distance of the word sets of texts 1 and 2, 3 and 4, …: independent pairs."""
    out = []
    for one, other in zip(words[::2], words[1::2], strict=False):
        both, either = set(one) & set(other), set(one) | set(other)
        out.append(1 - len(both) / len(either) if either else np.nan)
    return np.array(out)


def _distinct(words: list[list[str]]) -> dict[str, Any]:
    """distinct-2 (Li et al. 2016, arXiv:1510.03055) over a fixed number of word pairs."""
    pairs: list[tuple[str, str]] = []
    for text in words:
        pairs += pairwise(text)
        if len(pairs) >= WORDS:
            break
    pairs = pairs[:WORDS]
    figure = counted(
        len(set(pairs)) / len(pairs) if pairs else None, len(pairs), unit="share",
        label="Different word pairs",
        meaning=f"different ones among the first {WORDS:,} word pairs of drawn questions",
    )  # fmt: skip
    if pairs:
        figure["note"] = f"{len(pairs):,} word pairs were looked at; with more it falls."
    return figure


def _coverage(rows: Rows, config: AssessConfig) -> dict[str, Any]:
    if rows.tabular:
        return {}
    figures = {}
    _, names = rows.categories
    if names:
        facts = rows.facts.filter(pl.col("category").is_not_null())
        split = facts.filter(pl.col("split") == "train") if _is_split(rows) else facts
        sizes = split.group_by("category").len("rows")
        enough = int((sizes.get_column("rows") >= config.category_rows).sum())
        figures["coverage"] = counted(
            enough / len(names), len(names), unit="share", label="Coverage",
            meaning=f"categories with {config.category_rows} training rows or more",
        )  # fmt: skip
    if rows.sample.height:
        counts = Counter(
            word
            for text in rows.sample.get_column("question").to_list()
            for word in _WORD.findall(text.casefold())
        )
        total, once = sum(counts.values()), sum(count == 1 for count in counts.values())
        figures["vocabulary_coverage"] = counted(
            1 - once / total if total else None, total, unit="share", label="Vocabulary coverage",
            meaning="how likely the next word of a question is a known one (Good and Turing's "
            "estimate, Good 1953: 1 - words seen once / words)",
        )  # fmt: skip
        figures["vocabulary_coverage"]["note"] = (
            f"Estimated from {total:,} words of drawn questions."
        )
    return figures


def _is_split(rows: Rows) -> bool:
    return bool((rows.facts.get_column("split") == "train").any())
