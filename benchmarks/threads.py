"""What a job's waiting threads cost: answering alone, and beside a process that never waits.

    python -m benchmarks.threads

OpenMP threads that have nothing to do turn in circles for a while before they sleep
(`GOMP_SPINCOUNT` of GNU's libgomp; 300,000 circles where nothing is set, none where the policy is
passive). Where another process wants the core, the circles are lost to both. Tokens a second of the
default model in batches; the settings are measured in turn, `--rounds` times, and the medians are
printed with their ratio to libgomp's own setting.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tunesmith.evaluate.generate import generate
from tunesmith.models import DEFAULT_MODEL, BaseModel, resolve
from tunesmith.prompting import BaseConfig, Example
from tunesmith.worker import jobs_with

SPINS = {"libgomp's own": "300000", "2,000": "2000", "passive": "0"}
"""The circles that a waiting thread turns."""


def rows(count: int) -> list[Example]:
    """Questions of one length."""
    words = "My parcel with the reading lamp has not come, and the courier's page says nothing. "
    return [Example(id=f"r{n}", question=f"{n}: {words * 4}", answer="Yes.") for n in range(count)]


def speed(model: BaseModel, spin: str, *, answers: int, tokens: int) -> float:
    """Tokens a second with so many circles."""
    with tempfile.TemporaryDirectory() as folder, jobs_with({"GOMP_SPINCOUNT": spin}):
        done = generate(
            BaseConfig(), rows(answers), model=model, out=Path(folder), max_new_tokens=tokens,
            latency_rows=0,
        )  # fmt: skip
    return float(done.stats["tokens_per_s"])


def measured(model: BaseModel, *, rounds: int, answers: int, tokens: int) -> dict[str, float]:
    """The median of each setting, which take turns."""
    found: dict[str, list[float]] = {name: [] for name in SPINS}
    for _ in range(rounds):
        for name, spin in SPINS.items():
            found[name].append(speed(model, spin, answers=answers, tokens=tokens))
    return {name: median(values) for name, values in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--answers", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=60)
    options = parser.parse_args()
    sizes = {"rounds": options.rounds, "answers": options.answers, "tokens": options.tokens}
    model = resolve(DEFAULT_MODEL)
    alone = measured(model, **sizes)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            beside = measured(model, **sizes)
        finally:
            busy.kill()  # else leaving waits for it for ever
    print("| circles | alone, tokens/s | | beside a busy process | |\n|---|---|---|---|---|")
    first = next(iter(SPINS))
    for name in SPINS:
        parts = (f"{each[name]:.1f} | {each[name] / each[first]:.2f}" for each in (alone, beside))
        print(f"| {name} | {' | '.join(parts)} |")


if __name__ == "__main__":
    main()
