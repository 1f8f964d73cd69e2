"""Rows per CPU-second of preparing data, beside the floor.

    python -m benchmarks.prepare --rows 100000 --repeats 3       (part of `make bench`)

The floor reads the same JSONL and writes it as Parquet, with Polars, in one process with one
thread. What is timed of it, and of the lines from `collect` to `split`, is the work alone: imports,
compiled kernels and models are there before. `whole command` counts all CPU seconds of
`tunesmith prepare`, start-up, leak scan, exports, dataset version and ledger included.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.inputs import tickets, write_tickets
from benchmarks.measure import BenchmarkError, Job, Work, machine, measure
from benchmarks.table import Section, lines

FLOOR = "floor: read JSONL, write Parquet"
#: Kinds of personal data that are told by their form alone; the default looks for eight more.
SEVEN_KINDS = ("EMAIL", "PHONE", "CARD", "IBAN", "SSN", "IP_ADDRESS", "URL_CREDENTIALS")


def recipe(data: str, *, language_id: bool, kinds: tuple[str, ...] = ()) -> str:
    """The recipe of a case, in YAML; no kinds are those of the default."""
    off = "language_id: false\n  qa: {min_language_confidence: null}"
    masked = f"clean: {{personal_data: {{kinds: [{', '.join(kinds)}]}}}}\n" if kinds else ""
    return (
        f"name: bench\nworkers: 1\nsources:\n  - name: tickets\n    kind: tickets\n"
        f"    path: {data}\n    columns: {{question: question, answer: answer, "
        f"category: category, id: id}}\ncheck:\n  {'languages: [en]' if language_id else off}\n"
        + masked
    )


def floor(data: str) -> Work:
    """Reading the JSONL and writing it as Parquet."""
    import polars as pl

    target = Path(data).with_suffix(".parquet")

    def run() -> dict[str, int]:
        frame = pl.read_ndjson(data)
        frame.write_parquet(target)
        return {"rows out": frame.height}

    return Work(run()["rows out"], run)


def stages(data: str, warm: str, *, language_id: bool, kinds: tuple[str, ...] = ()) -> Work:
    """The stages from the first file opened to the last row dealt, after a warm-up."""
    from tunesmith.engine import LocalEngine
    from tunesmith.prepare.collect import collect_files
    from tunesmith.prepare.context import Context
    from tunesmith.prepare.duplicates import merge_duplicates
    from tunesmith.prepare.facts import state_facts
    from tunesmith.prepare.rows import clean_and_check
    from tunesmith.prepare.split import deal_rows
    from tunesmith.progress import SilentProgress
    from tunesmith.recipe import load
    from tunesmith.store.cache import RunCache

    folder = Path(tempfile.mkdtemp(dir=Path(data).parent))

    def opened(source: str, name: str) -> Context:
        path = folder / f"{name}.yaml"
        path.write_text(recipe(source, language_id=language_id, kinds=tuple(kinds)), "utf-8")
        out, loaded = folder / name, load(path)
        engine = LocalEngine(loaded.recipe.workers)
        return Context(loaded, out, RunCache(out / "work"), engine, SilentProgress())

    def through(context: Context) -> dict[str, int]:
        checked = clean_and_check(context, collect_files(context))
        unique = merge_duplicates(context, checked.rows)
        facts = state_facts(context, unique.kept())
        return {"rows out": deal_rows(context, unique, facts).kept.height}

    through(opened(warm, "warm"))
    work = opened(data, "run")
    with Path(data).open("rb") as file:
        return Work(sum(1 for _ in file), lambda: through(work))


def whole(data: str, *, language_id: bool) -> Work:
    """The command, from its start to its end."""
    folder = Path(tempfile.mkdtemp(dir=Path(data).parent))
    path = folder / "recipe.yaml"
    path.write_text(recipe(data, language_id=language_id), "utf-8")
    command = [sys.executable, "-m", "tunesmith", "prepare", str(path), "--quiet"]

    def run() -> dict[str, int]:
        shutil.rmtree(folder / "out", ignore_errors=True)
        subprocess.run([*command, "--out", str(folder / "out")], check=True)
        return {}

    with Path(data).open("rb") as file:
        return Work(sum(1 for _ in file), run)


def jobs(data: Path, warm: Path) -> list[Job]:
    """The cases."""
    found = [Job(FLOOR, "benchmarks.prepare:floor", {"data": str(data)})]
    for language_id in (True, False):
        words = f"{'with' if language_id else 'without'} language id"
        both = {"data": str(data), "warm": str(warm), "language_id": language_id}
        seven = both | {"kinds": SEVEN_KINDS}
        found += [
            Job(f"collect to split, {words}", "benchmarks.prepare:stages", both),
            Job(f"the same, seven kinds masked, {words}", "benchmarks.prepare:stages", seven),
            Job(
                f"whole command, {words}",
                "benchmarks.prepare:whole",
                {"data": str(data), "language_id": language_id},
            ),
        ]
    return found


def section(folder: Path, rows: int, rounds: int) -> Section:
    """Measure the cases."""
    data, warm = folder / "tickets.jsonl", folder / "warm.jsonl"
    size = write_tickets(data, rows) / 2**20
    write_tickets(warm, 200)
    title = f"Preparing {rows:,} {tickets()[0]} ({size:.0f} MiB of JSONL), beside the floor"
    return Section(title, "rows", measure(jobs(data, warm), rounds, progress), FLOOR)


def progress(line: str) -> None:
    """Say on standard error what was measured."""
    print(f"  {line}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawTextHelpFormatter
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        try:
            print("\n".join(lines([section(Path(name), options.rows, options.repeats)])))
        except BenchmarkError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
