"""`reveal`: what pseudonyms and fakes stand for, for whoever has the secret.

Every look is written to the run folder's `reveal.log`: when, and which pseudonym or fake; never a
value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import orjson

from tunesmith.clean.pii.normal import normal
from tunesmith.clean.pii.spans import Kind
from tunesmith.store import vault
from tunesmith.store.secret import secret

LOG = "reveal.log"
_WORD = re.compile(r"\w+")
_KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Revealed:
    """What a pseudonym or fake stands for.

    `originals` are the distinct values, each with its kind; more than one where values share a
    pseudonym or fake, none where the vault does not know it.
    """

    token: str
    originals: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        found = [{"kind": kind, "value": value} for kind, value in self.originals]
        return {"token": self.token, "originals": found}


def reveal(run: Path, tokens: Sequence[str]) -> list[Revealed]:
    """What each of some pseudonyms and fakes stands for.

    Args:
        run: The run folder.
        tokens: Pseudonyms and fakes, whatever their case and spacing.

    Raises:
        TunesmithError: There is no vault, it is damaged, or the secret is another.
        MissingExtraError: The package for encryption is not installed.
    """
    wanted = {form for token in tokens for form in _forms(token)}
    known = _Known(run, wanted)
    found = [Revealed(token, known.originals(token)) for token in tokens]
    # What the vault does not know may be a value that was typed by mistake: it is not written.
    _log(run, [one.token if one.originals else None for one in found])
    return found


def reveal_text(run: Path, text: str) -> str:
    """A text with what its pseudonyms and fakes stand for in their place.

    Where several values share one, all are given: `{jane@acme.example | joe@acme.example}`.

    Args:
        run: The run folder.
        text: The text.

    Raises:
        TunesmithError: There is no vault, it is damaged, or the secret is another.
        MissingExtraError: The package for encryption is not installed.
    """
    known = _Known(run)
    parts, done, tokens = [], 0, []
    for start, end, token in known.places(text):
        values = [value for _, value in known.originals(token)]
        written = values[0] if len(values) == 1 else f"{{{' | '.join(values)}}}"
        parts += [text[done:start], written]
        done = end
        tokens.append(token)
    _log(run, list(dict.fromkeys(tokens)))
    return "".join([*parts, text[done:]])


class _Known:
    """What a vault says, or what it says of some forms."""

    def __init__(self, run: Path, wanted: set[tuple[str, str]] | None = None) -> None:
        self._found: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self._by_word: dict[str, dict[str, int]] = {}
        for shown, kind, original in vault.read(run / "vault", secret()):
            form = (kind, _normal(kind, shown))
            if wanted is None or form in wanted or ("", form[1]) in wanted:
                same = self._found.setdefault(form, {})
                value = (kind, _normal(kind, original))
                same[value] = min(same.get(value, original), original)
                if wanted is None:
                    self._index(shown)

    def _index(self, shown: str) -> None:
        word = _WORD.search(shown)
        if word is not None:
            self._by_word.setdefault(word[0], {})[shown] = word.start()

    def originals(self, token: str) -> tuple[tuple[str, str], ...]:
        """The values that a pseudonym or fake stands for, each with its kind, in order."""
        found = {
            (kind, value)
            for form in _forms(token)
            for (kind, _), value in self._found.get(form, {}).items()
        }
        return tuple(sorted(found))

    def places(self, text: str) -> Iterable[tuple[int, int, str]]:
        """Where a text has pseudonyms and fakes, from left to right, the longest first."""
        done = 0
        for word in _WORD.finditer(text):
            here = self._by_word.get(word[0], {})
            for shown in sorted(here, key=len, reverse=True):
                start = word.start() - here[shown]
                end = start + len(shown)
                if start >= done and text[start:end] == shown and _ends(text, start, end):
                    yield start, end, shown
                    done = end
                    break


def _ends(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit of a longer word is beside `[start, end)`."""
    before = start > 0 and text[start].isalnum() and text[start - 1].isalnum()
    after = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not (before or after)


def _forms(token: str) -> list[tuple[str, str]]:
    kinds = (*_KINDS, "CUSTOMER", "AUTHOR", "THREAD")
    return [(kind, _normal(kind, token)) for kind in kinds]


def _normal(kind: str, value: str) -> str:
    if value.startswith("[") or kind not in _KINDS:
        return " ".join(value.casefold().split())
    known: Kind = kind  # type: ignore[assignment]
    return normal(known, value)


def _log(run: Path, tokens: Sequence[str | None]) -> None:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    lines = b"".join(
        orjson.dumps({"time": moment, "token": token, "found": token is not None}) + b"\n"
        for token in tokens
    )
    handle = os.open(run / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
