"""What test rows are told apart by: category, length, language, source, or a column of the data.

A facet gives every row one value. Values that few rows have are put together, never left out, so
that the slices of a facet always add up to all rows. No facet lists people: columns that identify
someone by their name or by what they hold are refused (`identifying`), and so is any other column
whose values mostly occur once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from pydantic import Field, field_validator

from tunesmith.config import Config
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.identifying import identifies, personal_values

DEFAULT = ("category", "length", "language", "source")
"""The facets that are looked at where none is named and rows have at least two values."""
OTHERS = "others"
"""What values of few rows are put together under."""
NOTHING = "not given"
"""The value of rows that have none."""

_LABELS = {
    "category": "Category",
    "length": "Length of the question",
    "answer_length": "Length of your team's answer",
    "language": "Language",
    "source": "Source",
    "domain": "Domain",
    "license": "License",
    "timestamp": "Month",
    "quality_score": "Quality score",
    "language_confidence": "Confidence of the language",
    "repetition": "Repetition",
}
#: Facets that are worked out of a text, and which.
_LENGTHS = {"length": "question", "answer_length": "answer"}
#: Facets whose values stand in the data as they are shown.
_LISTED = ("category", "source", "domain", "license")
_NUMBERS = ("quality_score", "language_confidence", "repetition")
_EXTRA = "extra."
_BAND_NAMES = ("short", "medium", "long")
_SHORT_TEXTS = 3  # words: below, a language without spaces is likelier than short questions


class SlicesConfig(Config):
    """The slices of the test rows that every method is looked at in: which customers get worse?"""

    by: tuple[str, ...] | None = None
    """What rows are told apart by: `category`, `length` and `answer_length` (bands of equally many
    rows), `language`, `source`, `domain`, `license`, `timestamp` (months), `quality_score`, or a
    column of the data that no setting has taken (`extra.tier`). null: category, length, language
    and source, as far as rows have two values."""

    min_rows: int = Field(default=10, ge=2)
    """Values of fewer independent rows (threads count once) are put together as `others`."""

    most: int = Field(default=20, ge=2)
    """The most values of a facet; the rarer ones are put together as `others`."""

    bands: int = Field(default=3, ge=2, le=10)
    """Into how many bands of equally many rows a length or a number is cut."""

    @field_validator("by")
    @classmethod
    def _no_people(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            if name not in _LABELS and identifies(name.removeprefix(_EXTRA)):
                msg = (
                    f"'{name}' identifies rows or people, and a report must not list them: name "
                    "what they have in common (extra.tier)"
                )
                raise ValueError(msg)
            if name not in _LABELS and not name.startswith(_EXTRA):
                msg = (
                    f"there is no facet '{name}'; there are {', '.join(_LABELS)}, and extra.COLUMN "
                    "for a column of the data that no setting has taken"
                )
                raise ValueError(msg)
        if names is not None and len(set(names)) != len(names):
            msg = f"a facet is named twice: {', '.join(names)}"
            raise ValueError(msg)
        return names

    @property
    def columns(self) -> list[str]:
        """The columns of the record that the facets are made of, `id` first."""
        wanted = [_LENGTHS.get(name, name) for name in self.by or DEFAULT]
        plain = ["extra" if name.startswith(_EXTRA) else name for name in wanted]
        return list(dict.fromkeys(["id", *plain]))


@dataclass(frozen=True)
class Facet:
    """One way to tell rows apart."""

    name: str
    label: str
    order: tuple[str, ...]
    """The values, in the order to show them, `others` last."""
    of: Mapping[str, str]
    """The value of each row, by its identifier."""
    together: tuple[str, ...] = ()
    """The values of few rows that `others` stands for."""


@dataclass(frozen=True)
class Facets:
    """The facets of some rows, and those that say nothing of them."""

    facets: tuple[Facet, ...]
    left_out: tuple[tuple[str, str], ...]
    """Facets that nobody named and that are not looked at: (name, why)."""


def facets_of(
    frame: pl.DataFrame,
    groups: Mapping[str, Hashable | None],
    config: SlicesConfig,
    *,
    personal: Collection[str] = (),
) -> Facets:
    """The facets of rows.

    Args:
        frame: The rows, with `config.columns`.
        groups: The group of each row by its identifier, null for a group of its own.
        config: Which facets.
        personal: Columns of the data that name people.

    Raises:
        TunesmithError: A named column is not there, names people, or its values mostly occur once.
    """
    found: list[Facet] = []
    left_out: list[tuple[str, str]] = []
    for name in config.by or DEFAULT:
        if name.removeprefix(_EXTRA) in personal:
            raise TunesmithError(
                f"'{name}' names people, and a report must not list them",
                where="evaluate.slices.by",
                todo="name what they have in common",
            )
        values, order = _values(frame, name, config)
        if name in _LISTED or name.startswith(_EXTRA):
            kinds = personal_values([value for value in order if value != NOTHING])
            if kinds and config.by is None:
                left_out.append((name, f"its values may be personal data ({', '.join(kinds)})"))
                continue
            _refuse_personal(name, kinds)
        facet = _gathered(name, frame.get_column("id").to_list(), values, order, groups, config)
        if config.by is None and len(facet.order) < 2:
            left_out.append((name, _why(facet)))
        else:
            found.append(facet)
    return Facets(tuple(found), tuple(left_out))


def _refuse_personal(name: str, kinds: Sequence[str]) -> None:
    if kinds:
        raise TunesmithError(
            f"the values of '{name}' look like personal data ({', '.join(kinds)}), and a report "
            "must not list them",
            where="evaluate.slices.by",
            todo="name what the people have in common (extra.tier), or write groups in the column",
        )


def _why(facet: Facet) -> str:
    if facet.together:
        return f"none of its {len(facet.together)} values has enough rows"
    return "all rows have the same value"


def _values(frame: pl.DataFrame, name: str, config: SlicesConfig) -> tuple[list[str], list[str]]:
    """The value of each row, and the values in order."""
    if name in _LENGTHS:
        return _lengths(frame.get_column(_LENGTHS[name]).to_list(), config.bands)
    if name in _NUMBERS:
        numbers = frame.get_column(name).cast(pl.Float64).to_list()
        return bands(numbers, config.bands, say=lambda low, high: f"{low:.2f} to {high:.2f}")
    if name.startswith(_EXTRA):
        column = _extra(frame, name)
    elif name == "timestamp":
        column = frame.get_column(name).dt.strftime("%Y-%m")
    else:
        column = frame.get_column(name)
    values = [NOTHING if value is None else str(value) for value in column.to_list()]
    return values, sorted(set(values), key=lambda value: (value == NOTHING, value))


def _extra(frame: pl.DataFrame, name: str) -> pl.Series:
    key = name.removeprefix(_EXTRA)
    rows = [
        {item["key"]: item["value"] for item in items or []}
        for items in frame.get_column("extra").to_list()
    ]
    there = sorted({known for row in rows for known in row})
    if key not in there:
        raise TunesmithError(
            f"no test row has a column '{key}'; "
            + (f"there are {', '.join(there)}" if there else "the data have no other columns"),
            where="evaluate.slices.by",
            todo="name one of these, or take the facet out",
        )
    values = [row.get(key) for row in rows]
    given = [value for value in values if value is not None]
    if len(given) > 1 and 2 * len(set(given)) > len(given):
        raise TunesmithError(
            f"'{name}' has {len(set(given))} values in {len(given)} rows: it names single rows, "
            "not what they have in common",
            where="evaluate.slices.by",
            todo="name a column whose values repeat",
        )
    return pl.Series(key, values, dtype=pl.String)


def _lengths(texts: Sequence[str | None], count: int) -> tuple[list[str], list[str]]:
    words = [math.nan if text is None else float(len(text.split())) for text in texts]
    unit = "word"
    known = sorted(length for length in words if not math.isnan(length))
    if known and known[len(known) // 2] < _SHORT_TEXTS:
        unit = "character"
        words = [math.nan if text is None else float(len(text)) for text in texts]

    def say(low: float, high: float) -> str:
        if low == high:
            return f"{low:.0f} {unit}{'' if low == 1 else 's'}"
        return f"{low:.0f} to {high:.0f} {unit}s"

    values, order = bands([None if math.isnan(n) else n for n in words], count, say=say)
    named = [band for band in order if band != NOTHING]
    if len(named) == len(_BAND_NAMES):
        called = {band: f"{name} ({band})" for band, name in zip(named, _BAND_NAMES, strict=True)}
        values = [called.get(value, value) for value in values]
        order = [called.get(value, value) for value in order]
    return values, order


def bands(
    numbers: Sequence[float | None], count: int, *, say: Callable[[float, float], str]
) -> tuple[list[str], list[str]]:
    """Cut numbers into bands of about equally many rows; equal numbers are in the same band.

    Args:
        numbers: The numbers; null has the value `not given`.
        count: The most bands.
        say: Names a band from its smallest and largest number.

    Returns:
        The band of each row, and the bands in order.
    """
    known = sorted(number for number in numbers if number is not None)
    edges = sorted({known[len(known) * i // count] for i in range(1, count)} if known else set())
    place = [
        None if number is None else sum(number >= edge for edge in edges) for number in numbers
    ]
    called: dict[int, str] = {}
    for band in sorted({p for p in place if p is not None}):
        inside = [n for n, p in zip(numbers, place, strict=True) if p == band and n is not None]
        called[band] = say(min(inside), max(inside))
    values = [NOTHING if p is None else called[p] for p in place]
    order = list(called.values()) + ([NOTHING] if NOTHING in values else [])
    return values, order


def _gathered(
    name: str,
    ids: Sequence[str],
    values: Sequence[str],
    order: Sequence[str],
    groups: Mapping[str, Hashable | None],
    config: SlicesConfig,
) -> Facet:
    """The facet with its rare values put together."""
    members: dict[str, set[Hashable]] = defaultdict(set)
    for row, value in zip(ids, values, strict=True):
        group = groups.get(row)
        members[value].add(("row", row) if group is None else ("group", group))
    by_size = sorted(order, key=lambda value: (-len(members[value]), value))
    rare = {value for value in order if len(members[value]) < config.min_rows}
    if len(by_size) - len(rare) > config.most - bool(rare):
        rare |= set(by_size[config.most - 1 :])
    shown = [value for value in order if value not in rare]
    others = OTHERS if OTHERS not in shown else f"{OTHERS} (put together)"
    label = _LABELS.get(name, name.removeprefix(_EXTRA).replace("_", " ").capitalize())
    return Facet(
        name=name,
        label=label,
        order=(*shown, *([others] if rare else [])),
        of={row: others if v in rare else v for row, v in zip(ids, values, strict=True)},
        together=tuple(value for value in order if value in rare),
    )
