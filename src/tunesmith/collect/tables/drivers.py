"""Reading a database: rows as texts, streamed in a transaction that only reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import polars as pl

from tunesmith.collect.mapping import as_text
from tunesmith.collect.tables.address import problem_of
from tunesmith.collect.tables.reading import texts_of
from tunesmith.collect.tables.statement import Asked
from tunesmith.errors import MissingExtraError, SourceError

Driver = Literal["auto", "sqlalchemy", "adbc"]

#: Databases that ADBC is used for where nothing else is said: see docs/sources/tables.md for the
#: rates. Its SQLite driver guesses a column's type from the first rows and fails where it changes.
_BY_ADBC = {"postgresql"}

#: Statements that make a transaction read only, by the name of the database.
_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


class Batch(NamedTuple):
    """Rows of a database: all columns as text, and the greatest value of `since` among them."""

    frame: pl.DataFrame
    latest: Any


class Reader:
    """Reads a database.

    Args:
        url: As SQLAlchemy has it, with secrets.
        driver: Which drivers are used.
        timeout_s: How long the server may work on a statement, and how long a lock is waited for.
        rows: How many rows are held at once.

    Raises:
        MissingExtraError: A driver is not installed.
    """

    def __init__(self, url: Any, *, driver: Driver, timeout_s: float, rows: int) -> None:
        self.url, self.timeout_s, self.rows = url, timeout_s, rows
        self.name = url.get_backend_name()
        self.adbc = _uses_adbc(self.name, driver)
        if not self.adbc:
            _check_driver(url)

    def columns(self, asked: Asked) -> list[str]:
        """The columns that the statement gives.

        Raises:
            SourceError: The database says no.
        """
        with self._connected() as connection:
            result = connection.execute(asked.statement(self.url, empty=True))
            return list(result.keys())

    def batches(self, asked: Asked, after: Any = None) -> Iterator[Batch]:
        """All rows, or those from a value of `since` on.

        Raises:
            SourceError: The database says no.
        """
        found = self._by_adbc(asked, after) if self.adbc else self._by_sqlalchemy(asked, after)
        first = True
        for batch in found:
            if first:
                _check_names(batch.frame.columns)
                first = False
            yield batch

    # ── SQLAlchemy ───────────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        from sqlalchemy import create_engine, text
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            engine = create_engine(
                _read_only_url(self.url),
                poolclass=NullPool,
                hide_parameters=True,
                connect_args=self._arguments(),
            )
            with engine.connect() as connection:
                if self.name in _READ_ONLY:
                    connection.execute(text(_READ_ONLY[self.name]))
                if self.name == "postgresql":
                    limit = f"SET LOCAL statement_timeout = {int(self.timeout_s * 1000)}"
                    connection.execute(text(limit))
                yield connection
                connection.rollback()
        except SourceError:
            raise
        except (SQLAlchemyError, OSError) as error:
            raise problem_of(error) from None
        except Exception as error:
            if type(error).__module__.partition(".")[0] in {"pg8000", "sqlite3"}:
                raise problem_of(error) from None
            raise

    def _arguments(self) -> dict[str, Any]:
        if self.name == "sqlite":
            return {"timeout": min(self.timeout_s, 30.0)}
        if self.url.drivername == "postgresql+pg8000":
            return {"timeout": self.timeout_s}
        return {}

    def _by_sqlalchemy(self, asked: Asked, after: Any) -> Iterator[Batch]:
        with self._connected() as connection:
            streamed = connection.execution_options(stream_results=True, yield_per=self.rows)
            result = streamed.execute(asked.statement(self.url, after))
            names = list(result.keys())
            at = names.index(asked.since) if asked.since in names else None
            for rows in result.partitions(self.rows):
                columns = list(zip(*rows, strict=True))
                latest = None if at is None else _latest(columns[at])
                series = [
                    python_texts(name, values) for name, values in zip(names, columns, strict=True)
                ]
                _check_names(names)
                yield Batch(pl.DataFrame(series), latest)

    # ── ADBC ─────────────────────────────────────────────────────────────────────────────────────

    def _by_adbc(self, asked: Asked, after: Any) -> Iterator[Batch]:
        from adbc_driver_manager import Error
        from pyarrow import ArrowException

        plain = self.url.set(drivername="postgresql") if self.name == "postgresql" else self.url
        sql = str(
            asked.statement(self.url, after).compile(
                dialect=self.url.get_dialect()(paramstyle="named"),
                compile_kwargs={"literal_binds": True},
            )
        )
        try:
            with _adbc(self.name, plain) as connection, connection.cursor() as cursor:
                if self.name == "postgresql":
                    cursor.execute("SET TRANSACTION READ ONLY")
                    limit = int(self.timeout_s * 1000)
                    cursor.execute(f"SET LOCAL statement_timeout = {limit}")
                cursor.execute(sql)
                for batch in cursor.fetch_record_batch():
                    names = batch.schema.names
                    _check_names(names)
                    frame = pl.DataFrame(
                        [
                            texts_of(name, _stored(column))
                            for name, column in zip(names, batch.columns, strict=True)
                        ]
                    )
                    latest = None
                    if asked.since in names:
                        latest = pl.Series(pl.from_arrow(batch.column(asked.since))).max()
                    for start in range(0, frame.height, self.rows):
                        yield Batch(frame[start : start + self.rows], latest)
        except (Error, ArrowException, OSError) as error:  # Arrow's while rows are fetched
            raise problem_of(error) from None


def _adbc(name: str, url: Any) -> Any:
    if name == "postgresql":
        import adbc_driver_postgresql.dbapi as postgresql

        return postgresql.connect(url.render_as_string(hide_password=False))
    import adbc_driver_sqlite.dbapi as sqlite

    return sqlite.connect(f"file:{url.database}?mode=ro")


def _stored(column: Any) -> Any:
    """An Arrow column of a database's own type as what it is stored as."""
    import pyarrow as pa

    if not isinstance(column, pa.ExtensionArray):
        return column
    if column.type.extension_name == "arrow.uuid":
        return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
    return column.storage


def _uses_adbc(name: str, driver: Driver) -> bool:
    package = f"adbc_driver_{name}"
    if driver == "adbc":
        if name not in {"postgresql", "sqlite"}:
            raise SourceError(
                f"there is no ADBC driver for {name} here",
                where="driver",
                todo="leave driver at auto, or use sqlalchemy",
            )
        if find_spec(package) is None:
            raise MissingExtraError(package.replace("_", "-"), "tables")
        return True
    return driver == "auto" and name in _BY_ADBC and find_spec(package) is not None


def _check_driver(url: Any) -> None:
    from sqlalchemy.exc import NoSuchModuleError

    try:
        url.get_dialect().import_dbapi()
    except NoSuchModuleError:
        raise SourceError(
            f"SQLAlchemy knows no database '{url.drivername}'",
            where="url",
            todo="install the package of its dialect, or mend the name",
        ) from None
    except ImportError as error:
        if error.name == "pg8000":
            raise MissingExtraError("pg8000", "tables") from None
        raise SourceError(
            f"the driver '{error.name}' of '{url.drivername}' is not installed",
            where="url",
            todo=f"install it with: pip install {error.name}",
        ) from None


def _read_only_url(url: Any) -> Any:
    if url.get_backend_name() != "sqlite":
        return url
    from urllib.parse import quote

    return url.set(database=f"file:{quote(url.database)}", query={"mode": "ro", "uri": "true"})


def _check_names(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise SourceError(
            f"the query gives {', '.join(map(repr, twice))} more than once",
            where="query",
            todo="name each column once: SELECT a.id AS ticket_id, …",
        )


def _latest(values: Sequence[Any]) -> Any:
    given = [value for value in values if value is not None]
    return max(given) if given else None


def python_texts(name: str, values: Sequence[Any]) -> pl.Series:
    """Python's values as `texts_of` has Arrow's."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pl.Series(name, values, pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, pl.Boolean).cast(pl.String)
    if kinds == {float}:
        return pl.Series(name, values, pl.Float64).cast(pl.String)
    return pl.Series(name, [None if v is None else _text(v) for v in values], pl.String)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview | bytearray):
        return bytes(value).hex()
    return as_text(value)
