"""What is worked on: public data where the shared folder has it, else texts made from a seed."""

from __future__ import annotations

import csv
import json
import os
import random
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLANTED = (
    "my mail is someone{n}@example.com",
    "call me at 212-555-{n:04d}",
    "my card is 4111 1111 1111 1111",
)


def shared_data(part: str) -> Path | None:
    """A part of the folder with public data, if it is there.

    The folder is named by `TUNESMITH_SHARED_DATA`; without it, it is `shared/data` beside the
    repository.
    """
    named = os.environ.get("TUNESMITH_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder / part if (folder / part).exists() else None


def tickets() -> tuple[str, list[dict[str, str]]]:
    """Support tickets, and what they are: the Bitext sample, else those of the shipped example."""
    bitext = shared_data("bitext-support/tickets.csv")
    path = bitext or ROOT / "examples" / "support" / "raw" / "tickets-2025.csv"
    names = ("instruction", "response") if bitext else ("description", "resolution")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [
        {
            "question": row[names[0]],
            "answer": row[names[1]],
            "category": row["category"],
            "intent": row["intent" if bitext else "type"] or "",
        }
        for row in rows
        if all((row[name] or "").strip() for name in (*names, "category"))
    ]
    return ("Bitext tickets" if bitext else "tickets of the shipped example"), found


def write_tickets(target: Path, rows: int) -> int:
    """Write tickets as JSONL (question, answer): repeated, perturbed, personal data planted.

    In half of the copies one word in twelve is replaced, in the other half one in three; one row
    in eight gets an e-mail address, a telephone or a card number. The same rows stand in
    `NAME.texts.jsonl` with question and answer as one `text`, for tools that know one field.

    Returns:
        The bytes of the file with questions and answers.
    """
    _, originals = tickets()
    vocabulary = sorted({word for ticket in originals for word in ticket["answer"].split()})
    dice = random.Random(7)
    texts = texts_of(target)
    with target.open("w", encoding="utf-8") as pairs, texts.open("w", encoding="utf-8") as whole:
        for number in range(rows):
            ticket = originals[number % len(originals)]
            share = 12 if number % 2 else 3
            about = {key: ticket[key] for key in ("category", "intent")} | {"id": f"B-{number}"}
            question = perturbed(ticket["question"], share, vocabulary, dice)
            answer = perturbed(ticket["answer"], share, vocabulary, dice)
            if number % 8 == 0:
                question += ", " + dice.choice(PLANTED).format(n=number % 10_000)
            pairs.write(json.dumps(about | {"question": question, "answer": answer}) + "\n")
            whole.write(json.dumps(about | {"text": f"{question}\n\n{answer}"}) + "\n")
    return target.stat().st_size


def texts_of(tickets: Path) -> Path:
    """The file with one text a row that belongs to a file of tickets."""
    return tickets.with_suffix(".texts.jsonl")


def perturbed(text: str, share: int, vocabulary: list[str], dice: random.Random) -> str:
    """Replace one word in `share`; line breaks stay."""
    words = text.split(" ")
    for _ in range(len(words) // share):
        words[dice.randrange(len(words))] = dice.choice(vocabulary)
    return " ".join(words)
