"""Memory and time of collecting a large file: a mailbox, or tickets as JSONL.

    python -m benchmarks.streaming --gib 2 --kind mail

It writes the file, collects it in a process of its own as `tunesmith run` does (pieces, rows, parts
of the run cache), and prints its rows, CPU seconds and peak memory.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

WORDS = (
    "order", "parcel", "invoice", "refund", "account", "password", "delivery", "address",
    "router", "cable", "light", "reset", "button", "screen", "battery", "charger", "colour",
    "size", "stock", "shop", "payment", "card", "bank", "label", "courier", "week", "morning",
    "the", "a", "and", "of", "to", "in", "it", "is", "that", "was", "for", "on", "with", "as",
    "at", "by", "my", "your", "we", "you", "please", "could", "would", "not", "still",
)  # fmt: skip
NAMES = ("anna", "bruno", "carla", "dario", "emma", "felix", "greta", "hugo", "irene", "jonas")


def words(rng: random.Random, count: int) -> str:
    """Sentences of so many words, in lines of a mail's length."""
    lines = []
    for start in range(0, count, 12):
        some = rng.choices(WORDS, k=min(12, count - start))
        lines.append(" ".join(some).capitalize() + ".")
    return "\n".join(lines)


def mails(rng: random.Random) -> Iterator[str]:
    """Mails of an mbox without end: threads of two to six, interleaved."""
    moment, thread = datetime(2020, 1, 1, tzinfo=UTC), 0
    open_threads: list[dict[str, Any]] = []
    while True:
        moment += timedelta(minutes=rng.randrange(1, 20))
        if len(open_threads) < 40 or rng.random() < 0.3:
            thread += 1
            customer = f"{rng.choice(NAMES)}{thread}@example.net"
            new = {"number": thread, "customer": customer, "ids": [], "said": ""}
            open_threads.append(new | {"left": rng.randrange(2, 7)})
        talk = rng.choice(open_threads)
        yield _mail(rng, talk, moment)
        talk["left"] -= 1
        if talk["left"] == 0:
            open_threads.remove(talk)


def _mail(rng: random.Random, talk: dict[str, Any], moment: datetime) -> str:
    place = len(talk["ids"])
    writer, reader = talk["customer"], "help@shop.example"
    if place % 2:
        writer, reader = reader, writer
    own = f"{talk['number']}.{place}@mail.example"
    head = [
        f"From {writer} {moment:%a %b %d %H:%M:%S %Y}",
        f"From: {writer.partition('@')[0].title()} <{writer}>", f"To: <{reader}>",
        f"Date: {moment:%a, %d %b %Y %H:%M:%S} +0100", f"Message-ID: <{own}>",
        f"Subject: {'Re: ' * bool(place)}{WORDS[talk['number'] % 20]} {talk['number']}",
    ]  # fmt: skip
    if talk["ids"]:
        head.append(f"References: {' '.join(talk['ids'])}")
        head.append(f"In-Reply-To: {talk['ids'][-1]}")
    said = words(rng, rng.randrange(60, 260))
    quoted = "\n".join(f"> {line}" for line in talk["said"].split("\n"))
    attribution = f"On {moment:%d %b %Y} at 10:12, somebody wrote:"
    body = f"{said}\n\n{attribution}\n{quoted}" if place else said
    talk["said"] = said
    talk["ids"].append(f"<{own}>")
    kind = rng.random()
    if kind < 0.6:
        head.append("Content-Type: text/plain; charset=utf-8")
    elif kind < 0.61:
        head.append("Content-Type: text/html; charset=utf-8")
        body = f"<html><body><p>{said}</p></body></html>"
    else:
        other = ("text/html", f"<html><body><p>{said}</p></body></html>")
        if kind > 0.9:
            data = base64.encodebytes(rng.randbytes(20_000)).decode()
            other = ("image/png", data)
        inner = "alternative" if kind <= 0.9 else "mixed"
        head.append(f"Content-Type: multipart/{inner}; boundary=frontier")
        encoding = "Content-Transfer-Encoding: base64\n" if inner == "mixed" else ""
        body = (
            f"--frontier\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"
            f"--frontier\nContent-Type: {other[0]}\n{encoding}\n{other[1]}\n--frontier--"
        )
    return "\n".join(head) + f"\n\n{body}\n\n"


def tickets(rng: random.Random) -> Iterator[str]:
    """Lines of a JSONL of tickets without end."""
    number = 0
    while True:
        number += 1
        row = {
            "id": number,
            "question": words(rng, rng.randrange(30, 120)),
            "answer": words(rng, rng.randrange(30, 200)),
            "customer": f"{rng.choice(NAMES)}{number % 5000}@example.net",
        }
        yield json.dumps(row) + "\n"


KINDS = {"mail": ("mail.mbox", mails), "tickets": ("tickets.jsonl", tickets)}


def write(path: Path, kind: str, size: int) -> int:
    """Write a file of at least so many bytes; returns how many things are in it."""
    written = count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for one in KINDS[kind][1](random.Random(7)):
            written += file.write(one)
            count += 1
            if written >= size:
                break
    return count


def collect(kind: str, path: Path, folder: Path) -> dict[str, Any]:
    """Collect a file, in this process; what came of it and what it took."""
    from tunesmith.collect.mail.source import MailSource
    from tunesmith.collect.task import CollectPiece
    from tunesmith.collect.tickets import TicketSource
    from tunesmith.store.cache import Stage
    from tunesmith.store.seen import Seen

    if kind == "mail":
        source: Any = MailSource(name="mail", path=str(path), agents=("shop.example",))
    else:
        columns = {"question": "question", "answer": "answer", "id": "id", "customer": "customer"}
        source = TicketSource.model_validate(
            {"name": "tickets", "path": str(path), "columns": columns}
        )
    source.gather(path.parent, folder)
    pieces = source.pieces(path.parent, folder, Seen(folder / "seen.json"))
    indexed_s = _cpu_s()
    counts = {"rows": 0, "quarantined": 0, "dropped": 0}
    for number, piece in enumerate(pieces):
        stage = folder / "stages" / str(number)
        task = CollectPiece(
            source=source,
            stretches=piece.stretches,
            collected_at=datetime(2026, 1, 1, tzinfo=UTC),
            folder=stage,
        )
        task.run()
        summary = Stage(stage).summary
        for name in counts:
            counts[name] += summary[name]
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kib = int(status.partition("VmHWM:")[2].split()[0])
    return counts | {
        "pieces": len(pieces),
        "pieces_cpu_s": round(indexed_s, 1),
        "cpu_s": round(_cpu_s(), 1),
        "peak_mib": round(peak_kib / 1024),
    }


def _cpu_s() -> float:
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime


def main() -> None:
    """Write the file, collect it in a child, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gib", type=float, default=0.2, help="size of the file (GiB)")
    parser.add_argument("--kind", choices=sorted(KINDS), default="mail")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        path, folder = map(Path, given.child)
        print(json.dumps(collect(given.kind, path, folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = folder / KINDS[given.kind][0]
        count = write(path, given.kind, int(given.gib * (1 << 30)))
        print(f"{path.name}: {path.stat().st_size:,} bytes, {count:,} written", flush=True)
        command = [sys.executable, "-m", __spec__.name, "--kind", given.kind, "--child"]
        subprocess.run([*command, str(path), str(folder / "cache")], check=True)


if __name__ == "__main__":
    main()
