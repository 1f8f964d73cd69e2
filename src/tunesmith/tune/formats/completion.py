"""Plain text of the domain, learned before tuning (Gururangan et al. 2020, arXiv:2004.10964)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import Field

from tunesmith.errors import TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.formats.base import IGNORED, Encoded, Format, collected, weighted


@dataclass(frozen=True, slots=True)
class Document:
    """A page of plain text."""

    id: str
    """Identifies it in messages."""
    text: str
    """Its text."""
    weight: float | None = None
    """How much it counts in training, 0 to 1; None counts whole."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Document:
        """Read what `to_row` wrote."""
        return cls(row["id"], row["text"], row.get("weight"))

    def to_row(self) -> dict[str, Any]:
        """The page as JSON can hold it."""
        row = asdict(self)
        if self.weight is None:
            del row["weight"]
        return row


class CompletionFormat(Format):
    """Pages (the dataset's split `knowledge`); the loss is on every token.

    A page is cut into windows of `max_length` tokens, each starting with the last token of the one
    before: every token but a page's first is predicted exactly once. A page ends with the
    end token.
    """

    kind: Literal["completion"] = "completion"
    validation: float = Field(default=0.1, ge=0, lt=1)
    """The share of pages that are not learned but measured, drawn by their identifiers."""

    @property
    def words(self) -> str:
        """The format in a few words, for tables; empty for the plain one."""
        return "on plain text"

    def row(self, given: Any, number: int) -> Document:
        """One training row: a `Document`, or a text."""
        if isinstance(given, Document):
            return given
        if isinstance(given, str):
            return Document(f"document-{number}", given)
        raise TypeError(f"this format learns from texts, not {type(given).__name__}")

    def read(self, row: Mapping[str, Any]) -> Document:
        """A row as `to_row` wrote it."""
        return Document.from_row(row)

    def deal(
        self, documents: Sequence[Document], *, seed: int
    ) -> tuple[list[Document], list[Document]]:
        """Pages to learn and pages to measure; at least one is learned."""
        ordered = sorted(
            documents, key=lambda page: hashlib.sha256(f"{seed} {page.id}".encode()).digest()
        )
        held = {page.id for page in ordered[: round(self.validation * len(ordered))]}
        if len(held) == len(ordered):
            held = set()
        return (
            [page for page in documents if page.id not in held],
            [page for page in documents if page.id in held],
        )

    def encode(
        self,
        encoder: ChatEncoder,
        rows: Sequence[Document],
        *,
        prompt: PromptConfig,
        max_length: int,
    ) -> Encoded:
        """Windows of each page, every token labelled; see `Format.encode`. No prompt is used."""
        windows = []
        for page in rows:
            if not page.text.strip():
                raise TunesmithError("a page is empty", where=f"row {page.id}", todo="leave it out")
            windows += [
                (page.id, weighted(window, page.weight))
                for window in _windows(encoder, page.text, max_length)
            ]
        return collected(windows, max_length=max_length, noun="windows")


def _windows(encoder: ChatEncoder, text: str, length: int) -> list[dict[str, Any]]:
    """A page in windows of at most `length` tokens that share one token with the next."""
    ids = encoder.page_ids(text)
    starts = range(0, max(1, len(ids) - 1), length - 1)
    return [
        {"input_ids": window, "labels": [IGNORED, *window[1:]]}
        for window in (ids[start : start + length] for start in starts)
    ]
