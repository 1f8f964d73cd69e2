"""How the figures of a dataset are estimated."""

from __future__ import annotations

from pydantic import Field

from tunesmith.config import Config


class AssessConfig(Config):
    """Settings of the figures in evaluation.json."""

    confidence: float = Field(default=0.95, ge=0.5, le=0.999)
    """How often an interval shall hold the true figure."""

    min_groups: int = Field(default=30, ge=2)
    """A group of rows (threads count once) with fewer of them is not tested."""

    sample_rows: int = Field(default=4_000, ge=10)
    """Rows drawn for figures that compare words of two texts."""

    category_rows: int = Field(default=10, ge=1)
    """A category with so many training rows counts as covered."""

    verdicts: str | None = None
    """People's verdicts on rows, JSONL or CSV with `id` and `correct`: accuracy is measured."""

    seed: int = Field(default=13, ge=0)
    """Seed of what is drawn."""
