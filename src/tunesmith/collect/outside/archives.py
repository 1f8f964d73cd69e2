"""Files within .zip and .tar archives, in bounded memory; nothing is ever written to disk.

Names that lead out of the archive, links, encrypted files and bombs end as what they are: a member
with a problem and without bytes.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tunesmith.collect.outside import streams
from tunesmith.collect.sandbox import Unreadable

#: An archive has at most so many files, and so many bytes unpacked.
MAX_MEMBERS, MAX_TOTAL = 50_000, 512 << 20


@dataclass(frozen=True)
class Member:
    """A file of an archive; without bytes there is a problem."""

    name: str
    raw: bytes | None = None
    problem: str = ""


def is_archive(path: Path) -> bool:
    """Whether a file is named as an archive is."""
    name = path.name.lower()
    return name.endswith((".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"))


def members(path: Path, max_bytes: int) -> Iterator[Member]:
    """The files of an archive, by their order in it.

    Args:
        path: A zip or a tar, compressed or not.
        max_bytes: The limit of one file.

    Raises:
        Unreadable: It is no archive, or a bomb; files before that were given already.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"PK":
        yield from _zip(path, max_bytes)
        return
    parts, total = [], 0
    for block in streams.blocks(path):
        total += len(block)
        if total > MAX_TOTAL:
            raise Unreadable(f"the archive has more than {MAX_TOTAL:,} bytes unpacked")
        parts.append(block)
    yield from tar_members(b"".join(parts), max_bytes)


def tar_members(raw: bytes, max_bytes: int) -> Iterator[Member]:
    """The files of a tar.

    Raises:
        Unreadable: It is no tar, or torn.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
            for number, info in enumerate(archive):
                if number >= MAX_MEMBERS:
                    raise Unreadable(f"the archive has more than {MAX_MEMBERS:,} files")
                if not info.isdir():
                    yield _tar_member(archive, info, max_bytes)
    except (tarfile.TarError, EOFError, ValueError, OverflowError, OSError):
        raise Unreadable("the archive is torn or is none") from None


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo, max_bytes: int) -> Member:
    problem = _wrong_name(info.name)
    if problem is not None:
        return Member("", problem=problem)
    if not info.isreg() or info.issparse():
        return Member(info.name, problem="a link or a device")
    if info.size > max_bytes:
        return Member(info.name, problem=f"the file has {info.size:,} bytes, more than the limit")
    handle = archive.extractfile(info)
    raw = b"" if handle is None else handle.read(max_bytes + 1)
    return Member(info.name, raw)


def _zip(path: Path, max_bytes: int) -> Iterator[Member]:
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS:
                raise Unreadable(f"the archive has more than {MAX_MEMBERS:,} files")
            for info in infos:
                if info.is_dir():
                    continue
                member = _zip_member(archive, info, max_bytes)
                total += len(member.raw or b"")
                if total > MAX_TOTAL:
                    raise Unreadable(f"the archive has more than {MAX_TOTAL:,} bytes unpacked")
                yield member
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError):
        raise Unreadable("the archive is torn or is none") from None


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, max_bytes: int) -> Member:
    problem = _wrong_name(info.filename)
    if problem is not None:
        return Member("", problem=problem)
    if info.external_attr >> 28 == 0xA:
        return Member(info.filename, problem="a link or a device")
    if info.flag_bits & 1:
        return Member(info.filename, problem="the file is encrypted")
    try:
        with archive.open(info) as handle:
            raw = handle.read(max_bytes + 1)
    except (
        zipfile.BadZipFile,
        EOFError,
        zlib.error,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        return Member(info.filename, problem="the file in the archive is damaged")
    if len(raw) > max_bytes:
        return Member(info.filename, problem=f"the file has more than {max_bytes:,} bytes")
    return Member(info.filename, raw)


def _wrong_name(name: str) -> str | None:
    """Why a name may not be used; nothing is written, but records would carry it."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        return "its name leads out of the archive"
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in name):
        return "its name holds letters that no name has"
    return None
