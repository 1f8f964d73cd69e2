"""What a method learns from, and how its rows become tokens: one file a format, by `kind`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tunesmith.tune.formats.base import IGNORED, WEIGHTS, Encoded, Format, Row
from tunesmith.tune.formats.chat import ChatFormat, Conversation
from tunesmith.tune.formats.completion import CompletionFormat, Document
from tunesmith.tune.formats.instruction import InstructionFormat
from tunesmith.tune.formats.preference import Pair, PreferenceFormat
from tunesmith.tune.formats.qa import QaFormat, encode_examples


def _by_name(given: Any) -> Any:
    """`format: chat` is short for `format: {kind: chat}`."""
    return {"kind": given} if isinstance(given, str) else given


AnyFormat = Annotated[
    QaFormat | InstructionFormat | ChatFormat | CompletionFormat | PreferenceFormat,
    Field(discriminator="kind"),
    BeforeValidator(_by_name),
]
"""Any format that a recipe can name."""

__all__ = [
    "IGNORED",
    "WEIGHTS",
    "AnyFormat",
    "ChatFormat",
    "CompletionFormat",
    "Conversation",
    "Document",
    "Encoded",
    "Format",
    "InstructionFormat",
    "Pair",
    "PreferenceFormat",
    "QaFormat",
    "Row",
    "encode_examples",
]
