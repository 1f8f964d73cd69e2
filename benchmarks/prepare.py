"""Rows per CPU-second of preparing data, beside the floor, in one run.

    make bench            (or: python benchmarks/prepare.py --rows 100000 --repeats 3)

The input is the Bitext support sample (3,442 tickets), repeated and perturbed to the number of
rows asked for: in half of the copies one word in twelve is replaced, in the other half one in
three; one row in eight gets an e-mail address, a telephone or a card number. The floor reads the
same JSONL and writes it as Parquet, with Polars. Every figure is the median over the repeats.

* `collect to split` counts the CPU seconds (user + system) from the first file opened to the last
  row dealt, compiled kernels and models loaded, in one process with one Polars thread
* `the same, seven kinds masked` looks for personal data that is told by its form alone
* `whole command` counts all CPU seconds of `tunesmith prepare`, start-up, leak scan, exports,
  dataset version and ledger included
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


def cpu_seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """CPU seconds (user + system, children too) of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, check=True, env=environment, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


#: Kinds of personal data that are told by their form alone; the default looks for eight more.
SEVEN_KINDS = "EMAIL, PHONE, CARD, IBAN, SSN, IP_ADDRESS, URL_CREDENTIALS"


def recipe(folder: Path, data: str, *, language_id: bool, kinds: str | None = None) -> Path:
    """Write the recipe of a case."""
    path = folder / f"{data}-{language_id}-{kinds is None}.yaml"
    masked = f"clean: {{personal_data: {{kinds: [{kinds}]}}}}\n" if kinds else ""
    off = "language_id: false\n  qa: {min_language_confidence: null}"
    path.write_text(
        f"name: bench\nworkers: 1\nsources:\n  - name: tickets\n    kind: tickets\n"
        f"    path: {data}\n    columns: {{question: question, answer: answer, "
        f"category: category, id: id}}\ncheck:\n  {'languages: [en]' if language_id else off}\n"
        + masked
    )
    return path


STAGES = """
import json, sys, time
from pathlib import Path
from tunesmith import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

warm, recipe, out = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
prepare.prepare(load(warm), out / "warm", SilentProgress())
loaded = load(recipe)
run = prepare.Preparation(
    loaded,
    prepare.RunCache(out / "run" / "work"),
    SilentProgress(),
    {},
    table=out / "run" / "dataset",
)
started = time.process_time()
rows = run.clean_and_check(run.collect())
unique, _ = run.merge_duplicates(rows)
run.deal(unique)
print(json.dumps(time.process_time() - started))
"""


def stage_seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """What a command prints: the CPU seconds it measured in itself."""
    done = subprocess.run(arguments, check=True, env=environment, stdout=subprocess.PIPE)
    return float(json.loads(done.stdout))


def machine() -> str:
    """The processor, in words."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(": ")[2] if names else platform.machine()


def main() -> None:
    """Measure and print one line a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawTextHelpFormatter
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
        make_input(options.data, folder / "warm.jsonl", 200)
        print(f"{options.rows:,} rows, {size / 2**20:.0f} MiB of JSONL; {machine()}, "
              f"{os.cpu_count()} cores, Python {platform.python_version()}, "
              f"median of {options.repeats}")  # fmt: skip
        results = measure(folder, options.repeats)
        floor = statistics.median(results["floor: read JSONL, write Parquet"])
        for case, seconds in results.items():
            cpu = statistics.median(seconds)
            spread = f"{min(seconds):.1f} to {max(seconds):.1f}"
            print(f"{case:<50} {options.rows / cpu:>9,.0f} rows/CPU-s  {cpu:6.1f} CPU-s "
                  f"({spread})  {cpu / floor:5.1f} × floor")  # fmt: skip
        if options.json:
            options.json.write_text(json.dumps(results, indent=2) + "\n")


def measure(folder: Path, repeats: int) -> dict[str, list[float]]:
    """CPU seconds of every case, one round of all cases after the other."""
    environment = os.environ | {"POLARS_MAX_THREADS": "1"}
    data, out = folder / "tickets.jsonl", folder / "out"
    results: dict[str, list[float]] = {}
    for _ in range(repeats):
        floor = [sys.executable, "-c", FLOOR, str(data), str(folder / "floor.parquet")]
        results.setdefault("floor: read JSONL, write Parquet", []).append(
            cpu_seconds(floor, environment)
        )
        for language_id in (True, False):
            words = "with" if language_id else "without"
            path = recipe(folder, "tickets.jsonl", language_id=language_id)
            warm = recipe(folder, "warm.jsonl", language_id=language_id)
            shutil.rmtree(out, ignore_errors=True)
            stages = [sys.executable, "-c", STAGES, str(warm), str(path), str(out)]
            results.setdefault(f"collect to split, {words} language id", []).append(
                stage_seconds(stages, environment)
            )
            shutil.rmtree(out, ignore_errors=True)
            whole = [sys.executable, "-m", "tunesmith", "prepare", str(path), "--quiet"]
            results.setdefault(f"whole command, {words} language id", []).append(
                cpu_seconds([*whole, "--out", str(out / "run")], environment)
            )
            path, warm = (
                recipe(folder, name, language_id=language_id, kinds=SEVEN_KINDS)
                for name in ("tickets.jsonl", "warm.jsonl")
            )
            shutil.rmtree(out, ignore_errors=True)
            stages = [sys.executable, "-c", STAGES, str(warm), str(path), str(out)]
            results.setdefault(f"the same, seven kinds masked, {words} language id", []).append(
                stage_seconds(stages, environment)
            )
    return results


if __name__ == "__main__":
    main()
