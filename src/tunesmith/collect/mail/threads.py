"""Which mails belong together, across files: by identifiers, and where these lack by subject.

As Jamie Zawinski's algorithm (*message threading*, 1997; RFC 5256, REFERENCES) has it, mails hang
together by `Message-ID`, `In-Reply-To` and `References`, also by an identifier that only others
name. It puts threads of one subject together too, whoever wrote them whenever. Here a mail goes to
an earlier one of its subject only when it says itself that it is a reply (`Re:`), names no
identifier, was written within a time window, and shares a participant.

What comes out does not depend on the order of files or mails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.collect.mail.index import NEVER, Index

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Threads:
    """The mails of all files as threads, in the order in which the threads began."""

    files: I64
    """Of each mail, the number of its file."""
    numbers: I64
    """Of each mail, its number in its file, from 1."""
    mails: NDArray[Any]
    """Of each mail, its row of `index.MAIL`."""
    starts: I64
    """Where each thread begins; the last number is that of the mails."""
    names: NDArray[np.uint64]
    """A number for each thread, from its first mail."""


def threads_of(indexes: list[Index], window_s: float) -> Threads:
    """The threads of all files.

    Args:
        indexes: Of each file.
        window_s: So many seconds may lie between two mails that only their subject ties together.
    """
    mails = np.concatenate([index.mails for index in indexes])
    links = np.concatenate([index.links for index in indexes])
    people = np.concatenate([index.people for index in indexes])
    counts = [len(index.mails) for index in indexes]
    files = np.repeat(np.arange(len(indexes)), counts)
    numbers = np.concatenate([np.arange(1, count + 1) for count in counts])
    labels = _together(mails, links, people, window_s)
    last, first = np.iinfo(np.int64).max, mails["digest"][:, 0]
    written = np.where(mails["time"] == NEVER, last, mails["time"])
    times = np.full(len(mails), last)
    np.minimum.at(times, labels, written)
    names = np.full(len(mails), np.iinfo(np.uint64).max, np.uint64)
    opening = written == times[labels]
    np.minimum.at(names, labels[opening], first[opening])
    order = np.lexsort((numbers, files, labels, names[labels], times[labels]))
    ordered = labels[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return Threads(
        files=files[order],
        numbers=numbers[order],
        mails=mails[order],
        starts=np.append(starts, len(mails)),
        names=names[ordered[starts]],
    )


def _together(
    mails: NDArray[Any], links: NDArray[np.uint64], people: NDArray[np.uint64], window_s: float
) -> I64:
    """For each mail the smallest number of a mail in its thread."""
    count = len(mails)
    place = np.arange(count)
    _, names = np.unique(np.concatenate([mails["id"], links]), return_inverse=True)
    names = names.ravel() + count
    left = [place, np.repeat(place, mails["links"])]
    right = [names[:count], names[count:]]
    earlier, later = _by_subject(mails, people, window_s)
    return _components(
        int(names.max(initial=count - 1)) + 1,
        np.concatenate([*left, earlier]),
        np.concatenate([*right, later]),
    )[:count]


def _by_subject(
    mails: NDArray[Any], people: NDArray[np.uint64], window_s: float
) -> tuple[I64, I64]:
    """Pairs of mails that their subject ties together, the earlier one first."""
    owner = np.repeat(np.arange(len(mails)), mails["people"])
    named = (mails["subject"][owner] != 0) & (mails["time"][owner] != NEVER)
    owner, people = owner[named], people[named]
    subject, time = mails["subject"][owner], mails["time"][owner]
    order = np.lexsort((mails["digest"][owner, 0], time, people, subject))
    owner, people, subject, time = owner[order], people[order], subject[order], time[order]
    tied = (subject[1:] == subject[:-1]) & (people[1:] == people[:-1])
    tied &= time[1:] - time[:-1] <= window_s
    later = owner[1:]
    tied &= (mails["reply"][later] != 0) & (mails["links"][later] == 0)
    return owner[:-1][tied], later[tied]


def _components(count: int, left: I64, right: I64) -> I64:
    """The smallest node that each node of a graph hangs together with.

    Every round hooks the roots of an edge's ends to the smaller one and halves all paths, so that
    the rounds grow as the logarithm of the longest path (Shiloach, Vishkin, *An O(log n) parallel
    connectivity algorithm*, 1982).
    """
    labels = np.arange(count)
    while len(left):
        ends = labels[left], labels[right]
        smaller, larger = np.minimum(*ends), np.maximum(*ends)
        apart = smaller != larger
        if not apart.any():
            break
        left, right = left[apart], right[apart]
        np.minimum.at(labels, larger[apart], smaller[apart])
        while True:
            shorter = labels[labels]
            if np.array_equal(shorter, labels):
                break
            labels = shorter
    return labels
