"""The perplexity filter: rows that the base model finds hard to believe."""

from __future__ import annotations

from typing import ClassVar

import polars as pl
from pydantic import Field, model_validator

from tunesmith.record import Kind
from tunesmith.step import Filter, Rule, verdicts

#: The column that the scores are in while the filter runs.
SCORES = "perplexity"


class Perplexity(Filter):
    """Drop rows by the base model's perplexity (Wenzek et al. 2020, CCNet; Marion et al. 2023).

    Perplexity is exp(mean negative log-likelihood of a token, in nats) of the row's text: of a
    pair, question and answer with a blank line between. Text that is torn, mixed up or
    machine-made noise stands out; so does what the model has never read (part numbers, another
    language), so look at what is dropped. Off by default; it needs the extra `tune`.
    """

    kind: ClassVar[str] = "perplexity"
    reads: ClassVar[tuple[str, ...]] = ("kind", SCORES)

    max_perplexity: float | None = Field(default=None, gt=1)
    """Drop rows of more than this."""
    max_quantile: float | None = Field(default=None, gt=0, lt=1)
    """Drop rows above this quantile of their kind of record: 0.99 drops about one in a hundred."""
    records: tuple[Kind, ...] = ("qa", "document")
    """The kinds of record that are held to it."""
    model: str | None = None
    """The model that reads the rows; the recipe's base model when it is not given."""
    max_tokens: int = Field(default=512, ge=8)
    """So many tokens from the beginning of a row are read."""
    batch_size: int = Field(default=16, ge=1)
    """Rows read together."""

    @model_validator(mode="after")
    def _one_limit(self) -> Perplexity:
        if self.max_perplexity is None and self.max_quantile is None:
            raise ValueError("give max_perplexity, or max_quantile such as 0.99")
        if not self.records:
            raise ValueError("records names no kind: give qa, document or both")
        return self

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each row of all rows its reason; a quantile is taken over what is given.

        A row without a score (there is nothing to read in it) stays.
        """
        score = pl.col(SCORES)
        rules: list[Rule] = []
        for kind in self.records:
            mine = pl.col("kind") == kind
            if self.max_perplexity is not None:
                much = mine & (score > self.max_perplexity)
                rules.append((much, "the perplexity is too high", score, self.max_perplexity))
            if self.max_quantile is None:
                continue
            scores = batch.filter(mine).get_column(SCORES)
            limit = scores.quantile(self.max_quantile, interpolation="higher")
            if limit is not None:
                words = f"the perplexity is above the quantile {self.max_quantile:g}"
                rules.append((mine & (score > limit), words, score, limit))
        return verdicts(batch, rules)
