"""What every model that finds names has in common: one method, windows over long texts.

A long text is cut into windows that overlap and begin and end at white space. A span belongs to the
window that sees most around it: the middle of each overlap decides, by where a span starts.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from pydantic import Field, model_validator

from tunesmith.clean.pii.spans import Span
from tunesmith.config import Config
from tunesmith.errors import MissingExtraError
from tunesmith.io import file_sha256, fingerprint


@contextlib.contextmanager
def needs(*distributions: str) -> Iterator[None]:
    """Around imports of packages of the extra `pii-models`.

    Raises:
        MissingExtraError: One of the packages is not installed. What such a package lacks itself
            stays the error that it is.
    """
    modules = {name.replace("-", "_"): name for name in distributions}
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in modules:
            raise
        raise MissingExtraError(modules[error.name], "pii-models") from None


class EntityModel(Protocol):
    """A loaded model: the whole interface between masking and spaCy, GLiNER or Presidio."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """For each text its spans of our kinds, from left to right, none overlapping another."""

    def identity(self) -> str:
        """What the answers depend on beside the settings: names, versions, weights."""


class ModelConfig(Config):
    """What the settings of all models have in common."""

    batch_size: int = Field(default=32, ge=1)
    """Windows that are worked on at once."""
    window_letters: int = Field(default=20_000, ge=200)
    """A longer text is cut into windows of at most so many letters, at white space."""
    overlap_letters: int = Field(default=400, ge=40)
    """How much neighbouring windows share; a name longer than half of it may be cut."""

    @model_validator(mode="after")
    def _windows_go_on(self) -> ModelConfig:
        if self.window_letters < 2 * self.overlap_letters:
            raise ValueError("window_letters is at least twice overlap_letters")
        return self


class Entity(NamedTuple):
    """What a model says: a kind at `[start, end)` of a window, and how sure it is (0 to 1)."""

    start: int
    end: int
    kind: str
    score: float = 1.0


class Window(NamedTuple):
    """`[start, end)` of a text; the spans that start in `[first, last)` are this window's."""

    start: int
    end: int
    first: int
    last: int


def windows(text: str, size: int, overlap: int) -> Iterator[Window]:
    """Cut a text into overlapping windows.

    Args:
        text: The text.
        size: Letters of a window, at most.
        overlap: Letters that two windows share, roughly; at most half of `size`.

    Yields:
        Windows from left to right; each place of the text is in `[first, last)` of exactly one.
    """
    start = first = 0
    while start + size < len(text):
        end = _white_space(text, start + size - overlap // 4, start + size)
        middle = end - overlap // 2
        yield Window(start, end, first, middle)
        start, first = _white_space(text, end - overlap, middle - overlap // 4), middle
    yield Window(start, len(text), first, len(text))


def fitting_windows(
    text: str, size: int, overlap: int, fits: Callable[[str], bool]
) -> list[Window]:
    """Windows that a model reads whole: halved until each fits, for it would drop the rest unsaid.

    Args:
        text: The text.
        size: Letters of a window, at most.
        overlap: Letters that two windows share, roughly; at most half of `size`.
        fits: Whether the model reads all of a text.
    """
    while True:
        cut = list(windows(text, size, overlap))
        if all(fits(text[window.start : window.end]) for window in cut):
            return cut
        size, overlap = size // 2, overlap // 2


def _white_space(text: str, low: int, high: int) -> int:
    """The place after the last white space in `[low, high)`; `high` where there is none."""
    found = max(text.rfind(sign, low, high) for sign in " \n\t")
    return high if found < 0 else found + 1


Ask = Callable[[list[str]], Sequence[Sequence[Entity]]]
Cut = Callable[[str], Sequence[Window]]


def find_in_windows(texts: Sequence[str], cut: Cut, ask: Ask) -> list[list[Span]]:
    """Ask a model about the windows of texts, and put its answers together again.

    Args:
        texts: The texts.
        cut: A text's windows.
        ask: For each window what the model finds in it.
    """
    places = [(number, window) for number, text in enumerate(texts) for window in cut(text)]
    answers = ask([texts[number][window.start : window.end] for number, window in places])
    found: list[list[Entity]] = [[] for _ in texts]
    for (number, window), entities in zip(places, answers, strict=True):
        for entity in entities:
            start, end = _trimmed(
                texts[number], window.start + entity.start, window.start + entity.end
            )
            if start < end and window.first <= start < window.last:
                found[number].append(Entity(start, end, entity.kind, entity.score))
    return [without_overlaps(entities) for entities in found]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def without_overlaps(entities: Sequence[Entity]) -> list[Span]:
    """Of entities that share letters the surest stays, of equally sure ones the longest."""
    starts: list[int] = []
    kept: list[Entity] = []
    for entity in sorted(entities, key=lambda e: (-e.score, e.start - e.end, e.start, e.kind)):
        at = bisect_left(starts, entity.start)
        before_ends = at == 0 or kept[at - 1].end <= entity.start
        if before_ends and (at == len(kept) or entity.end <= kept[at].start):
            starts.insert(at, entity.start)
            kept.insert(at, entity)
    return [Span(entity.start, entity.end, cast("Any", entity.kind)) for entity in kept]


def folder_fingerprint(folder: Path) -> str:
    """Changes with any file of a model's folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return fingerprint([[str(path.relative_to(folder)), file_sha256(path)] for path in files])
