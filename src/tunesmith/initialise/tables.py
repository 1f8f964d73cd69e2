"""Sources of tables: tickets where there are questions and answers, else texts by a template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tunesmith.initialise.guess import Guess
from tunesmith.initialise.written import escaped, in_comment, one_or_many, quoted

_MEANINGS = {
    "question": "what was asked",
    "answer": "what was answered",
    "category": "topics are dealt evenly to training and test",
    "timestamp": "when it was asked",
    "customer": "a customer never crosses from training to test",
    "thread": "nor does a conversation",
    "author": "who answered",
    "id": "the ticket's own number",
    "labels": "tags",
}

#: So many columns go into a proposed text.
_MOST_COLUMNS = 12

LICENSE = "license: proprietary            # the licence of this content, for its provenance"


def ticket_lines(names: Sequence[str], guess: Guess) -> list[str]:
    """The lines of a source of tickets, below its place."""
    lines = [LICENSE, "columns:"]
    for field, meaning in _MEANINGS.items():
        if field in guess.columns:
            why = guess.notes.get(field, "")
            comment = f"   # guessed: {why}" if why else ""
            lines.append(f"  {field}: {one_or_many(guess.columns[field])}{comment}")
        else:
            lines.append(f"  # {field}: COLUMN   # {meaning}")
    others = [name for name in names if name not in _used(guess) and name not in guess.personal]
    return [*lines, *_personal(guess), *_kept(others)]


def table_lines(names: Sequence[str], guess: Guess) -> list[str]:
    """The lines of a source whose rows become texts, below its place."""
    guess, unsure = _surely_personal(guess)
    texts = _in_text(names, guess)
    meant = {
        field: column
        for field, column in guess.columns.items()
        if field not in {"question", "answer"} and isinstance(column, str)
    }
    lines = [
        LICENSE,
        "# No columns look like questions and answers: each row becomes a text. If there are some,",
        "# write kind: tickets and columns: {question: COLUMN, answer: COLUMN}; or make pairs:",
        "#   question: 'What about {COLUMN}?', answer: '{COLUMN}' (docs/sources/tables.md).",
        *text_template(texts),
    ]
    if meant:
        lines += ["columns:", *(f"  {field}: {quoted(name)}" for field, name in meant.items())]
    others = [name for name in names if name not in {*texts, *meant.values(), *guess.personal}]
    lines += [f"# personal_columns: [{quoted(name)}]   # if it names people" for name in unsure]
    return [*lines, *_personal(guess), *_kept(others)]


def _surely_personal(guess: Guess) -> tuple[Guess, list[str]]:
    """Of a table that says no more of people, `name` may be that of a thing."""
    unsure = [name for name in guess.personal if name.strip().lower() in {"name", "address"}]
    if len(unsure) < len(guess.personal):
        return guess, []
    return replace(guess, personal=[]), unsure


def text_template(columns: Sequence[str]) -> list[str]:
    """A template with a line for each column that has a value in the row."""
    parts = [f"[[{escaped(_label(name))}: {{{escaped(name)}}}\\n]]" for name in columns]
    return ['text: "\\', *(f"  {part}\\" for part in parts[:-1]), f'  {parts[-1]}"']


def fits_templates(name: str) -> bool:
    """Whether a template can name a column."""
    return bool(name) and name == name.strip() and not re.search(r"[{}:\n]|\[\[|\]\]", name)


def _in_text(names: Sequence[str], guess: Guess) -> list[str]:
    """The columns of the proposed text: those that name no person, and no key alone."""
    keys = {guess.columns.get(field) for field in ("id", "customer", "thread", "author")}
    left = [name for name in names if name not in guess.personal and fits_templates(name)]
    return ([name for name in left if name not in keys] or left)[:_MOST_COLUMNS]


def has_text(names: Sequence[str], guess: Guess) -> bool:
    """Whether a text can be made of the columns."""
    guess, _ = _surely_personal(guess)
    return bool(_in_text(names, guess))


def _label(name: str) -> str:
    return re.sub(r"[\[\]]", "", name.replace("_", " ")).strip() or "value"


def _used(guess: Guess) -> set[str]:
    return {
        part
        for column in guess.columns.values()
        for part in ([column] if isinstance(column, str) else column)
    }


def _personal(guess: Guess) -> list[str]:
    if not guess.personal:
        return []
    names = ", ".join(map(quoted, guess.personal))
    return [f"personal_columns: [{names}]   # name a person: kept as pseudonyms"]


def _kept(others: list[str]) -> list[str]:
    return [f"# kept as metadata: {in_comment(others)}"] if others else []
