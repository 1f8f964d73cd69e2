"""The index of a file's mails: where each lies, and hashes of what ties it to others.

It keeps some 150 bytes a mail in arrays. A file that nobody has written since the last run is not
read again; of one that has grown, only the new mails' headers are looked at.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from tunesmith.collect.mail.boundaries import Bounds
from tunesmith.collect.mail.headers import Envelope, base_subject
from tunesmith.io import write_bytes

#: Written with every index: another one is not read.
FORMAT = 1

U64 = NDArray[np.uint64]

#: A mail: hashes are 64 bits of BLAKE2b, 0 for nothing; `time` is in seconds since 1970.
MAIL = np.dtype(
    [
        ("start", "<u8"), ("end", "<u8"), ("digest", "<u8", (2,)), ("id", "<u8"),
        ("time", "<i8"), ("subject", "<u8"), ("reply", "<u1"), ("links", "<u2"), ("people", "<u2"),
    ]
)  # fmt: skip

#: The time of a mail that has none.
NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Index:
    """The mails of a file, in order."""

    mails: NDArray[Any]
    """Of `MAIL`, one a mail."""
    links: U64
    """Hashes of the identifiers that each names, one mail after the other."""
    people: U64
    """Hashes of who took part, those who answer left out."""

    @property
    def arrays(self) -> tuple[NDArray[Any], U64, U64]:
        """All of it."""
        return self.mails, self.links, self.people


def text_hash(text: str) -> int:
    """64 bits that are never 0."""
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little") or 1


def indexed(
    bounds: Iterable[Bounds],
    envelope_of: Callable[[Bounds], Envelope | None],
    answering: Callable[[str], bool],
    before: Index | None,
) -> Index:
    """The index of a file.

    Args:
        bounds: Its mails.
        envelope_of: What the headers of one say; null where they are none.
        answering: Whether an address is one of those who answer. They take part in every
            conversation, so that they do not tie mails together.
        before: The index of the same file at the last run.
    """
    mails, links, people = bytearray(), bytearray(), bytearray()
    known = _Known(before)
    for number, one in enumerate(bounds):
        row = known.at(number, one)
        if row is None:
            row = _row(one, envelope_of(one), answering)
        mails += row[0]
        links += row[1]
        people += row[2]
    return Index(
        np.frombuffer(mails, MAIL), np.frombuffer(links, "<u8"), np.frombuffer(people, "<u8")
    )


_Row = tuple[bytes, bytes, bytes]


def _row(one: Bounds, about: Envelope | None, answering: Callable[[str], bool]) -> _Row:
    about = about or Envelope()
    subject, reply = base_subject(about.subject or "")
    links = [text_hash(name) for name in about.answers]
    people = [text_hash(person) for person in about.people if not answering(person)]
    mail = np.zeros(1, MAIL)
    mail[0] = (
        one.start, one.end, np.frombuffer(one.digest, "<u8"), text_hash(own_id(about, one.digest)),
        NEVER if about.at is None else int(about.at.timestamp()),
        text_hash(subject) if subject else 0, reply, len(links), len(people),
    )  # fmt: skip
    return mail.tobytes(), _packed(links), _packed(people)


def own_id(about: Envelope, digest: bytes) -> str:
    """A mail's identifier; of one without, its bytes'."""
    return about.id or f"\x1f{digest.hex()}"


def _packed(numbers: list[int]) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


class _Known:
    """The rows of the last index, as long as the file goes on as it did."""

    def __init__(self, before: Index | None) -> None:
        self._before = before
        if before is not None:
            self._links = _ends(before.mails["links"])
            self._people = _ends(before.mails["people"])
            self._digests = before.mails["digest"].tobytes()

    def at(self, number: int, one: Bounds) -> _Row | None:
        before = self._before
        if before is None or number >= len(before.mails):
            return None
        if self._digests[16 * number : 16 * number + 16] != one.digest:
            return None
        mail = before.mails[number : number + 1].copy()
        mail["start"], mail["end"] = one.start, one.end
        links = before.links[self._links[number] : self._links[number + 1]]
        people = before.people[self._people[number] : self._people[number + 1]]
        return mail.tobytes(), links.tobytes(), people.tobytes()


def _ends(counts: NDArray[Any]) -> list[int]:
    return [0, *itertools.accumulate(counts.tolist())]


# ── Kept between runs ────────────────────────────────────────────────────────────────────────────


class Kept:
    """The indexes of a source's files, in one file of the run cache.

    Args:
        path: Where.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = dict(_read(path))
        self._by_name = dict(self._before.values())
        self._now: dict[str, tuple[str, Index]] = {}

    def under(self, token: str) -> Index | None:
        """The index of the bytes that a token stands for."""
        found = self._now.get(token) or self._before.get(token)
        return None if found is None else found[1]

    def of_file(self, name: str) -> Index | None:
        """The index of a file as it was at the last run."""
        return self._by_name.get(name)

    def keep(self, token: str, name: str, index: Index) -> None:
        """Keep it for the next run."""
        self._now[token] = (name, index)

    def close(self) -> None:
        """Write what was kept."""
        if self._now.keys() == self._before.keys() and self._path.exists():
            return
        head = [
            [token, name, *(len(array) for array in index.arrays)]
            for token, (name, index) in self._now.items()
        ]
        data = orjson.dumps({"format": FORMAT, "files": head})
        arrays = [array.tobytes() for _, index in self._now.values() for array in index.arrays]
        body = len(data).to_bytes(8, "little") + data + b"".join(arrays)
        write_bytes(self._path, _check(body) + body)


def _read(path: Path) -> Iterator[tuple[str, tuple[str, Index]]]:
    """What `Kept.close` has written; nothing where it is not there, damaged or of another form."""
    if not path.exists():
        return
    raw = path.read_bytes()
    if _check(memoryview(raw)[16:]) != raw[:16]:
        return
    place = 24 + int.from_bytes(raw[16:24], "little")
    head = orjson.loads(raw[24:place])
    if head["format"] != FORMAT:
        return
    for token, name, *counts in head["files"]:
        arrays = []
        for count, kind in zip(counts, (MAIL, np.dtype("<u8"), np.dtype("<u8")), strict=True):
            arrays.append(np.frombuffer(raw, kind, count, place))
            place += count * kind.itemsize
        yield token, (name, Index(*arrays))


def _check(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
