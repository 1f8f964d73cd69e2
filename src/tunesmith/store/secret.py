"""The secret that keys pseudonyms: made once for each user, never written to a run folder.

The same person gets the same pseudonym in every run that uses the same secret, and without the
secret nobody can check a guess ("is customer-9f… jane@example.com?") against a dataset.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from tunesmith.errors import TunesmithError
from tunesmith.record import lettered


def secret_path() -> Path:
    """Where the secret lies unless `TUNESMITH_SECRET` holds it."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "tunesmith" / "secret.key"


def secret() -> bytes:
    """The secret, made on first use with 256 random bits.

    Raises:
        TunesmithError: `TUNESMITH_SECRET` is shorter than 16 characters.
    """
    given = os.environ.get("TUNESMITH_SECRET")
    if given is None:
        return _stored(secret_path())
    if len(given) < 16:
        raise TunesmithError(
            "the secret for pseudonyms is too short",
            where="TUNESMITH_SECRET",
            todo="give it at least 16 characters, or unset it to have one made",
        )
    return given.encode()


@lru_cache
def _stored(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mine = path.with_name(f".{path.name}.{os.getpid()}")
        mine.touch(mode=0o600)
        mine.write_text(secrets.token_hex(32))
        # A link, unlike a rename, fails when another process was first: its secret then stands.
        try:
            path.hardlink_to(mine)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_bytes()


def pseudonym(key: bytes, prefix: str, value: str) -> str:
    """A keyed pseudonym: `prefix-` and 48 bits of HMAC-SHA256, as 12 letters; case is folded."""
    folded = " ".join(value.casefold().split())
    digest = hmac.new(key, f"{prefix}\x1f{folded}".encode(), hashlib.sha256).hexdigest()
    return f"{prefix}-{lettered(digest[:12])}"


def key_fingerprint(key: bytes) -> str:
    """Tells two secrets apart without giving either away."""
    return hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:12]
