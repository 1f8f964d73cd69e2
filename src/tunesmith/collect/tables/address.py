"""Where a database is: a URL whose secrets stand in the environment, and errors without them."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tunesmith.errors import MissingExtraError, SourceError

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
#: `user:password@` of a URL; the password may have every letter but "/".
_PASSWORD = re.compile(r"^[^/]*//[^/]*?:([^/]*)@")
_SECRET = re.compile(r"(?i)[?&;](?:password|passwd|pwd|passfile|sslpassword|token)=([^&;]*)")

#: Packages of drivers by the name before `://`; others are looked up by SQLAlchemy.
_PACKAGES = {"postgresql+pg8000": "pg8000", "postgresql": "pg8000"}


def written_password(url: str) -> bool:
    """Whether a password stands in the URL itself and not in the environment."""
    found = [match[1] for match in (_PASSWORD.match(url), _SECRET.search(url)) if match]
    return any(_NAME.sub("", one) for one in found)


def absent_names(url: str) -> list[str]:
    """Names of the environment that the URL needs and that are not there."""
    return [name for name in _NAME.findall(url) if name not in os.environ]


def address(url: str, base: Path) -> Any:
    """The URL as SQLAlchemy has it, secrets put in.

    Args:
        url: As the recipe has it.
        base: Where the path of an SQLite file starts.

    Raises:
        SourceError: A name is not in the environment, the URL is none, or its file is not there.
        MissingExtraError: SQLAlchemy is not installed.
    """
    if find_spec("sqlalchemy") is None:
        raise MissingExtraError("sqlalchemy", "tables")
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if absent := absent_names(url):
        raise SourceError(
            f"the environment has no {', '.join(absent)}",
            where="url",
            todo=f"set it before the run, for example: export {absent[0]}=…",
        )
    try:
        # Before names become what they stand for: a password may have every letter in it.
        plain = make_url(_NAME.sub(lambda match: f"__env_{match[1]}__", url))
    except (ArgumentError, ValueError):
        raise SourceError(
            "this is not the URL of a database",
            where="url",
            todo="write it as in postgresql://user:${PASSWORD}@host/name or sqlite:///file.db",
        ) from None
    known: Any = {
        name: _filled(value)
        for name in ("username", "password", "host", "database")
        if isinstance(value := getattr(plain, name), str)
    }
    made = plain.set(**known)
    if made.drivername == "postgresql":
        made = made.set(drivername="postgresql+pg8000")
    return _sqlite(made, base) if made.get_backend_name() == "sqlite" else made


def _filled(text: str) -> str:
    return re.sub(r"__env_(\w+?)__", lambda match: os.environ[match[1]], text)


def _sqlite(url: Any, base: Path) -> Any:
    path = Path(url.database or "").expanduser()
    path = path if path.is_absolute() else base / path
    if not url.database or not path.is_file():
        raise SourceError(
            f"there is no SQLite file '{url.database or ''}'",
            where="url",
            todo="a path after sqlite:/// starts in the recipe's folder",
        )
    return url.set(database=str(path))


#: By SQLSTATE (PostgreSQL and others), or by words of SQLite: what is wrong, and what to do.
_KNOWN: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("28P01", "28000", "password authentication failed"),
     "the database refuses the user or the password",
     "check the user in url and the password in the environment"),
    (("3D000", "FATAL:  database"), "the server has no database of this name",
     "check the end of url"),
    (("42P01", "no such table", "3F000"), "a table that is asked for is not there",
     "check table or query, and the schema that it lies in"),
    (("42703", "no such column"), "a column that is asked for is not there",
     "check query, key and since"),
    (("42501", "not authorized", "permission"), "the user may not read this",
     "give the user the right to SELECT from it"),
    (("55P03", "40P01", "database is locked", "database table is locked"),
     "the database is locked by another program", "try again when it is done"),
    (("42601", "syntax error", "incomplete input"), "the query is not right",
     "try it in the database's own shell"),
    (("25006", "readonly", "query_only", "read-only transaction"),
     "the query would write, and sources are read only",
     "write a query that only selects"),
    (("57014", "statement timeout"), "the query took longer than timeout_s",
     "raise timeout_s, or select less"),
    (("not a database", "malformed"), "this is no whole SQLite file",
     "check url, or restore the file"),
    (("08001", "08006", "57P03", "refused", "unable to open", "Can't create a connection",
      "timed out", "could not connect", "getaddrinfo", "Name or service", "No such file"),
     "the database cannot be reached", "check host and port in url, and that it is running"),
)  # fmt: skip


def problem_of(error: BaseException) -> SourceError:
    """What an error of a driver means. Its own words may have secrets and values in them."""
    seen: list[str] = []
    inner: BaseException | None = error
    while inner is not None:
        state = getattr(inner, "sqlstate", None)
        seen += [str(state)] if state else []
        seen += [str(part) for part in getattr(inner, "args", ())]
        inner = getattr(inner, "orig", None) or inner.__cause__ or inner.__context__
    said = "\n".join(seen)
    for marks, what, todo in _KNOWN:
        if any(mark in said for mark in marks):
            return SourceError(what, todo=todo)
    kind = type(getattr(error, "orig", None) or error).__name__
    return SourceError(
        f"the database gave an error ({kind})", todo="try the query in the database's own shell"
    )
