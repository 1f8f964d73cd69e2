"""Whether answers keep to a length and to a format."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson

from tunesmith.answers import words
from tunesmith.errors import MissingExtraError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.base import (
    FloatArray,
    Metric,
    Prediction,
    mean_figure,
    mean_rows,
    rare,
)
from tunesmith.evaluate.settings import FormatConfig, LengthConfig


def keeps_length(prediction: str | None, reference: str | None, config: LengthConfig) -> float:
    """1 if the answer's length is within the limits, both included, else 0; NaN if not scored."""
    if prediction is None:
        return math.nan
    limit = 1.0
    if config.unit == "reference":
        limit = float(len(words(reference or "")))
        if not limit:
            return math.nan
    return float(config.least * limit <= len(words(prediction)) <= config.most * limit)


def keeps_format(prediction: str | None, config: FormatConfig) -> float:
    """1 if the answer, without space around it, is as the format asks, else 0; NaN if not scored.

    Raises:
        MissingExtraError: The format has a JSON schema and the extra `schema` is not installed.
    """
    if prediction is None:
        return math.nan
    text, small = prediction.strip(), prediction.casefold()
    if config.pattern is not None and not re.fullmatch(config.pattern, text, re.DOTALL):
        return 0.0
    if any(phrase.casefold() not in small for phrase in config.required):
        return 0.0
    if any(phrase.casefold() in small for phrase in config.forbidden):
        return 0.0
    return float(config.json_schema is None or _valid_json(text, config.json_schema))


def _valid_json(text: str, schema: dict[str, Any]) -> bool:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return not schema or _validator(orjson.dumps(schema))(value)


@lru_cache(maxsize=8)
def _validator(schema: bytes) -> Callable[[Any], bool]:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise MissingExtraError("jsonschema", "schema") from error
    valid: Callable[[Any], bool] = Draft202012Validator(orjson.loads(schema)).is_valid
    return valid


def _length_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    return mean_rows(
        [keeps_length(row["prediction"], row["reference"], config.length) for row in predictions]
    )


def _format_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    asked = config.format
    if asked is None:
        return mean_rows([math.nan] * len(predictions))
    return mean_rows([keeps_format(row["prediction"], asked) for row in predictions])


ADHERENCE = (
    Metric(
        name="length_adherence",
        label="Right length",
        meaning="the share of answers that are neither much shorter nor much longer than what "
        "your team wrote (or than the recipe allows)",
        gloss="answers of the right length, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=_length_rows,
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
    Metric(
        name="format_adherence",
        label="Right format",
        meaning="the share of answers that look as the recipe asks: pattern, JSON schema, phrases "
        "that must or must not be there",
        gloss="answers in the format asked for, 1 is all",
        unit="share",
        higher_is_better=True,
        rows=_format_rows,
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
)
