"""Who judges answers, and how it is asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from tunesmith.config import Config
from tunesmith.prompting.endpoint import EndpointModel


class LocalJudge(Config):
    """A model on this machine."""

    kind: Literal["local"] = "local"
    model: str = Field(default="smollm2-135m-instruct", min_length=1)
    """The model: a name, a local folder, or a Hugging Face id, as for the recipe's base model."""
    batch_size: int = Field(default=8, ge=1)
    """Questions answered together."""

    @property
    def label(self) -> str:
        """The judge in a few words."""
        return self.model.rstrip("/").rpartition("/")[2]


class EndpointJudge(EndpointModel):
    """A model behind an endpoint."""

    kind: Literal["endpoint"] = "endpoint"

    @property
    def label(self) -> str:
        """The judge in a few words."""
        return f"{self.model} at {self.host}"


class JudgeConfig(Config):
    """A language model compares the answers of two methods (Zheng et al. 2023, arXiv:2306.05685).

    Each pair is shown in both orders. What it says counts for little until people's verdicts show
    that it agrees with them (`calibration`).
    """

    by: Annotated[LocalJudge | EndpointJudge, Field(discriminator="kind")]
    """Who judges: `{kind: endpoint, url: …, model: …}` or `{kind: local, model: …}`."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Methods to compare, two each. null: the chosen one with the runner-up and with the base
    model."""
    rows: int = Field(default=50, ge=1)
    """Test rows of a pair, drawn by the evaluation's seed. Each is asked 2 × `votes` times."""
    votes: int = Field(default=3, ge=1, le=25)
    """How often each order is asked; the majority counts."""
    temperature: float = Field(default=0.7, gt=0, le=2)
    """How much votes vary; a single vote is asked at 0."""
    reference: bool = True
    """Show the team's own answer to the judge."""
    rubric: str | None = Field(default=None, min_length=1)
    """What makes an answer good, in your words, in place of ours."""
    max_new_tokens: int = Field(default=256, ge=8)
    """The limit of what the judge writes."""
    calibration: str | None = Field(default=None, min_length=1)
    """A JSONL file of people's verdicts, from the recipe's folder: `{id, a, b, winner}` with the
    names of two methods, or the tasks that human evaluation wrote, filled in."""

    @field_validator("pairs")
    @classmethod
    def _two_different(
        cls, pairs: tuple[tuple[str, str], ...] | None
    ) -> tuple[tuple[str, str], ...] | None:
        for a, b in pairs or ():
            if a == b:
                raise ValueError(f"'{a}' cannot be compared with itself")
        if pairs is not None and len({frozenset(pair) for pair in pairs}) != len(pairs):
            raise ValueError("two methods are named as a pair twice")
        return pairs
