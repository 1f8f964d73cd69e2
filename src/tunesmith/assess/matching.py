"""Which found spans stand for which labelled ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tunesmith.clean.pii.spans import Span


def pairs(gold: Sequence[Span], found: Sequence[Span]) -> dict[int, int]:
    """Pair labelled with found spans that share a character, each with one at most.

    As many pairs as there can be (a maximum matching by augmenting paths: Kuhn 1955), begun from
    the spans that agree exactly; a span that agrees exactly is always in a pair.

    Args:
        gold: Labelled spans of one kind in one text, none twice.
        found: Found spans of the same kind in the same text, none twice.

    Returns:
        Place in `gold` to place in `found`.
    """
    edges = _edges(gold, found)
    place = {(span.start, span.end): number for number, span in enumerate(found)}
    partner: dict[int, int] = {}
    for number, span in enumerate(gold):
        same = place.pop((span.start, span.end), None)
        if same is not None:
            partner[number] = same
    owner = {there: here for here, there in partner.items()}
    for number in range(len(gold)):
        if number not in partner:
            _augment(number, edges, partner, owner)
    return partner


def _edges(gold: Sequence[Span], found: Sequence[Span]) -> list[list[int]]:
    order = sorted(range(len(found)), key=lambda number: found[number].start)
    starts = [found[number].start for number in order]
    longest = max((span.end - span.start for span in found), default=0)
    return [
        [
            order[at]
            for at in range(
                bisect_left(starts, span.start - longest), bisect_left(starts, span.end)
            )
            if found[order[at]].end > span.start
        ]
        for span in gold
    ]


def _augment(
    start: int, edges: list[list[int]], partner: dict[int, int], owner: dict[int, int]
) -> None:
    """Give `start` a partner if others can move over to make room."""
    reached: dict[int, int] = {}
    queue = [start]
    for here in queue:
        for there in edges[here]:
            if there in reached:
                continue
            reached[there] = here
            if there in owner:
                queue.append(owner[there])
                continue
            free: int | None = there
            while free is not None:
                mover = reached[free]
                left = partner.get(mover)
                partner[mover], owner[free] = free, mover
                free = left
            return
