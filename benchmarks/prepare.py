"""Rows per CPU-second of preparing data, beside the floor, in one run.

    make bench            (or: python benchmarks/prepare.py --rows 100000 --repeats 3)

The input is the Bitext support sample (3,442 tickets), repeated and perturbed to the number of rows
asked for: in half of the copies one word in twelve is replaced, in the other half one in three; one
row in eight gets an e-mail address, a telephone or a card number. The floor reads the same JSONL and
writes it as Parquet, with Polars. Every figure is the median over the repeats of
rows / (user + system CPU seconds of the process and its children), start-up and imports included.
`prepare` is the whole command: collect, clean, mask, check, de-duplicate, split, leak scan, export,
dataset version and ledger.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "bitext-support" / "tickets.csv"
FLOOR = "import sys, polars as pl; pl.read_ndjson(sys.argv[1]).write_parquet(sys.argv[2])"
PLANTED = (
    "my mail is someone{n}@example.com",
    "call me at 212-555-{n:04d}",
    "my card is 4111 1111 1111 1111",
)


def make_input(source: Path, target: Path, rows: int) -> int:
    """Write the perturbed JSONL; returns its bytes."""
    with source.open(encoding="utf-8", newline="") as file:
        tickets = list(csv.DictReader(file))
    vocabulary = sorted({word for ticket in tickets for word in ticket["response"].split()})
    dice = random.Random(7)
    with target.open("w", encoding="utf-8") as out:
        for number in range(rows):
            ticket = tickets[number % len(tickets)]
            share = 12 if number % 2 else 3
            row = {
                "id": f"B-{number}",
                "question": perturbed(ticket["instruction"], share, vocabulary, dice),
                "answer": perturbed(ticket["response"], share, vocabulary, dice),
                "category": ticket["category"],
                "intent": ticket["intent"],
            }
            if number % 8 == 0:
                row["question"] += ", " + dice.choice(PLANTED).format(n=number % 10_000)
            out.write(json.dumps(row) + "\n")
    return target.stat().st_size


def perturbed(text: str, share: int, vocabulary: list[str], dice: random.Random) -> str:
    """Replace one word in `share`; line breaks stay."""
    words = text.split(" ")
    for _ in range(len(words) // share):
        words[dice.randrange(len(words))] = dice.choice(vocabulary)
    return " ".join(words)


def cpu_seconds(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU seconds (with children) and wall seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(arguments, check=True, env=environment, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def recipe(folder: Path, *, language_id: bool, workers: int) -> Path:
    """Write the recipe of a case."""
    path = folder / f"recipe-{language_id}-{workers}.yaml"
    check = (
        "languages: [en]"
        if language_id
        else "language_id: false\n  qa: {min_language_confidence: null}"
    )
    path.write_text(
        f"name: bench\nworkers: {workers}\nsources:\n  - name: tickets\n    kind: tickets\n"
        "    path: tickets.jsonl\n    columns: {question: question, answer: answer, "
        f"category: category, id: id}}\ncheck:\n  {check}\n"
    )
    return path


def main() -> None:
    """Measure and print one line a case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    if not options.data.exists():
        sys.exit(f"{options.data} is not there: name the Bitext tickets with --data")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = make_input(options.data, folder / "tickets.jsonl", options.rows)
        print(f"{options.rows:,} rows, {size / 2**20:.0f} MiB of JSONL; {platform.processor() or platform.machine()}, "
              f"{os.cpu_count()} cores, Python {platform.python_version()}, median of {options.repeats}")  # fmt: skip
        one_thread = os.environ | {"POLARS_MAX_THREADS": "1"}
        cases: dict[str, tuple[list[str], dict[str, str]]] = {
            "floor: read JSONL, write Parquet": (
                [
                    sys.executable,
                    "-c",
                    FLOOR,
                    str(folder / "tickets.jsonl"),
                    str(folder / "f.parquet"),
                ],
                one_thread,
            )
        }
        for language_id in (True, False):
            path = recipe(folder, language_id=language_id, workers=1)
            words = "with" if language_id else "without"
            command = [sys.executable, "-m", "tunesmith", "prepare", str(path), "--quiet", "--out"]
            cases[f"prepare, {words} language id"] = ([*command, str(folder / "run")], one_thread)
        figures: dict[str, list[tuple[float, float]]] = {case: [] for case in cases}
        for _ in range(options.repeats):
            for case, (command, environment) in cases.items():
                shutil.rmtree(folder / "run", ignore_errors=True)
                figures[case].append(cpu_seconds(command, environment))
        results = {}
        floor = statistics.median(cpu for cpu, _ in figures["floor: read JSONL, write Parquet"])
        for case, measured in figures.items():
            cpu = statistics.median(cpu for cpu, _ in measured)
            wall = statistics.median(wall for _, wall in measured)
            spread = f"{min(c for c, _ in measured):.1f} to {max(c for c, _ in measured):.1f}"
            results[case] = {"rows_per_cpu_s": options.rows / cpu, "cpu_s": cpu, "wall_s": wall}
            print(f"{case:<34} {options.rows / cpu:>9,.0f} rows/CPU-s   {cpu:6.1f} CPU-s ({spread})   "
                  f"{cpu / floor:5.1f} × floor")  # fmt: skip
        if options.json:
            options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
