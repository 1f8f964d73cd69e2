"""From a judge's votes to the outcome of a pair: both orders must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tunesmith.evaluate.judge.prompt import Word

Winner = Literal["a", "b", "tie"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a judge thinks of one pair."""

    winner: Winner | None
    """None: too few of its votes could be read in one of the orders."""
    flipped: bool = False
    """It took one side in one order and the other side in the other: a tie."""
    identical: bool = False
    """Both answers are the same text: a tie, without asking."""
    unread: int = 0
    """Votes that could not be read."""
    first: int = 0
    """Orders in which it preferred the answer shown first."""
    decided: int = 0
    """Orders in which it preferred one of the two."""


def majority(votes: Sequence[Word | None]) -> Word | None:
    """The verdict of one order: the word of most votes, `tie` where two have as many.

    Returns:
        None where not more than half of the votes could be read.
    """
    read = Counter(vote for vote in votes if vote is not None)
    if 2 * read.total() <= len(votes):
        return None
    (word, most), *others = read.most_common()
    return "tie" if others and others[0][1] == most else word


def outcome(straight: Sequence[Word | None], swapped: Sequence[Word | None]) -> Outcome:
    """Put both orders together (the conservative rule of Zheng et al. 2023, section 3.4).

    Args:
        straight: The votes where `a` is answer 1.
        swapped: The votes where `b` is answer 1.
    """
    words = majority(straight), majority(swapped)
    sides: tuple[Winner, Winner] = (_side(words[0], "a", "b"), _side(words[1], "b", "a"))
    winner: Winner | None = sides[0] if sides[0] == sides[1] else "tie"
    return Outcome(
        winner=None if None in words else winner,
        flipped=None not in words and set(sides) == {"a", "b"},
        unread=sum(vote is None for vote in (*straight, *swapped)),
        first=sum(word == "1" for word in words),
        decided=sum(word in {"1", "2"} for word in words),
    )


def _side(word: Word | None, first: Winner, second: Winner) -> Winner:
    return first if word == "1" else second if word == "2" else "tie"
