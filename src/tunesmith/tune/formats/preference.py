"""Pairs of answers, one preferred over the other: DPO learns from the difference.

Direct preference optimization (Rafailov et al. 2023, arXiv:2305.18290). The loss is in
`tune/preference.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field

from tunesmith.errors import SourceError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.formats.base import Encoded, Format, collected
from tunesmith.tune.formats.qa import encode_examples

_SHOWN = 5  # mistakes of a file that a message names


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, an answer, and a worse one."""

    id: str
    """Identifies it in messages: `FILE:LINE` of a file's pair."""
    question: str
    """What the user asks."""
    chosen: str
    """The answer to prefer."""
    rejected: str
    """The answer to avoid."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Pair:
        """Read what `to_row` wrote."""
        return cls(row["id"], row["question"], row["chosen"], row["rejected"])

    @classmethod
    def of(cls, given: Mapping[str, Any], name: str) -> Pair:
        """A pair as files have it: `prompt` or `question`, `chosen` and `rejected`, all texts.

        Raises:
            ValueError: One is missing, empty or no text, or both answers are the same.
        """
        question = given.get("prompt", given.get("question"))
        texts = {
            "prompt": question,
            "chosen": given.get("chosen"),
            "rejected": given.get("rejected"),
        }
        for field, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{field} is missing, empty or no text")
        pair = cls(name, str(question), str(texts["chosen"]), str(texts["rejected"]))
        if pair.chosen.strip() == pair.rejected.strip():
            raise ValueError("chosen and rejected are the same")
        return pair

    def to_row(self) -> dict[str, Any]:
        """The pair as JSON can hold it."""
        return asdict(self)


class PreferenceFormat(Format):
    """Pairs of answers to one question (DPO): the preferred one becomes likelier than the other.

    The model before training is the reference; start from a tuned one with `after`.
    """

    kind: Literal["preference"] = "preference"
    preferences: str | None = Field(default=None, min_length=1)
    """A JSONL file with `prompt` (or `question`), `chosen` and `rejected` on every line. From the
    recipe's folder; needed in recipes."""
    beta: float = Field(default=0.1, gt=0)
    """How strongly the model is held to the reference: lower lets it go further."""
    validation: float = Field(default=0.1, ge=0, lt=1)
    """The share of questions whose pairs are not learned but measured, drawn by their words."""

    @property
    def words(self) -> str:
        """The format in a few words, for tables; empty for the plain one."""
        return "on preferences (DPO)"

    @property
    def pairs(self) -> bool:
        """A row is two answers, one better than the other, instead of one."""
        return True

    def row(self, given: Any, number: int) -> Pair:
        """One training row: a `Pair`, or a mapping as `Pair.of` reads it."""
        if isinstance(given, Pair):
            return given
        if isinstance(given, Mapping):
            return Pair.of(given, f"pair-{number}")
        raise TypeError(f"this format learns from pairs of answers, not {type(given).__name__}")

    def read(self, row: Mapping[str, Any]) -> Pair:
        """A row as `to_row` wrote it."""
        return Pair.from_row(row)

    def deal(self, pairs: Sequence[Pair], *, seed: int) -> tuple[list[Pair], list[Pair]]:
        """Pairs to learn and pairs to measure; a question's pairs stay together."""

        def held(pair: Pair) -> bool:
            digest = hashlib.sha256(f"{seed} {pair.question.strip()}".encode()).digest()
            return int.from_bytes(digest[:8]) < self.validation * 2**64

        return [pair for pair in pairs if not held(pair)], [pair for pair in pairs if held(pair)]

    def encode(
        self, encoder: ChatEncoder, rows: Sequence[Pair], *, prompt: PromptConfig, max_length: int
    ) -> Encoded:
        """Both answers after the question as it is asked in use; see `Format.encode`."""
        chosen, rejected = (
            encode_examples(
                encoder,
                [Example(pair.id, pair.question, getattr(pair, name)) for pair in rows],
                prompt=prompt,
                max_length=_UNLIMITED,
            ).rows
            for name in ("chosen", "rejected")
        )
        both = [
            (
                pair.id,
                {**better, **{f"rejected_{name}": tokens for name, tokens in worse.items()}},
            )
            for pair, better, worse in zip(rows, chosen, rejected, strict=True)
        ]
        return collected(both, max_length=max_length, noun="pairs")


_UNLIMITED = 2**62  # a pair is measured whole


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a JSONL file.

    Raises:
        SourceError: The file cannot be read, has no pair, or has lines that are none; the first of
            them are named.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SourceError(
            f"the preference pairs cannot be read ({type(error).__name__})",
            where=str(path),
            todo="give the path of a JSONL file with prompt, chosen and rejected on every line",
        ) from error
    pairs, wrong = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = orjson.loads(line)
            if not isinstance(given, dict):
                raise ValueError("this is no JSON object")
            pairs.append(Pair.of(given, f"{path.name}:{number}"))
        except orjson.JSONDecodeError:
            wrong.append(f"line {number}: this is no JSON")
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong or not pairs:
        rest = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise SourceError(
            "; ".join(wrong[:_SHOWN]) + rest if wrong else "there is no preference pair",
            where=str(path),
            todo="every line needs prompt (or question), chosen and rejected as texts",
        )
    return pairs
