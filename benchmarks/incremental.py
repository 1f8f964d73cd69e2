"""CPU seconds of a full run, of the same run with 1% new rows, and of one with nothing new.

    python -m benchmarks.incremental --rows 100000

The input is that of `benchmarks/prepare.py` (support tickets, repeated and perturbed) in
files of 16,384 rows; then a file with 1% of the rows comes. Each run is a process of its own with
one worker and one Polars thread; CPU seconds are user + system. `start` is what the process spends
before the first stage (imports). A run of 1,000 rows in a folder of its own says what a run costs
that has hardly a row: compiled kernels, models and patterns loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.inputs import write_tickets
from benchmarks.measure import machine

FILE_ROWS = 16_384

MEASURED = """
import contextlib, json, sys, time
from pathlib import Path
from tunesmith import figures, pipeline, prepare
from tunesmith.recipe import load
from tunesmith.store.versions import versions
from tunesmith.worker import peak_memory_mib

seconds = {"start": time.process_time()}

def timed(owner, name, label):
    work = getattr(owner, name)
    def measured(*args, **settings):
        began = time.process_time()
        try:
            return work(*args, **settings)
        finally:
            seconds[label] = seconds.get(label, 0.0) + time.process_time() - began
    setattr(owner, name, measured)

for name, label in (
    ("collect_files", "collect"), ("clean_and_check", "clean and check"),
    ("merge_duplicates", "find duplicates"), ("deal_rows", "split"),
    ("scan_for_leaks", "scan for leaks"), ("account_for", "ledger"), ("publish_version", "publish"),
):
    timed(prepare, name, label)
for name in ("quality_figures", "data_figures"):
    timed(figures, name, "figures")
out = Path(sys.argv[2])
data = pipeline.run(load(Path(sys.argv[1])), out, until="prepare").data
whole = time.process_time()
seconds["other"] = whole - sum(seconds.values())
seconds["whole run"] = whole
memory = peak_memory_mib()
print(json.dumps({"seconds": seconds, "memory_mib": memory, "counts": data.counts,
                  "fingerprint": data.version.fingerprint,
                  "versions": len(versions(out / "dataset")),
                  "splits": data.version.lineage.get("splits_from")}))
"""


def recipe(folder: Path) -> Path:
    """Write the recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recipe.yaml"
    path.write_text(
        "name: bench\nworkers: 1\nsources:\n  - name: tickets\n    kind: tickets\n"
        "    path: tickets/*.jsonl\n    columns: {question: question, answer: answer, "
        "category: category, id: id}\ncheck:\n  languages: [en]\n"
    )
    return path


def write_files(lines: list[str], folder: Path, prefix: str) -> None:
    """Write JSONL files of `FILE_ROWS` rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(lines), FILE_ROWS)):
        name = f"{prefix}-{number:05d}.jsonl"
        (folder / name).write_text("".join(lines[start : start + FILE_ROWS]))


def measured(path: Path, out: Path) -> dict[str, object]:
    """Run the recipe and give what the run says of itself."""
    environment = {"TUNESMITH_SECRET": "a secret for benchmarks"} | os.environ
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), str(out)],
        check=True,
        env=environment | {"POLARS_MAX_THREADS": "1"},
        stdout=subprocess.PIPE,
    )
    told: dict[str, object] = json.loads(done.stdout)
    return told


def main() -> None:
    """Measure and print one line a stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawTextHelpFormatter
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--new", type=float, default=0.01, help="the share of new rows")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    new = int(options.rows * options.new)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tickets(folder / "all.jsonl", options.rows + new)
        lines = (folder / "all.jsonl").read_text().splitlines(keepends=True)
        print(f"{options.rows:,} rows, then {new:,} more; {machine()}, one run each")
        results = measure(folder, lines, options.rows)
    show(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


def measure(folder: Path, lines: list[str], rows: int) -> dict[str, dict[str, object]]:
    """Every case, in the order of the columns."""
    few = folder / "few"
    path = recipe(few)
    for name, some in (("few", lines[-1000:]), ("more", lines[-2000:-1000])):
        write_files(some, few / "tickets", name)
        measured(path, folder / "warm")  # kernels are compiled, those of a grown run too
    for extra in (few / "tickets").glob("more-*"):
        extra.unlink()
    results = {"1,000 rows": measured(path, few / "out")}
    write_files(lines[:rows], folder / "tickets", "a")
    path = recipe(folder)
    results["full"] = measured(path, folder / "out")
    write_files(lines[rows:], folder / "tickets", "b")
    results["more rows"] = measured(path, folder / "out")
    results["nothing new"] = measured(path, folder / "out")
    fresh = measured(path, folder / "fresh")
    results["all at once"] = fresh
    if fresh["counts"] != results["more rows"]["counts"]:
        sys.exit("a fresh run over all files keeps other rows: this is a bug")
    return results


def show(results: dict[str, dict[str, object]]) -> None:
    """Print the table."""
    cases = ["1,000 rows", "full", "more rows", "nothing new"]
    print(f"{'CPU seconds':<18}" + "".join(f"{case:>14}" for case in cases))
    stages = results["full"]["seconds"]
    for stage in stages:
        row = "".join(f"{results[case]['seconds'][stage]:>14.2f}" for case in cases)
        print(f"{stage:<18}{row}")
    print(f"{'peak MiB':<18}" + "".join(f"{results[case]['memory_mib']:>14.0f}" for case in cases))
    whole = {case: results[case]["seconds"]["whole run"] for case in cases}
    fixed = whole["1,000 rows"]
    print(f"more rows / full: {whole['more rows'] / whole['full']:.1%}; "
          f"without what 1,000 rows cost anyway: "
          f"{(whole['more rows'] - fixed) / (whole['full'] - fixed):.1%}; "
          f"splits: {results['more rows']['splits']}")  # fmt: skip


if __name__ == "__main__":
    main()
