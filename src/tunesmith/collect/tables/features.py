"""Engineered features: a small language of expressions over the columns of a row.

An expression is written as in Python, and only the following is in the language; nothing is
evaluated but Polars expressions made of it:

```
value      = column | col("any name") | 12 | 3.5 | "text" | True | False | None
arithmetic = a + b, a - b, a * b, a / b (no value where b is 0), a // b, a % b, -a
comparison = a == b, a != b, a < b, a <= b, a > b, a >= b, a < b < c
condition  = a and b, a or b, not a, value if condition else value
call       = one of FUNCTIONS
```
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from datetime import date
from functools import reduce
from typing import Any

import polars as pl

#: An expression is nested at most so deep.
_DEPTH = 50

_ARITHMETIC: dict[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: pl.when(b != 0).then(a / b),
    ast.FloorDiv: lambda a, b: pl.when(b != 0).then(a // b),
    ast.Mod: lambda a, b: pl.when(b != 0).then(a % b),
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def age(born: pl.Expr, at: pl.Expr) -> pl.Expr:
    """`age(born, at)`: whole years from one date to another."""
    birth, moment = born.cast(pl.Date), at.cast(pl.Date)
    before = (moment.dt.month() < birth.dt.month()) | (
        (moment.dt.month() == birth.dt.month()) & (moment.dt.day() < birth.dt.day())
    )
    return moment.dt.year() - birth.dt.year() - before.cast(pl.Int32)


def days(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """`days(start, end)`: days from one date or time to another, with fractions for times."""
    return _seconds(start, end) / 86_400


def hours(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """`hours(start, end)`: hours from one time to another."""
    return _seconds(start, end) / 3_600


def _seconds(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    return (end - start).dt.total_microseconds() / 1_000_000


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`ratio(a, b)`: a / b; no value where b is 0."""
    return pl.when(whole != 0).then(part / whole)


def bins(value: pl.Expr, *edges: float) -> pl.Expr:
    """`bins(value, 10, 20, …)`: which of the ranges between the edges it lies in, as a text."""
    if not edges or list(edges) != sorted(set(edges)):
        raise ValueError("bins needs edges, each more than the one before")
    names = [f"{edge:g}" for edge in edges]
    found = pl.when(value < edges[0]).then(pl.lit(f"less than {names[0]}"))
    for low, high, edge in zip(names, names[1:], edges[1:], strict=False):
        found = found.when(value < edge).then(pl.lit(f"{low} to {high}"))  # type: ignore[assignment]
    return found.when(value >= edges[-1]).then(pl.lit(f"{names[-1]} or more"))


_PARTS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "year": lambda at: at.dt.year(),
    "quarter": lambda at: at.dt.quarter(),
    "month": lambda at: at.dt.month(),
    "month name": lambda at: at.dt.to_string("%B"),
    "week": lambda at: at.dt.week(),
    "day": lambda at: at.dt.day(),
    "weekday": lambda at: at.dt.to_string("%A"),
    "hour": lambda at: at.dt.hour(),
}


def part(moment: pl.Expr, name: str) -> pl.Expr:
    """`part(moment, "month")`: year, quarter, month, month name, week, day, weekday or hour."""
    if name not in _PARTS:
        raise ValueError(f"part knows {', '.join(_PARTS)}")
    return _PARTS[name](moment)


def join(separator: str, *values: pl.Expr) -> pl.Expr:
    """`join(", ", a, b, …)`: values as one text; those that are missing are left out."""
    text = pl.concat_str(
        [v.cast(pl.String) for v in values], separator=separator, ignore_nulls=True
    )
    return pl.when(pl.any_horizontal([v.is_not_null() for v in values])).then(text)


def coalesce(*values: pl.Expr) -> pl.Expr:
    """`coalesce(a, b, …)`: the first that is not missing."""
    return pl.coalesce(list(values))


def least(*values: pl.Expr) -> pl.Expr:
    """`least(a, b, …)`: the least of them."""
    return pl.min_horizontal(list(values))


def greatest(*values: pl.Expr) -> pl.Expr:
    """`greatest(a, b, …)`: the greatest of them."""
    return pl.max_horizontal(list(values))


def rounded(value: pl.Expr, digits: float = 0) -> pl.Expr:
    """`round(value, digits)`: rounded to so many digits."""
    return value.round(int(digits))


def contains(text: pl.Expr, words: str) -> pl.Expr:
    """`contains(text, "words")`: whether the words stand in it, in any case."""
    return text.str.to_lowercase().str.contains(words.lower(), literal=True)


def on(written: str) -> pl.Expr:
    """`date("2026-01-31")`: a day."""
    try:
        return pl.lit(date.fromisoformat(written))
    except ValueError:
        raise ValueError('date needs a day such as date("2026-01-31")') from None


def missing(value: pl.Expr) -> pl.Expr:
    """`missing(a)`: whether there is no value."""
    return value.is_null()


#: By name: the function, and of its arguments which are plain words or numbers, not expressions.
_FUNCTIONS: dict[str, tuple[Callable[..., pl.Expr], dict[int, type]]] = {
    "age": (age, {}),
    "days": (days, {}),
    "hours": (hours, {}),
    "ratio": (ratio, {}),
    "bins": (bins, dict.fromkeys(range(1, 100), float)),
    "part": (part, {1: str}),
    "join": (join, {0: str}),
    "coalesce": (coalesce, {}),
    "least": (least, {}),
    "greatest": (greatest, {}),
    "round": (rounded, {1: float}),
    "abs": (pl.Expr.abs, {}),
    "log": (lambda value: pl.when(value > 0).then(value.log()), {}),
    "lower": (lambda text: text.str.to_lowercase(), {}),
    "upper": (lambda text: text.str.to_uppercase(), {}),
    "length": (lambda text: text.str.len_chars(), {}),
    "words": (lambda text: text.str.count_matches(r"\S+"), {}),
    "contains": (contains, {1: str}),
    "date": (on, {0: str}),
    "missing": (missing, {}),
}

#: The names of all functions.
FUNCTIONS = tuple(_FUNCTIONS)


def parse(written: str) -> pl.Expr:
    """The Polars expression of a feature.

    Args:
        written: As the module says.

    Raises:
        ValueError: It is not in the language, and what is not.
    """
    try:
        tree = ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("this is not an expression, such as: round(price * quantity, 2)") from None
    return _expression(tree, 0)


def columns(written: str) -> list[str]:
    """The columns that an expression names."""
    return parse(written).meta.root_names()


def _expression(node: ast.expr, depth: int) -> pl.Expr:
    if depth > _DEPTH:
        raise ValueError(f"the expression is nested more than {_DEPTH} deep")
    match node:
        case ast.Name(id=name):
            return pl.col(_plain(name))
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return pl.lit(value)
        case ast.Call(func=ast.Name(id=name)):
            return _call(name, node, depth)
    found = _operation(node, [_expression(one, depth + 1) for one in _operands(node)])
    if found is None:
        raise ValueError(f"'{ast.unparse(node)[:40]}' is not in the language of features")
    return found


def _operation(node: ast.expr, inner: list[pl.Expr]) -> pl.Expr | None:
    found: pl.Expr | None = None
    match node:
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            found = _ARITHMETIC[type(op)](*inner)
        case ast.UnaryOp(op=ast.USub()):
            found = -inner[0]
        case ast.UnaryOp(op=ast.Not()):
            found = ~inner[0]
        case ast.BoolOp(op=op):
            found = reduce(operator.and_ if isinstance(op, ast.And) else operator.or_, inner)
        case ast.IfExp():
            found = pl.when(inner[0]).then(inner[1]).otherwise(inner[2])
        case ast.Compare(ops=ops) if all(type(op) in _COMPARISONS for op in ops):
            pairs = zip(ops, inner, inner[1:], strict=False)
            found = reduce(operator.and_, [_COMPARISONS[type(op)](a, b) for op, a, b in pairs])
    return found


def _operands(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.BoolOp(values=values):
            return values
        case ast.IfExp(test=test, body=body, orelse=other):
            return [test, body, other]
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
    return []


def _plain(name: str) -> str:
    # Polars reads "^…$" as an expression over column names, and "*" as all of them.
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        raise ValueError(f"a column cannot be named '{name}' in an expression")
    return name


def _call(name: str, node: ast.Call, depth: int) -> pl.Expr:
    if node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
        raise ValueError(f"{name} takes its values one by one, without names")
    if name == "col":
        return pl.col(_plain(_constant(name, node.args[0] if len(node.args) == 1 else None, str)))
    if name not in _FUNCTIONS:
        raise ValueError(f"there is no function '{name}'; there are {', '.join(FUNCTIONS)}")
    function, plain = _FUNCTIONS[name]
    given: list[Any] = [
        _constant(name, one, plain[place]) if place in plain else _expression(one, depth + 1)
        for place, one in enumerate(node.args)
    ]
    try:
        return function(*given)
    except TypeError:
        said = (function.__doc__ or f"`{name}(a)`").split(":")[0]
        raise ValueError(f"{name} is written {said}") from None


def _constant(name: str, node: ast.expr | None, kind: type) -> Any:
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    value = node.value if isinstance(node, ast.Constant) else None
    if kind is str and isinstance(value, str):
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return sign * value
    raise ValueError(f"{name} needs a {'text in quotes' if kind is str else 'number'} there")


def outcome(written: str, schema: pl.Schema) -> pl.DataType:
    """The type of what an expression gives for columns of these types.

    Raises:
        ValueError: It does not go with them.
    """
    try:
        kind = pl.DataFrame(schema=schema).select(parse(written).alias("it")).schema["it"]
    except pl.exceptions.ColumnNotFoundError:
        absent = sorted(set(columns(written)) - set(schema))
        raise ValueError(f"there is no column {', '.join(map(repr, absent))}") from None
    except (pl.exceptions.PolarsError, TypeError):
        kinds = ", ".join(f"{name} is {schema[name]!s}" for name in columns(written))
        raise ValueError(f"it does not go with the types of its columns ({kinds})") from None
    return pl.String() if kind == pl.Null else kind
