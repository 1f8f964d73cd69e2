"""Cells of a table: texts that become numbers, dates and the like, or are found not to be."""

from __future__ import annotations

from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from tunesmith.collect.tables.rules import ColumnRules, ColumnType
from tunesmith.collect.times import parse_time

#: What a currency's sign may stand for (ISO 4217); the first where nothing else is declared.
_SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "£": ("GBP",),
    "$": ("USD", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN"),
    "¥": ("JPY", "CNY"),
    "₹": ("INR",),
    "zł": ("PLN",),
    "Fr.": ("CHF",),
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_NEGATIVE = r"^\((.*)\)$"

#: What a cell of each type should have been, in the words of a reason.
WORDS: dict[ColumnType, str] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "time": "a time",
    "category": "a category",
    "currency": "an amount",
}


class Cells:
    """Reads the cells of one column.

    Args:
        name: The column.
        rules: What it holds.
        timezone: The zone of times that name none, and that times are given in.
    """

    def __init__(self, name: str, rules: ColumnRules, timezone: str) -> None:
        self.name, self.rules, self.timezone = name, rules, timezone

    @property
    def reason(self) -> str:
        """Why a row whose cell cannot be read is left out."""
        return f"column '{self.name}': the cell is not {WORDS[self.rules.type]}"

    @cached_property
    def dtype(self) -> pl.DataType:
        """The type that the column has when it was read."""
        return {
            "integer": pl.Int64(),
            "number": pl.Float64(),
            "currency": pl.Float64(),
            "boolean": pl.Boolean(),
            "date": pl.Date(),
            "time": pl.Datetime("us", self.timezone),
        }.get(self.rules.type, pl.String())

    def read(self, texts: pl.Series) -> list[pl.Series]:
        """The column, and for amounts their currencies; null where a cell cannot be read.

        Args:
            texts: Trimmed texts, null where there is none.
        """
        kind = self.rules.type
        if kind in {"text", "category"}:
            return [texts.alias(self.name)]
        if kind == "currency":
            return self._amounts(texts)
        found = {
            "integer": self._integers,
            "number": self._numbers,
            "boolean": self._truths,
            "date": self._dates,
            "time": self._times,
        }[kind](texts)
        return [found.alias(self.name)]

    def _plain(self, texts: pl.Series) -> pl.Series:
        """Numbers with a point and no marks between thousands; null for what is no number."""
        rules = self.rules
        text = pl.col("it")
        if rules.thousands is not None:
            mark, point = _escaped(rules.thousands), _escaped(rules.decimal)
            # Marks stand at every third digit or not at all: "1,23" is not 123.
            grouped = rf"^[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{point}\d*)?$"
            text = (
                pl.when(text.str.contains(grouped))
                .then(text.str.replace_all(rules.thousands, "", literal=True))
                .otherwise(text)
            )
        if rules.decimal == ",":
            text = pl.when(~text.str.contains(".", literal=True)).then(
                text.str.replace(",", ".", literal=True)
            )
        whole = text.str.contains(f"^(?:{_NUMBER})$")
        return texts.to_frame("it").select(pl.when(whole).then(text).alias("it")).to_series()

    def _numbers(self, texts: pl.Series) -> pl.Series:
        found = self._plain(texts).cast(pl.Float64, strict=False)
        return found.to_frame("it").select(pl.when(pl.col("it").is_finite()).then("it")).to_series()

    def _integers(self, texts: pl.Series) -> pl.Series:
        plain = self._plain(texts)
        # A spreadsheet's or a float column's "12.0" is a whole number.
        digits = plain.str.replace(r"\.0*$", "")
        return digits.cast(pl.Int64, strict=False)

    def _truths(self, texts: pl.Series) -> pl.Series:
        low = pl.col("it").str.to_lowercase()
        yes, no = ([word.lower() for word in words] for words in (self.rules.yes, self.rules.no))
        truth = pl.when(low.is_in(yes)).then(True).when(low.is_in(no)).then(False)
        return texts.to_frame("it").select(truth.alias("it")).to_series()

    def _dates(self, texts: pl.Series) -> pl.Series:
        if self.rules.format is not None:
            return texts.str.to_date(self.rules.format, strict=False)
        found = texts.str.to_date("%Y-%m-%d", strict=False)
        if found.null_count() == texts.null_count():
            return found
        times = self._guessed(texts.filter(found.is_null() & texts.is_not_null()))
        frame = pl.DataFrame({"text": texts, "date": found}).join(
            times.with_columns(pl.col("time").dt.date()),
            on="text",
            how="left",
            maintain_order="left",
        )
        return frame.select(pl.coalesce("date", "time")).to_series()

    def _times(self, texts: pl.Series) -> pl.Series:
        times = self._guessed(texts.drop_nulls())
        return texts.to_frame("text").join(times, on="text", how="left", maintain_order="left")[
            "time"
        ]

    def _guessed(self, texts: pl.Series) -> pl.DataFrame:
        """By each text that there is, the time that it says."""
        zone = ZoneInfo(self.timezone)
        words = texts.unique().to_list()
        found = [parse_time(word, zone, self.rules.format) for word in words]
        times = pl.Series("time", found, pl.Datetime("us", "UTC"))
        return pl.DataFrame([pl.Series("text", words, pl.String), times]).with_columns(
            pl.col("time").dt.convert_time_zone(self.timezone)
        )

    def _amounts(self, texts: pl.Series) -> list[pl.Series]:
        rules = self.rules
        signs = "|".join(map(_escaped, _SIGNS))
        frame = texts.to_frame("it").with_columns(
            bare=pl.col("it").str.replace(_NEGATIVE, "-$1"),
        )
        sign = pl.col("bare").str.extract(rf"(\b[A-Z]{{3}}\b|{signs})")
        rest = pl.col("bare").str.replace(rf"\s*(?:\b[A-Z]{{3}}\b|{signs})\s*", "")
        frame = frame.with_columns(sign=sign, rest=rest.str.replace(r"^([+-])\s+", "$1"))
        number = self._numbers(frame["rest"]).alias("number")
        known = pl.col("sign").replace({mark: codes[0] for mark, codes in _SIGNS.items()})
        code = known if rules.currency is None else pl.lit(rules.currency)
        right: pl.Expr = pl.lit(value=True)
        if rules.currency is not None:
            mine = [mark for mark, codes in _SIGNS.items() if rules.currency in codes]
            right = pl.col("sign").is_null() | pl.col("sign").is_in([rules.currency, *mine])
        frame = frame.with_columns(number).select(
            pl.when(right).then("number").alias(self.name),
            pl.when(right & pl.col("number").is_not_null())
            .then(code)
            .alias(f"{self.name}_currency"),
        )
        return frame.get_columns()


def _escaped(mark: str) -> str:
    return "".join(f"\\{letter}" if letter in "$." else letter for letter in mark)
