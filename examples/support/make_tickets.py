"""Write the raw tickets of Brindlemoss, the invented company of this example.

The texts come from ``ticket_writer``; this script adds the mess of real exports and writes
``raw/`` and ``planted.json`` (which row carries which defect). It always writes the same bytes: it
draws from one seeded generator, and only through ``random()``.

    python examples/support/make_tickets.py [--out FOLDER]
"""

from __future__ import annotations

import argparse
import csv
import html
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from slots import Dice, Slots
from ticket_writer import Ticket, Writer

HERE = Path(__file__).parent
SEED = 20250613
BASE_TICKETS = 979

DEFECTS = {
    "missing_answer": 38,
    "empty_question": 14,
    "internal_note": 26,
    "short_answer": 16,
    "html": 46,
    "mojibake": 34,
    "whitespace": 32,
}
EXACT_DUPLICATES = 44
NEAR_DUPLICATES = 56
PERSONAL_DATA = 150

SYNONYMS = (
    ("arrived", "come"), ("need", "require"), ("want", "would like"), ("know", "find out"),
    ("still", "even now"), ("please", "kindly"), ("question", "query"), ("give", "hand"),
    ("get", "receive"), ("help", "assist"), ("how long", "for how long"), ("can i", "may i"),
)  # fmt: skip
CSV_COLUMNS = (
    "ticket_id", "created_at", "customer_id", "thread_id", "category", "subject", "description",
    "resolution", "priority", "type", "agent", "tags", "contact",
)  # fmt: skip
LEGACY_COLUMNS = (
    "No",
    "Subject",
    "Body",
    "Reply",
    "Queue",
    "Opened",
    "Client",
    "Thread",
    "Contact",
)


def write_other_languages(writer: Writer, folder: Path, tickets: list[Ticket]) -> list[Ticket]:
    """Turn the German, French and Spanish texts into tickets, on the frame of English ones."""
    blocks = (folder / "other_languages.txt").read_text("utf-8").removeprefix("@ ").split("\n@ ")
    frames = writer.threads(len(blocks))
    categories = {topic.rule: topic.category for topic in writer.topics}
    for frame, block in zip(frames, blocks, strict=True):
        head, question, answer = block.strip().splitlines()
        language, rule = head.split()
        tickets.append(
            replace(
                frame.marked("other_language", f"language:{language}"),
                question=question[2:],
                answer=answer[2:],
                rule=rule,
                category=categories[rule],
                subject=" ".join(question[2:].split()[:4]),
            )
        )
    return tickets


def plant_personal_data(tickets: list[Ticket], writer: Writer) -> list[Ticket]:
    """Put invented personal data into questions, answers and the columns beside them."""
    dice = writer.dice
    free = [i for i, ticket in enumerate(tickets) if not ticket.defects]
    for i in dice.shuffled(free)[:PERSONAL_DATA]:
        ticket, slots = tickets[i], Slots(dice, tickets[i].created)
        where = dice.pick(("question", "question", "both", "both", "answer", "column", "column"))
        kinds: list[str] = []
        if where in {"question", "both"}:
            kind, text = writer.deal("pii_question", writer.common["pii_question"]).split("|", 1)
            kinds.append(kind)
            ticket = replace(ticket, question=f"{ticket.question} {slots.fill(text)}")
        if where in {"answer", "both"}:
            choices = [
                c for c in writer.common["pii_answer"] if not kinds or c.startswith(kinds[0])
            ]
            kind, text = dice.pick(choices or writer.common["pii_answer"]).split("|", 1)
            kinds.append(kind)
            body = ticket.answer.split(" (Rule ")[0]
            ticket = replace(
                ticket, answer=writer.signed(f"{body} {slots.fill(text)}", ticket.rule)
            )
        if where == "column" or dice.chance(0.35):
            name = dice.pick(("email", "phone", "email"))
            kinds.append(name.upper())
            ticket = replace(ticket, contact=slots.value(name))
            if dice.chance(0.2):
                ticket = replace(ticket, subject=f"{ticket.subject} ({slots.value(name)})")
        marks = ("personal_data", *(f"personal_data:{kind}" for kind in dict.fromkeys(kinds)))
        tickets[i] = ticket.marked(*marks)
    return tickets


def plant_duplicates(tickets: list[Ticket], writer: Writer) -> list[Ticket]:
    """Append exact copies, and copies with a few words changed, in threads of their own."""
    dice = writer.dice
    plain = [t for t in tickets if not any(":" in mark and "lang" in mark for mark in t.defects)]
    long_enough = [t for t in plain if len(t.question.split()) >= 14]
    chosen = dice.shuffled(long_enough)[: EXACT_DUPLICATES + NEAR_DUPLICATES]
    copies = []
    for rank, ticket in enumerate(chosen):
        kind = "exact_duplicate" if rank < EXACT_DUPLICATES else "near_duplicate"
        question = ticket.question if kind == "exact_duplicate" else reworded(ticket.question, dice)
        copies.append(
            ticket.marked(
                kind,
                number=writer.next_number(),
                created=ticket.created + timedelta(hours=dice.between(2, 70)),
                customer=ticket.customer if dice.chance(0.75) else writer.customer(),
                thread=f"TH-{writer.next_number()}",
                file=_file_of_copy(ticket.file, dice),
                question=question,
                copy_of=ticket.id,
            )
        )
    return tickets + copies


def _file_of_copy(file: str, dice: Dice) -> str:
    """Say where a copy is: mostly beside the original, at times in another system's export."""
    if file == "legacy" or dice.chance(0.7):
        return file
    return dice.pick(("csv", "crm"))


def reworded(text: str, dice: Dice) -> str:
    """Change a few words, as people do when they send the same thing again."""
    roll = dice.between(0, 3)
    if roll == 0:
        return dice.pick(("Sending this again: ", "2nd try: ", "Reminder: ")) + text
    if roll == 1:
        return text + dice.pick((" Still waiting!", " Any news?", " Hello???"))
    low = text.lower()
    for old, new in SYNONYMS:
        at = low.find(f" {old} ")
        if at >= 0:
            return f"{text[: at + 1]}{new}{text[at + 1 + len(old) :]}"
    return text.rstrip(".!? ") + " please!"


def plant_defects(tickets: list[Ticket], writer: Writer) -> list[Ticket]:
    """Give each defect to tickets that have none, and that no other ticket is a copy of."""
    dice = writer.dice
    copied = {ticket.copy_of for ticket in tickets}
    free = [i for i, t in enumerate(tickets) if not t.defects and t.id not in copied]
    free = dice.shuffled(free)
    for defect, count in DEFECTS.items():
        fitting = [i for i in free if _suits(tickets[i], defect)][:count]
        for i in fitting:
            free.remove(i)
            tickets[i] = _spoiled(tickets[i], defect, writer)
    return tickets


def _suits(ticket: Ticket, defect: str) -> bool:
    if defect == "mojibake":
        return ticket.file != "legacy" and "'" in ticket.question + ticket.answer
    if defect == "internal_note":
        return ticket.file in {"csv", "crm"}
    return defect != "whitespace" or ticket.file != "legacy"


def _spoiled(ticket: Ticket, defect: str, writer: Writer) -> Ticket:
    dice, common = writer.dice, writer.common
    slots = Slots(dice, ticket.created)
    question, answer, kind = ticket.question, ticket.answer, ticket.type
    if defect == "missing_answer":
        answer = ""
    elif defect == "empty_question":
        question = dice.pick(("", "", " "))
    elif defect == "internal_note":
        answer, kind = slots.fill(writer.deal("internal", common["internal"])), "internal note"
    elif defect == "short_answer":
        answer = writer.deal("short", common["short"])
    elif defect == "html":
        question, answer = _as_html(question, answer, ticket.rule, dice)
    elif defect == "mojibake":
        question, answer = _as_mojibake(question), _as_mojibake(answer)
    else:
        question, answer = _as_sloppy(question, dice), _as_sloppy(answer, dice)
    return ticket.marked(defect, question=question, answer=answer, type=kind)


def _as_html(question: str, answer: str, rule: str, dice: Dice) -> tuple[str, str]:
    body, end = answer.split(" (Rule ", 1)
    first, _, rest = body.partition(". ")
    link = f'<a href="https://help.example.com/rules/{rule.lower()}">Rule {rule}</a>'
    tail = end.split(") ", 1)[1]
    bold = f"<b>{html.escape(first)}.</b>"
    paragraphs = (
        f"<p>{html.escape(first)}.</p><p>{html.escape(rest)} ({link}) {tail}</p>",
        f"<div>{bold}<br/>{html.escape(rest)}&nbsp;(Rule {rule}) {tail}</div>",
        f"{html.escape(first)}.<br>\n{html.escape(rest)}<br>\n(Rule {rule})&nbsp;{tail}",
    )
    if dice.chance(0.4):
        question = f'<div dir="ltr">{html.escape(question)}<br></div>'
    elif dice.chance(0.4):
        question = html.escape(question).replace(". ", ".&nbsp; ")
    return question, dice.pick(paragraphs)


def _as_mojibake(text: str) -> str:
    """UTF-8 read as Windows-1252: an apostrophe becomes three characters."""
    return text.replace("'", "\u2019").replace(" - ", " \u2013 ").encode().decode("cp1252")


def _as_sloppy(text: str, dice: Dice) -> str:
    at = text.find(" ", len(text) // 3)
    junk = dice.pick(
        ("   ", "\t\t", " \u200b", "\u00a0 ", " \x0b ", " \x07", "\r\n\r\n\r\n", " \ufeff")
    )
    start, end = dice.pick(("", "  ", "\n\n")), dice.pick(("", "   ", "\n \n"))
    return f"{start}{text[:at]}{junk}{text[at + 1 :]}{end}"


def csv_bytes(
    rows: Sequence[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8"
) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode(encoding)


def tickets_csv(tickets: Sequence[Ticket]) -> bytes:
    rows: list[tuple[str, ...]] = [
        (
            t.id, f"{t.created:%Y-%m-%dT%H:%M:%SZ}", t.customer, t.thread, t.category, t.subject,
            t.question, t.answer, t.priority, t.type, t.agent, t.tags, t.contact,
        )
        for t in tickets
    ]  # fmt: skip
    # Three lines that some other program broke: too few fields once, too many twice.
    rows.insert(120, ("T-90001", "2025-03-02T10:11:12Z", "C-10291", "delivery", "Parcel?"))
    rows.insert(305, (*rows[10][:8], "normal", "public", "moss", "web", "", "", "x"))
    rows.insert(477, (*rows[33][:7], "extra", *rows[33][7:]))
    return csv_bytes([CSV_COLUMNS, *rows])


def legacy_csv(tickets: Sequence[Ticket]) -> bytes:
    rows = [
        (
            t.id, _curly(t.subject), _curly(t.question), _curly(t.answer), t.category,
            f"{t.created:%Y-%m-%d %H:%M}", t.customer, t.thread, t.contact,
        )
        for t in tickets
    ]  # fmt: skip
    return csv_bytes([LEGACY_COLUMNS, *rows], ";", "cp1252")


def _curly(text: str) -> str:
    """Use the signs that Windows-1252 has and ASCII has not; it has no seedling."""
    return text.replace("'", "\u2019").replace("...", "\u2026").replace("\U0001f331", "").strip()


def chat_jsonl(tickets: Sequence[Ticket]) -> bytes:
    lines = [
        json.dumps(
            {
                "conversation": {
                    "id": t.id,
                    "thread": t.thread,
                    "opened_at": f"{t.created:%Y-%m-%dT%H:%M:%S}+00:00",
                    "category": t.category,
                },
                "customer": {"id": t.customer, "contact": t.contact or None},
                "question": {"text": t.question},
                "answer": {"text": t.answer or None, "agent": t.agent},
            },
            ensure_ascii=False,
        ).encode()
        for t in tickets
    ]
    torn = lines[-1][: len(lines[-1]) // 2]
    lines.insert(40, b'{"conversation": {"id": "T-90002"}, "question": {"text": "hel\x00lo"}}')
    lines.insert(77, b'["reconnected", "2025-05-05T05:05:05+00:00"]')
    return b"\n".join([*lines[:-1], torn])


def write_crm(tickets: Sequence[Ticket], path: Path) -> None:
    """Write the CRM export; microsecond UTC times, no pandas or Arrow metadata."""
    table = pa.table(
        {
            "case_id": [t.id for t in tickets],
            "opened_at": pa.array([t.created for t in tickets], pa.timestamp("us", tz="UTC")),
            "account": [t.customer for t in tickets],
            "thread": [t.thread for t in tickets],
            "topic": [t.category for t in tickets],
            "title": [t.subject for t in tickets],
            "customer_text": [t.question for t in tickets],
            "reply_text": [t.answer or None for t in tickets],
            "type": [t.type for t in tickets],
            "owner": [t.agent for t in tickets],
            "contact": [t.contact or None for t in tickets],
        }
    )
    pq.write_table(table, path, compression="NONE", store_schema=False)


def make_tickets(folder: Path) -> list[Ticket]:
    """Write all tickets with their defects, in the order of their creation."""
    writer = Writer(Dice(SEED), folder)
    tickets = writer.threads(BASE_TICKETS)
    tickets = write_other_languages(writer, folder, tickets)
    tickets = plant_personal_data(tickets, writer)
    tickets = plant_duplicates(tickets, writer)
    tickets = plant_defects(tickets, writer)
    return sorted(tickets, key=lambda ticket: (ticket.created, ticket.number))


def planted(tickets: Sequence[Ticket], lost: str) -> dict[str, object]:
    """Say which row carries which defect: the truth that a cleaning run can be held against."""
    counts = Counter(mark for ticket in tickets for mark in ticket.defects)
    return {
        "tickets": len(tickets),
        "files": dict(sorted(Counter(ticket.file for ticket in tickets).items())),
        "categories": dict(sorted(Counter(ticket.category for ticket in tickets).items())),
        "customers": len({ticket.customer for ticket in tickets}),
        "threads": len({ticket.thread for ticket in tickets}),
        "defects": dict(sorted(counts.items())),
        "bad_lines": {
            "csv_too_few_fields": 1, "csv_too_many_fields": 2,
            "chat_nul_byte": 1, "chat_not_an_object": 1, "chat_torn_last_line": 1,
        },
        "torn_ticket": lost,
        "rows": {t.id: list(t.defects) for t in tickets if t.defects},
        "copies": {t.id: t.copy_of for t in tickets if t.copy_of},
        "rules": {t.id: t.rule for t in tickets},
    }  # fmt: skip


def main() -> None:
    """Write ``raw/`` and ``planted.json`` into ``--out``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write raw/ into")
    out: Path = parser.parse_args().out
    tickets = make_tickets(HERE / "texts")
    by_file = {
        name: [ticket for ticket in tickets if ticket.file == name]
        for name in ("csv", "legacy", "chat", "crm")
    }
    raw = out / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (raw / "tickets-2025.csv").write_bytes(tickets_csv(by_file["csv"]))
    (raw / "tickets-legacy.csv").write_bytes(legacy_csv(by_file["legacy"]))
    (raw / "chat-export.jsonl").write_bytes(chat_jsonl(by_file["chat"]))
    write_crm(by_file["crm"], raw / "crm.parquet")
    truth = planted(tickets, by_file["chat"][-1].id)
    (out / "planted.json").write_text(json.dumps(truth, indent=1) + "\n", "utf-8")
    shown = {name: truth[name] for name in ("tickets", "files", "categories", "defects")}
    print(json.dumps(shown, indent=1))


if __name__ == "__main__":
    main()
