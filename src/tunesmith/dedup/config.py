"""The settings of de-duplication."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from tunesmith.config import Config
from tunesmith.dedup.against import AgainstConfig
from tunesmith.dedup.near import NearConfig
from tunesmith.dedup.semantic import SemanticConfig

Keep = Literal["best", "newest", "longest"]


class DedupConfig(Config):
    """Which rows count as the same, and which of them is kept."""

    exact: bool = True
    """Merge rows whose normalised text is the same."""
    near: NearConfig | None = NearConfig()
    """Merge rows whose texts are nearly the same; `null` turns it off."""
    keep: Keep = "best"
    """Of a cluster: the row with the best quality score, the newest, or the longest."""
    max_same_answer: int | None = Field(default=None, ge=1)
    """Of the rows that share one answer (a template), keep this many, the best by `keep`; `null`
    keeps all."""
    semantic: SemanticConfig | None = None
    """Also merge rows that say the same in other words, after the others; `null` does not look."""
    against: list[AgainstConfig] = []
    """Datasets whose rows may not be in this one (evaluation sets): what is the same or nearly the
    same is dropped before duplicates are merged."""
    against_versions: bool | list[int] = False
    """Hold new rows against the dataset versions that the run folder has (all, or those with these
    numbers): a row that duplicates one of theirs is merged into it, and their rows stay."""
    columns: list[Literal["question", "answer", "text"]] = ["question", "answer", "text"]
    """What is compared, together. Two questions with one answer are not duplicates by default."""

    @field_validator("against")
    @classmethod
    def _sets_have_names_of_their_own(cls, sets: list[AgainstConfig]) -> list[AgainstConfig]:
        names = [one.called for one in sets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sets are named {', '.join(map(repr, twice))}; set their `name`")
        return sets

    @model_validator(mode="after")
    def _versions_are_compared_both_ways(self) -> DedupConfig:
        if self.against_versions is not False and (self.near is None or not self.exact):
            raise ValueError("against_versions needs both exact and near duplicates")
        return self
