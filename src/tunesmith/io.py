"""Reading and writing whole files: every write is atomic, JSON is sorted and readable."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from tunesmith.errors import DamagedFileError

JSON_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


@contextlib.contextmanager
def atomic_write(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Open a file that appears under `path` only when it is complete and on disk.

    The bytes go to a temporary file in the same folder, which is flushed, synced and renamed.
    A process killed at any moment leaves the old file or the new one, never a part.

    Args:
        path: The file.
        private: Whether only its owner may read it, at every moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o600 if private else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def sync_folder(folder: Path) -> None:
    """Make sure that a folder's files outlive a crash of the machine."""
    for file in folder.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_write(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, atomically."""
    write_bytes(path, text.encode())


def dump_json(value: Any) -> bytes:
    """Serialise `value` as indented JSON with sorted keys; NaN becomes null."""
    return orjson.dumps(value, option=JSON_OPTIONS | orjson.OPT_INDENT_2) + b"\n"


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, atomically."""
    write_bytes(path, dump_json(value))


def read_json(path: Path) -> Any:
    """Read one JSON document.

    Raises:
        DamagedFileError: It is not whole, or not JSON.
    """
    return _parsed(path.read_bytes(), path, str(path))


_MADE_BY = {
    "metrics.json": "tunesmith evaluate RECIPE",
    "performance.json": "tunesmith evaluate RECIPE",
    "forgetting.json": "tunesmith evaluate RECIPE",
    "slices.json": "tunesmith evaluate RECIPE",
    "judge.json": "tunesmith evaluate RECIPE",
    "predictions.jsonl": "tunesmith evaluate RECIPE",
    "audit.json": "tunesmith evaluate RECIPE --audit",
    "decision.json": "tunesmith decide RECIPE",
    "plan.json": "tunesmith decide RECIPE --plan",
    "training.json": "tunesmith tune RECIPE",
    "run.json": "tunesmith prepare RECIPE",
    "quality.json": "tunesmith prepare RECIPE",
    "evaluation.json": "tunesmith assess RUN",
    "human.json": "tunesmith human read RUN",
}


def _parsed(data: bytes, path: Path, where: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        again = _MADE_BY.get(path.name, "the command that wrote it")
        raise DamagedFileError(
            "this is not JSON: the file is damaged or cut off",
            where=where,
            todo=f"delete it and make it again: {again}",
        ) from error


def write_jsonl(path: Path, rows: Iterable[Any], *, private: bool = False) -> int:
    """Write one JSON object a line, atomically; returns the number of rows."""
    count = 0
    with atomic_write(path, private=private) as file:
        for row in rows:
            file.write(
                orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
            )
            count += 1
    return count


def read_jsonl(path: Path) -> list[Any]:
    """Read a JSONL file that tunesmith wrote.

    Raises:
        DamagedFileError: A line is not whole, or not JSON.
    """
    with path.open("rb") as file:
        return [_parsed(line, path, f"{path}, row {row}") for row, line in enumerate(file, 1)]


def fingerprint(value: Any) -> str:
    """The first 16 hex digits of the SHA-256 of `value` as canonical JSON."""
    data = orjson.dumps(value, option=JSON_OPTIONS)
    return hashlib.sha256(data).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
