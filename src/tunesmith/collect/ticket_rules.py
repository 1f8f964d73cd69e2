"""What a table tells of tickets beside question and answer, and the rules of talk for its rows."""

from __future__ import annotations

from typing import Any, NamedTuple, cast, get_args

from tunesmith.collect.mapping import as_text
from tunesmith.collect.talk import Message, Role, Talk, TalkRules, judge

#: Columns that the rules look at.
RULED = ("status", "rating", "reopened", "internal", "role")

_YES = {"1", "true", "yes", "y", "internal", "private"}
_WORDS = {"good": 1.0, "bad": 0.0}


class TicketFacts(NamedTuple):
    """How the columns are read that say what became of a ticket."""

    solved: list[str]
    """What the status of solved tickets is, in any case."""
    rating_scale: tuple[float, float]
    """The worst and the best rating."""


def judged(
    values: dict[str, Any],
    mapped: dict[str, list[str]],
    row: dict[str, Any],
    facts: TicketFacts,
    rules: TalkRules,
) -> tuple[str | None, list[str]]:
    """Apply the rules to a record of a table.

    Args:
        values: The raw row, by column.
        mapped: Columns by the field they fill.
        row: The record made of it: its weight is set, and what is known is kept beside it.
        facts: How to read the columns.
        rules: The rules.

    Returns:
        The rule that drops it, or null, and notes.
    """
    known = {
        name: as_text(values[column]).strip()
        for name in RULED
        for column in mapped.get(name, ())
        if values.get(column) is not None
    }
    notes = []
    rating = _rating(known.get("rating"), facts.rating_scale)
    if known.get("rating") and rating is None:
        notes.append("rating unreadable")
    status = known.get("status") or None
    role = known.get("role", "").casefold()
    answer = Message(
        role=cast("Role", role) if role in get_args(Role) else "agent",
        text=row["answer"] or "",
        position="",
        internal=known.get("internal", "").casefold() in _YES,
    )
    talk = Talk(
        id="",
        messages=[answer],
        solved=None if status is None else status.casefold() in _folded(facts.solved),
        reopened=_count(known.get("reopened")),
        rating=rating,
    )
    told = [("status", status), ("rating", None if rating is None else f"{rating:g}")]
    if talk.reopened:
        told.append(("reopened", str(talk.reopened)))
    row["extra"] = [(name, value) for name, value in told if value] + list(row["extra"])
    if not answer.text.strip():  # what has no answer is told by a later step, as of any table
        return None, notes
    row["weight"], rules_held, reason = judge(talk, answer, rules)
    return reason, notes + rules_held


def _folded(words: list[str]) -> set[str]:
    return {word.casefold() for word in words}


def _rating(text: str | None, scale: tuple[float, float]) -> float | None:
    """A rating from 0 to 1, or null where it is none of the scale."""
    if not text:
        return None
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    worst, best = scale
    try:
        share = (float(text) - worst) / (best - worst)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def _count(text: str | None) -> int:
    if not text:
        return 0
    try:
        return max(0, int(float(text)))
    except (ValueError, OverflowError):
        return int(text.casefold() in _YES)
