"""What a recipe says of a table: its columns, its rows, and what they become."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from tunesmith.collect.times import ZoneName
from tunesmith.config import Config

ColumnType = Literal["text", "integer", "number", "boolean", "date", "time", "category", "currency"]

#: Types that have a mean, a median and outliers.
NUMERIC: tuple[ColumnType, ...] = ("integer", "number", "currency")

Action = Literal["keep", "drop", "clip", "quarantine"]


class Outliers(Config):
    """Which values of a column are too far from the others, and what happens to them."""

    method: Literal["iqr", "zscore", "mad", "range"] = "iqr"
    """`iqr`: beyond the quartiles by `limit` times their distance (Tukey 1977). `zscore`: farther
    from the mean than `limit` standard deviations. `mad`: 0.6745 times the distance from the median
    is more than `limit` median absolute deviations (Iglewicz and Hoaglin 1993). `range`: outside
    `min` and `max`."""
    limit: float | None = Field(default=None, gt=0)
    """How far is too far; 1.5 for `iqr`, 3 for `zscore`, 3.5 for `mad` where it is not given."""
    min: float | None = None
    """The least value of `range`."""
    max: float | None = None
    """The greatest value of `range`."""
    action: Action = "keep"
    """`keep` it with a note, `drop` its row, `clip` it to the limit, or `quarantine` its row."""

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        bounds = self.min is not None or self.max is not None
        if (self.method == "range") != bounds:
            raise ValueError("min and max go with method: range, which needs one of them")
        if self.method == "range" and self.limit is not None:
            raise ValueError("limit does not go with method: range")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is more than max {self.max:g}")
        return self

    @property
    def distance(self) -> float:
        """`limit`, or the method's own."""
        return self.limit or {"iqr": 1.5, "zscore": 3.0, "mad": 3.5}.get(self.method, 0.0)


class ColumnRules(Config):
    """What one column holds, and what happens where it does not."""

    type: ColumnType = "text"
    """`text`, `integer`, `number`, `boolean`, `date`, `time` (a moment), `category` or `currency`
    (an amount; its currency is the column `NAME_currency`)."""
    format: str | None = None
    """A `strptime` format of dates and times, such as `%d/%m/%Y`."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of numbers and amounts."""
    thousands: Literal[",", ".", " ", "'"] | None = None
    """The mark between thousands, if there is one."""
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    """The currency of all amounts (ISO 4217); an amount in another one cannot be read."""
    yes: list[str] = ["true", "yes", "y", "1"]
    """What stands for true, in any case."""
    no: list[str] = ["false", "no", "n", "0"]
    """What stands for false, in any case."""
    unparsable: Literal["quarantine", "null"] = "quarantine"
    """Whether a cell that is not of the type takes its row to quarantine, or counts as missing."""
    missing: Literal["keep", "drop", "mean", "median", "mode", "previous"] = "keep"
    """What happens where the column has no value: the row is kept as it is, or dropped, or the
    value becomes the column's mean, median or most frequent value, or that of the row before."""
    fill: str | None = None
    """The value where there is none, instead of `missing`; written as in a cell."""
    outliers: Outliers | None = None
    """Values too far from the others; numbers and amounts only."""
    nullable: bool = True
    """Whether the column may be without a value after filling."""
    unique: bool = False
    """Whether a value may come once only; a row that repeats one is quarantined."""
    ge: float | None = None
    """The least value that is right."""
    gt: float | None = None
    """What the value must be more than."""
    le: float | None = None
    """The greatest value that is right."""
    lt: float | None = None
    """What the value must be less than."""
    isin: list[str] | None = None
    """The only texts that are right."""
    matches: str | None = None
    """A regular expression (Rust's syntax) that the text must match from its start."""
    min_length: int | None = Field(default=None, ge=0)
    """The least number of letters."""
    max_length: int | None = Field(default=None, ge=0)
    """The greatest number of letters."""

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if self.fill is not None and self.missing != "keep":
            raise ValueError("either fill or missing, not both")
        numeric = self.type in NUMERIC
        if self.missing in {"mean", "median"} and not numeric:
            raise ValueError(f"a column of type {self.type} has no {self.missing}")
        bounds = [self.ge, self.gt, self.le, self.lt]
        if not numeric and (self.outliers is not None or any(one is not None for one in bounds)):
            raise ValueError(f"outliers and bounds need numbers, and the type is {self.type}")
        texts = [self.isin, self.matches, self.min_length, self.max_length]
        if self.type not in {"text", "category"} and any(one is not None for one in texts):
            raise ValueError(f"isin, matches and lengths need texts, and the type is {self.type}")
        if self.format is not None and self.type not in {"date", "time"}:
            raise ValueError("format goes with type: date and type: time")
        if self.currency is not None and self.type != "currency":
            raise ValueError("currency goes with type: currency")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same mark")
        return self

    @field_validator("matches")
    @classmethod
    def _expression_compiles(cls, pattern: str | None) -> str | None:
        import polars as pl

        if pattern is not None:
            try:
                pl.select(pl.lit("").str.contains(pattern))
            except pl.exceptions.ComputeError:
                raise ValueError(
                    "this is not a regular expression that Rust's regex takes"
                ) from None
        return pattern

    @property
    def wanted_checks(self) -> dict[str, object]:
        """The checks of values, by name."""
        names = ("ge", "gt", "le", "lt", "isin", "matches", "min_length", "max_length")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def checked(self) -> bool:
        """Whether values are checked one by one."""
        return not self.nullable or bool(self.wanted_checks)

    @property
    def whole(self) -> bool:
        """Whether a row depends on the other rows of the table."""
        measured = self.outliers is not None and self.outliers.method != "range"
        return measured or self.unique or self.missing in {"mean", "median", "mode", "previous"}


class Duplicates(Config):
    """Rows that repeat others: all but one of them are dropped."""

    by: list[str | list[str]] = []
    """Keys: columns, or lists of columns that count together. A row is a duplicate where one key is
    that of another row and has no missing value; without keys, where all columns are the same."""
    keep: Literal["first", "last"] = "first"
    """Which of them stays."""
    ignore_case: bool = False
    """Whether small and capital letters are the same."""

    @property
    def keys(self) -> list[list[str]]:
        """Each key as a list of columns."""
        return [[key] if isinstance(key, str) else key for key in self.by]


class Meaning(Config):
    """Which column fills what of a row's provenance. Every other one is kept beside it."""

    category: str | None = None
    """The queue, topic or intent: splits are stratified by it."""
    timestamp: str | None = None
    """When it was written."""
    customer: str | None = None
    """Who it is about: becomes a pseudonym, and never crosses from training to test."""
    thread: str | None = None
    """The conversation it belongs to: becomes a pseudonym, and never crosses either."""
    author: str | None = None
    """Who wrote it: becomes a pseudonym."""
    id: str | None = None
    """The row's own number, which keeps its identity when rows come before it."""
    labels: str | None = None
    """Tags, separated by commas, semicolons or bars."""

    def named(self) -> dict[str, str]:
        """Columns by what they fill."""
        return {name: column for name, column in self if column is not None}


class Pair(Config):
    """A question and its answer, made of each row."""

    question: str = Field(min_length=1)
    """The template of the question."""
    answer: str = Field(min_length=1)
    """The template of the answer."""
    category: str | None = None
    """The category of these pairs, before that of the row."""


class TableRules(Config):
    """What a table's columns hold, which rows stay, and what they become."""

    # `schema` is what such a declaration is called, and a method of pydantic's models too.
    model_config = ConfigDict(populate_by_name=True, hide_input_in_errors=True)

    columns: Meaning = Meaning()
    """Which column fills what of a row's provenance."""
    declared: dict[str, ColumnRules] = Field(default={}, alias="schema")
    """What each column holds, and what happens where it does not; other columns are text."""
    missing_values: list[str] = []
    """What stands for a missing value beside an empty cell, such as `NA`."""
    duplicates: Duplicates | None = None
    """Rows that repeat others."""
    features: dict[str, str] = {}
    """New columns by name: expressions over columns, in order. See docs/sources/tables.md."""
    text: str | None = Field(default=None, min_length=1)
    """A template that makes a document of each row."""
    question: str | None = Field(default=None, min_length=1)
    """With `answer`: a template that makes a pair of each row."""
    answer: str | None = Field(default=None, min_length=1)
    """With `question`."""
    pairs: list[Pair] = []
    """More pairs made of each row."""
    missing_in_template: Literal["drop", "quarantine", "empty"] = "drop"
    """What happens to a text or pair whose template names a column without a value, outside of a
    part in `[[ ]]`; `empty` writes nothing in its place."""
    category: str | None = None
    """The category of rows that have none."""
    timezone: ZoneName = "UTC"
    """The zone of times that name none, such as `Europe/Berlin`."""
    drop_columns: list[str] = []
    """Columns that are not kept."""
    personal_columns: list[str] = []
    """Other columns that name a person: kept as pseudonyms."""

    @model_validator(mode="after")
    def _something_is_made(self) -> Self:
        if (self.question is None) != (self.answer is None):
            raise ValueError("question and answer go together")
        if self.text is None and self.question is None and not self.pairs:
            raise ValueError("say what rows become: text, or question and answer, or pairs")
        for name in self.declared.keys() & self.features.keys():
            rules = self.declared[name]
            if rules.missing != "keep" or rules.fill is not None or rules.outliers is not None:
                raise ValueError(f"'{name}' is a feature: it can be checked, not filled or clipped")
            if rules.unique:
                raise ValueError(f"'{name}' is a feature: it cannot be declared unique")
        return self

    @model_validator(mode="after")
    def _expressions_are_right(self) -> Self:
        from tunesmith.collect.tables.features import parse
        from tunesmith.collect.tables.template import Template

        for name, expression in self.features.items():
            try:
                parse(expression)
            except ValueError as error:
                raise ValueError(f"features.{name}: {error}") from None
        for made in self.made:
            for template in (made.text, made.question, made.answer):
                if template is not None:
                    Template(template)
        return self

    @property
    def made(self) -> list[Made]:
        """What each row becomes, in order."""
        found = [] if self.text is None else [Made(text=self.text)]
        if self.question is not None and self.answer is not None:
            found.append(Made(question=self.question, answer=self.answer))
        return found + [
            Made(question=pair.question, answer=pair.answer, category=pair.category)
            for pair in self.pairs
        ]

    def wanted(self) -> list[tuple[str, str]]:
        """The columns that the table must have, with the setting that names each."""
        from tunesmith.collect.tables import features
        from tunesmith.collect.tables.template import Template

        made = set(self.features)
        made |= {
            f"{name}_currency" for name, one in self.declared.items() if one.type == "currency"
        }
        found = [(f"columns.{field}", name) for field, name in self.columns.named().items()]
        found += [(f"schema.{name}", name) for name in self.declared]
        found += [("drop_columns", name) for name in self.drop_columns]
        found += [("personal_columns", name) for name in self.personal_columns]
        keys = [] if self.duplicates is None else self.duplicates.keys
        found += [("duplicates.by", name) for key in keys for name in key]
        for feature, written in self.features.items():
            found += [(f"features.{feature}", name) for name in features.columns(written)]
        for one in self.made:
            for text in (one.text, one.question, one.answer):
                if text is not None:
                    found += [("templates", name) for name in Template(text).columns]
        return [(field, name) for field, name in dict.fromkeys(found) if name not in made]

    @property
    def wanted_columns(self) -> list[str]:
        """The columns that the table must have."""
        return list(dict.fromkeys(name for _, name in self.wanted()))

    @property
    def whole(self) -> bool:
        """Whether what becomes of a row depends on the other rows of the table."""
        return self.duplicates is not None or any(one.whole for one in self.declared.values())


class Made(Config):
    """One thing that a row becomes: a document, or a pair."""

    text: str | None = None
    """The template of a document."""
    question: str | None = None
    """The template of a question."""
    answer: str | None = None
    """The template of an answer."""
    category: str | None = None
    """Its category."""
