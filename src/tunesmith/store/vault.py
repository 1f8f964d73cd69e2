"""The vault: what pseudonyms and fakes stand for, encrypted with the user's secret.

A part of a stage has one file. Its first line says the format, the key's fingerprint and how many
bytes follow; these are the entries as JSON, encrypted by AES-SIV (RFC 5297) with a key that HKDF
(RFC 5869) makes of the secret, the first line authenticated with them. AES-SIV needs no random
number, so a part that is written again has the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import polars as pl

from tunesmith.errors import MissingExtraError, TunesmithError
from tunesmith.io import atomic_write
from tunesmith.store.secret import key_fingerprint

SUFFIX = "vault"
_FORMAT = "tunesmith-vault-1"
_INFO = b"tunesmith vault, format 1"


def require() -> None:
    """See that the vault can be written.

    Raises:
        MissingExtraError: The package for encryption is not installed.
    """
    try:
        import cryptography.hazmat.primitives.ciphers.aead
    except ImportError:
        raise MissingExtraError("cryptography", "vault") from None
    del cryptography


def write(path: Path, entries: pl.DataFrame, key: bytes) -> None:
    """Write entries, readable by their owner alone, atomically.

    Args:
        path: The file.
        entries: Columns shown, kind, original, in order.
        key: The secret.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    plain = orjson.dumps(list(entries.select("shown", "kind", "original").iter_rows()))
    size = len(plain) + 16  # the synthetic initialisation vector comes first
    header = f"{_FORMAT} {key_fingerprint(key)} {size}\n".encode()
    sealed = AESSIV(_derived(key)).encrypt(plain, [header])
    with atomic_write(path, private=True) as file:
        file.write(header + sealed)


def read(folder: Path, key: bytes) -> Iterator[tuple[str, str, str]]:
    """The entries `(shown, kind, original)` of every file of a vault.

    Args:
        folder: The vault.
        key: The secret.

    Raises:
        TunesmithError: There is no vault; it was written with another secret; a file is cut or
            was changed.
        MissingExtraError: The package for encryption is not installed.
    """
    paths = sorted(folder.glob(f"*.{SUFFIX}"))
    if not paths:
        raise TunesmithError(
            "there is no vault here",
            where=str(folder),
            todo="set clean.personal_data.vault to true and prepare the data again",
        )
    require()
    for path in paths:
        yield from orjson.loads(_opened(path, key))


def _opened(path: Path, key: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    line, newline, sealed = path.read_bytes().partition(b"\n")
    header = line.decode("ascii", "replace").split()
    if not newline or len(header) != 3 or header[0] != _FORMAT or not header[2].isdigit():
        raise _damaged(path, "this is no vault, or its beginning is lost")
    if header[1] != key_fingerprint(key):
        raise TunesmithError(
            "the vault was written with another secret",
            where=str(path),
            todo="set TUNESMITH_SECRET to the secret of the run that made it",
        )
    if len(sealed) != int(header[2]):
        raise _damaged(path, f"the file is cut: {len(sealed)} of {header[2]} bytes are there")
    try:
        plain: bytes = AESSIV(_derived(key)).decrypt(sealed, [line + newline])
    except InvalidTag:
        raise _damaged(path, "the file was changed after it was written") from None
    return plain


def _damaged(path: Path, what: str) -> TunesmithError:
    return TunesmithError(what, where=str(path), todo="prepare the data again to write it anew")


def _derived(key: bytes) -> bytes:
    """A key for AES-256-SIV (two halves of 32 bytes)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived: bytes = HKDF(algorithm=SHA256(), length=64, salt=None, info=_INFO).derive(key)
    return derived


def publish(parts: list[Path], folder: Path) -> None:
    """Make a folder hold the vault's files and no others; with none, remove it.

    Args:
        parts: The files of a stage's parts, in order.
        folder: The vault beside the dataset.
    """
    if not parts:
        if folder.exists():
            shutil.rmtree(folder)
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    names = [f"part-{number:05d}.{SUFFIX}" for number in range(len(parts))]
    for part, name in zip(parts, names, strict=True):
        with atomic_write(folder / name, private=True) as file:
            file.write(part.read_bytes())
    for path in folder.glob(f"*.{SUFFIX}"):
        if path.name not in names:
            path.unlink()
