"""Texts whose personal data people have labelled: the file that detectors are measured on.

One JSON object a line, or one JSON array of them, in any of these shapes:

```
{"text": …, "spans": [{"start": 3, "end": 9, "kind": "EMAIL"}]}                    tunesmith
{"full_text": …, "spans": [{"entity_type", "start_position", "end_position"}]}     presidio-research
{"text": …, "label": [[3, 9, "EMAIL"]]}                                            doccano
{"text": …, "spans": [{"start": 3, "end": 9, "label": "EMAIL"}]}                   Prodigy
[text, {"entities": [[3, 9, "EMAIL"]]}]                                            spaCy
{"source_text": …, "privacy_mask": [{"start", "end", "label", "value"}]}           AI4Privacy
```

Offsets count characters (Unicode code points); the end is the first character after the span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from tunesmith.clean.pii.labels import kind_of
from tunesmith.clean.pii.spans import Span
from tunesmith.errors import SourceError

Half = Literal["odd", "even"]

_TEXT = ("text", "full_text", "source_text", "data")
_SPANS = ("spans", "label", "labels", "entities", "privacy_mask")
_START = ("start", "start_position", "start_offset", "begin")
_END = ("end", "end_position", "end_offset")
_KIND = ("kind", "entity_type", "label", "type")
_VALUE = ("value", "entity_value")


@dataclass(frozen=True)
class GoldText:
    """One labelled text.

    Attributes:
        number: The line of a JSONL file, or the place in an array; from 1.
        text: The text.
        spans: What people labelled, with kinds of ours; no span twice.
        labels: For each span, what the file calls it.
        group: The template or thread that the text is of, where the file says so.
    """

    number: int
    text: str
    spans: tuple[Span, ...]
    labels: tuple[str, ...]
    group: int | str | None = None


@dataclass(frozen=True)
class Gold:
    """A labelled file: every row is in `texts`, in `bad`, or of the half that was not asked for.

    Attributes:
        path: The file.
        texts: The rows to measure on.
        bad: By row number, why a row cannot be used; never a word of its text.
        other_half: How many good rows belong to the other half.
    """

    path: Path
    texts: tuple[GoldText, ...]
    bad: Mapping[int, str] = field(default_factory=dict)
    other_half: int = 0

    @property
    def groups(self) -> list[int | str | None]:
        """The group of each text."""
        return [text.group for text in self.texts]


def read_gold(
    path: Path, *, aliases: Mapping[str, str] | None = None, half: Half | None = None
) -> Gold:
    """Read a labelled file.

    Args:
        path: JSONL or a JSON array.
        aliases: The file's label to a kind of ours, before the usual names are tried.
        half: Only texts with an odd or an even template id (a number); texts without one are
            told apart by their row number. Rules are developed on one half and reported on the
            other.

    Raises:
        SourceError: The file cannot be read, or none of its rows can be used.
    """
    texts: list[GoldText] = []
    bad: dict[int, str] = {}
    other = 0
    for number, row in _rows(path):
        try:
            text = _text(number, row, aliases or {})
        except _BadRowError as error:
            bad[number] = str(error)
            continue
        place = text.group if isinstance(text.group, int) else number
        if half is not None and place % 2 != (half == "odd"):
            other += 1
        else:
            texts.append(text)
    if not texts:
        raise SourceError(_nothing(bad, other), where=str(path), todo=_SHAPE)
    return Gold(path, tuple(texts), bad, other)


_SHAPE = 'each row is like {"text": "…", "spans": [{"start": 0, "end": 4, "kind": "PERSON"}]}'


def _nothing(bad: Mapping[int, str], other: int) -> str:
    if bad:
        number, reason = next(iter(bad.items()))
        return f"none of the {len(bad) + other:,} rows can be used; row {number}: {reason}"
    return "no row is in this half" if other else "the file holds no row"


class _BadRowError(ValueError):
    pass


_UNREADABLE = object()


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise SourceError(reason, where=str(path), todo="name a file that is there") from None
    array = _array(path, data)
    if array is not None:
        yield from enumerate(array, start=1)
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError:
                yield number, _UNREADABLE


def _array(path: Path, data: bytes) -> list[Any] | None:
    """The rows of one JSON array; None for JSONL."""
    if not data.lstrip().startswith(b"["):
        return None
    try:
        rows = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        first = data.split(b"\n", 1)[0]
        try:
            orjson.loads(first)
        except orjson.JSONDecodeError:
            where = f"{path}, line {error.lineno}, column {error.colno}"
            raise SourceError("the JSON array breaks here", where=where, todo=_SHAPE) from None
        return None  # lines of spaCy's pairs
    pair = len(rows) == 2 and isinstance(rows[0], str) and isinstance(rows[1], dict)
    return [rows] if pair else list(rows)


def _text(number: int, row: Any, aliases: Mapping[str, str]) -> GoldText:
    if row is _UNREADABLE:
        raise _BadRowError("the line is not JSON")
    if isinstance(row, list) and len(row) == 2 and isinstance(row[1], dict):
        row = {"text": row[0], **row[1]}
    if not isinstance(row, dict):
        raise _BadRowError("the row is not an object")
    text = _first(row, _TEXT)
    if not isinstance(text, str):
        raise _BadRowError(f"no text ({' or '.join(_TEXT)})")
    given = _first(row, _SPANS)
    if not isinstance(given, list):
        raise _BadRowError(f"no list of spans ({' or '.join(_SPANS)})")
    found: dict[Span, str] = {}
    for place, item in enumerate(given, start=1):
        start, end, label = _checked(text, _fields(item, place), place)
        kind: Any = aliases.get(label) or kind_of(label)
        found.setdefault(Span(start, end, kind), label)
    group = row.get("template_id", row.get("group"))
    known = group if isinstance(group, int | str) and not isinstance(group, bool) else None
    return GoldText(number, text, tuple(found), tuple(found.values()), known)


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _fields(item: Any, place: int) -> tuple[Any, Any, Any, Any]:
    if isinstance(item, dict):
        start, end, label = (_first(item, names) for names in (_START, _END, _KIND))
        return start, end, label, _first(item, _VALUE)
    if isinstance(item, list) and len(item) == 3:
        return item[0], item[1], item[2], None
    raise _BadRowError(f"span {place} is neither an object nor [start, end, kind]")


def _checked(text: str, fields: tuple[Any, Any, Any, Any], place: int) -> tuple[int, int, str]:
    start, end, label, value = fields
    for name, offset in (("start", start), ("end", end)):
        if not isinstance(offset, int) or isinstance(offset, bool):
            raise _BadRowError(f"span {place} has no {name} that is a whole number")
    if not isinstance(label, str) or not label.strip():
        raise _BadRowError(f"span {place} has no kind")
    if not 0 <= start < end <= len(text):
        raise _BadRowError(f"span {place} is [{start}, {end}) in a text of {len(text)} characters")
    if value is not None and text[start:end] != value:
        raise _BadRowError(f"span {place}: its value is not what the text has at its offsets")
    return start, end, label
