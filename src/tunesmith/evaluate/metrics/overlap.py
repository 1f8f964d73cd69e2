"""Words shared with the reference answer: token F1, exact match, ROUGE-1, ROUGE-2, ROUGE-L.

The scores themselves, and how words are made, are in `tunesmith.answers`.
"""

from __future__ import annotations

from functools import partial

from tunesmith.answers import exact_match, rouge_l, rouge_n, token_f1
from tunesmith.evaluate.metrics.base import Metric, mean_figure, rare, rows_of

OVERLAP = (
    Metric(
        name="token_f1",
        label="Token F1",
        meaning="how many words an answer shares with the answer that your team wrote, "
        "0 is none and 1 is all",
        gloss="words shared with your team's answers, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=rows_of(token_f1),
        figure=mean_figure,
    ),
    Metric(
        name="exact_match",
        label="Exact match",
        meaning="the share of answers that are word for word what your team wrote",
        gloss="answers that are word for word your team's, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=rows_of(exact_match),
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
    Metric(
        name="rouge_1",
        label="ROUGE-1",
        meaning="how many words an answer shares with the answer that your team wrote, articles "
        "included, 0 is none and 1 is all",
        gloss="words shared with your team's answers, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=rows_of(partial(rouge_n, n=1)),
        figure=mean_figure,
    ),
    Metric(
        name="rouge_2",
        label="ROUGE-2",
        meaning="how many pairs of neighbouring words an answer shares with the answer that your "
        "team wrote, 0 is none and 1 is all",
        gloss="pairs of words shared with your team's answers, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=rows_of(partial(rouge_n, n=2)),
        figure=mean_figure,
    ),
    Metric(
        name="rouge_l",
        label="ROUGE-L",
        meaning="how many words an answer shares, in the same order, with the answer that "
        "your team wrote, 0 is none and 1 is all",
        gloss="words shared in order with your team's answers, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=rows_of(rouge_l),
        figure=mean_figure,
    ),
)
