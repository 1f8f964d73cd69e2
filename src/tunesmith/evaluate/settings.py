"""Settings of single families of figures, put together in `EvaluateConfig`."""

from __future__ import annotations

import importlib.util
import re
from typing import Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from tunesmith.config import Config

Task = Literal["generation", "classification"]
"""What answers are: texts, or one of some labels."""


def label_key(text: str) -> str:
    """A label as it is compared: letters and digits in lower case, single spaces between.

    >>> label_key(" Card_Arrival. "), label_key("card arrival")
    ('card arrival', 'card arrival')
    """
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


class ClassificationConfig(Config):
    """How an answer is read as a label (`task: classification`)."""

    labels: tuple[str, ...] = ()
    """The labels; empty: the distinct answers of the training rows and the test rows.

    Case, punctuation, `_` and `-` do not tell labels apart."""

    reading: Literal["mentioned", "whole"] = "mentioned"
    """When an answer counts as a label: `whole` if it is the label and nothing else, `mentioned`
    also if its first line is, or if exactly one label stands in it."""

    @field_validator("labels")
    @classmethod
    def _apart(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        keys = [label_key(label) for label in labels]
        twice = [label for label, key in zip(labels, keys, strict=True) if keys.count(key) > 1]
        if twice:
            raise ValueError(f"these labels are the same once normalised: {', '.join(twice)}")
        if "" in keys:
            raise ValueError("a label needs a letter or a digit")
        return labels


class LengthConfig(Config):
    """Which length of an answer is right (`length_adherence`)."""

    unit: Literal["reference", "words"] = "reference"
    """`reference`: limits are multiples of the reference answer's words; `words`: they are
    words."""
    least: float = Field(default=0.5, ge=0, allow_inf_nan=False)
    """An answer shorter than this does not keep to it."""
    most: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    """An answer longer than this does not keep to it."""

    @model_validator(mode="after")
    def _a_range(self) -> LengthConfig:
        if self.least > self.most:
            raise ValueError(f"least ({self.least:g}) is more than most ({self.most:g})")
        return self


class FormatConfig(Config):
    """What every answer must look like (`format_adherence`); all that is given must hold."""

    pattern: str | None = None
    """A regular expression that the whole answer must match (Python's `re`; `.` matches line
    breaks too)."""
    json_schema: dict[str, Any] | None = None
    """The answer must be JSON that is valid under this schema (extra `schema`); `{}`: any JSON."""
    required: tuple[str, ...] = ()
    """Phrases that an answer must hold; case does not count."""
    forbidden: tuple[str, ...] = ()
    """Phrases that an answer must not hold; case does not count."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    @field_validator("json_schema")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        if not schema:
            return schema
        if importlib.util.find_spec("jsonschema") is None:
            raise ValueError("a schema needs the extra 'schema': pip install 'tunesmith[schema]'")
        from jsonschema import Draft202012Validator, SchemaError

        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"not a JSON schema: {error.message}") from None
        return schema

    @model_validator(mode="after")
    def _asks_for_something(self) -> FormatConfig:
        if self == FormatConfig.model_construct():
            raise ValueError("name what is asked for: pattern, json_schema, required or forbidden")
        return self


class GroundingConfig(Config):
    """What an answer may say without making it up (`groundedness`, `unsupported_facts`)."""

    known: tuple[str, ...] = ()
    """Texts of your own that answers may take facts from, beside the question, the reference and
    the knowledge pages: `["+44 20 7946 0000", "https://help.example.com"]`."""

    _pages: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def pages(self) -> frozenset[str]:
        """Numbers and links of the knowledge pages."""
        return self._pages

    def with_pages(self, facts: frozenset[str]) -> GroundingConfig:
        """The same settings with the numbers and links that the knowledge pages hold."""
        found = self.model_copy()
        found._pages = facts  # noqa: SLF001 - its own
        return found


class EmbeddingConfig(Config):
    """The model whose embeddings compare answers (`embedding_similarity`, `bert_score`)."""

    model: str | None = None
    """A folder or a Hugging Face id of a transformers model, an encoder such as BERT or a causal
    model; null: the recipe's base model. A relative path starts at the recipe."""
    layer: int | None = Field(default=None, ge=1)
    """The layer whose outputs are compared; null: two thirds up."""
    max_tokens: int = Field(default=512, ge=8)
    """Of each answer no more than this many tokens are read."""
    batch_size: int = Field(default=8, ge=1)
    """Answers read together, with their references: the outputs of all layers are held."""
