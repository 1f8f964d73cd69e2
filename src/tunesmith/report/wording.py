"""How figures are written: counts, shares, durations, sizes, money, dates."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from tunesmith.decide import words
from tunesmith.report.node import Number

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def count(value: Number | None) -> str:
    """A count with thousands separators: 12,345."""
    if value is None:
        return MISSING
    return f"{round(value):,}" if float(value).is_integer() else f"{value:,.1f}"


def plural(value: Number | None, noun: str, many: str | None = None) -> str:
    """A count with its noun: 1 row, 2 rows."""
    return f"{count(value)} {noun if value == 1 else many or noun + 's'}"


def percent(value: Number | None) -> str:
    """A share as a percentage with as many digits as it needs to be told from 0% and 100%."""
    if value is None:
        return MISSING
    scaled = value * 100
    if scaled == round(scaled):
        return f"{scaled:,.0f}%"
    for digits in (1, 2, 3):
        text = f"{scaled:.{digits}f}"
        if float(text) not in (0.0, 100.0):
            return f"{text}%"
    return "<0.001%" if scaled < 50 else ">99.999%"


def share_of(part: Number | None, whole: Number | None) -> str:
    """`part` of `whole` as a percentage."""
    return percent(part / whole) if part is not None and whole else MISSING


def decimal(value: Number | None, digits: int) -> str:
    """A number with a fixed number of decimals."""
    if value is None:
        return MISSING
    if abs(value) >= 10_000:
        return f"{value:,.0f}".replace("-", MINUS)
    return f"{value:,.{digits}f}".replace("-", MINUS)


def significant(value: Number | None, digits: int = 3) -> str:
    """A number with about `digits` significant digits, never in scientific notation."""
    if value is None:
        return MISSING
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace("-", MINUS)
    decimals = min(12, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}".rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def measure(value: Number | None, unit: str | None) -> str:
    """A measured value in the precision of its unit, with the unit where it is not obvious."""
    if value is None:
        return MISSING
    digits = {"share": 3, "nats": 3, "perplexity": 2, "points": 1, "tokens": 1}
    if unit == "s":
        return duration(value)
    return decimal(value, digits[unit]) if unit in digits else significant(value)


def quality(value: Number | None, unit: str | None) -> str:
    """A quality figure: shares as percentages, other units by name."""
    if value is None:
        return MISSING
    if unit == "share":
        return percent(value)
    number = count(value) if float(value).is_integer() else significant(value)
    return number if unit in {None, "", "score", "ratio"} else f"{number} {unit}"


def duration(value: Number | None) -> str:
    """Seconds in words: 0.42 s, 38 s, 3 min 20 s, 2 h 05 min."""
    if value is None:
        return MISSING
    if value < 0.0995 and value != 0:
        return f"{value:.3f} s"
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 59.5:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def mebibytes(value: Number | None) -> str:
    """Mebibytes, as GiB from one GiB up."""
    if value is None:
        return MISSING
    return f"{value / 1024:,.1f} GiB" if value >= 1024 else f"{significant(value)} MiB"


def money(value: Number | None, currency: str | None) -> str:
    """An amount in its currency, written as the sentences of the decision write it."""
    return MISSING if value is None else words.money(value, currency or "").rstrip()


def date(text: str | None) -> str:
    """An ISO 8601 time as `4 March 2026, 09:30 UTC`; other text as it is."""
    if text is None:
        return MISSING
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        return f"{moment.day} {moment:%B %Y, %H:%M}"
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def join(parts: list[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def capital(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]
