"""Threads put together to pieces, so that new mail changes only the pieces it falls into."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunesmith.collect.base import Piece, Stretch
from tunesmith.collect.mail.threads import Threads

#: Mails in a piece, on the average and at most; one thread is never cut.
USUAL_MAILS, MOST_MAILS = 1_024, 4_096


def pieces_of(threads: Threads, files: Sequence[tuple[Path, str]]) -> list[Piece]:
    """The threads, in order, as pieces.

    Where a piece ends is drawn from the thread's first mail, with the probability
    `mails / USUAL_MAILS`: a thread that is new or has grown changes its own piece, and no cut after
    it (content-defined chunking, as in `store.parts.gathered`).

    Args:
        threads: All threads.
        files: Path and name of each file, by number.
    """
    sizes = np.diff(threads.starts)
    draws = _drawn(threads.names)
    pieces: list[Piece] = []
    first, total = 0, 0
    for thread, (size, draw) in enumerate(zip(sizes.tolist(), draws.tolist(), strict=True)):
        if total and total + size > MOST_MAILS:
            pieces.append(_piece(threads, first, thread, files))
            first, total = thread, 0
        total += size
        if draw < size / USUAL_MAILS:
            pieces.append(_piece(threads, first, thread + 1, files))
            first, total = thread + 1, 0
    if total:
        pieces.append(_piece(threads, first, len(sizes), files))
    return pieces


def _drawn(names: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A number from 0 to 1 that a name always draws: the names are hashes already."""
    return (names >> np.uint64(11)).astype(np.float64) / 2**53


def _piece(threads: Threads, first: int, end: int, files: Sequence[tuple[Path, str]]) -> Piece:
    begin, stop = int(threads.starts[first]), int(threads.starts[end])
    mails = threads.mails[begin:stop]
    sizes = np.diff(threads.starts[first : end + 1])
    groups = np.repeat(np.arange(end - first), sizes)
    digest = hashlib.sha256(np.ascontiguousarray(mails["digest"]).tobytes())
    columns = (
        threads.files[begin:stop], mails["start"], mails["end"], threads.numbers[begin:stop],
        groups,
    )  # fmt: skip
    stretches = []
    for file, start, stop_, number, group in zip(*(c.tolist() for c in columns), strict=True):
        path, name = files[file]
        stretches.append(Stretch(path, name, start, stop_, number=number, group=group))
    digest.update("\0".join(f"{s.number} {s.group} {s.name}" for s in stretches).encode())
    return Piece(tuple(stretches), digest.hexdigest())
