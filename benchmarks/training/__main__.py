"""Tokens per second, memory and loss of training, beside TRL's `SFTTrainer` on the same rows.

    python -m benchmarks.training --steps 40 --rounds 2
    python -m benchmarks.training --only ours-qv trl-defaults-qv --seeds 1 2 3
    python -m benchmarks.training --random-1b --batch-size 16       # where there is a GPU

Every case is a process of its own with all cores. TRL's runs as its documentation shows it (rows of
`prompt` and `completion`), once with its defaults and once with its fastest options: weights in
bfloat16, no checkpointing of activations, batches of similar length. Ours is `tunesmith.tune.tune`.
The same base model, rank, learning rate, batch size, rows and held-out rows for all; their order
differs. Tokens are those of the rows, padding not counted; seconds are those of optimizer steps
after the first ones. `ceiling` is the time of the bare matrix products that such a step cannot do
without, measured here in the shapes of the model. Where there is a GPU, all of it runs there, and
memory is what PyTorch reserved of it; `--random-1b` takes a model of a size that suits one, whose
losses mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import machine
from benchmarks.training.rows import MODEL_VARIABLE, random_model

ROOT = Path(__file__).parents[2]

#: By case, the module that runs it and its settings.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "trl-defaults-qv": ("with_trl", {"target": "qv", "best": False}),
    "trl-best-qv": ("with_trl", {"target": "qv", "best": True}),
    "ours-qv": ("ours", {"target": "qv"}),
    "trl-defaults-all": ("with_trl", {"target": "all", "best": False}),
    "trl-best-all": ("with_trl", {"target": "all", "best": True}),
    "ours-all": ("ours", {"target": "all"}),
    "trl-defaults-full": ("with_trl", {"target": "full", "best": False}),
    "trl-best-full": ("with_trl", {"target": "full", "best": True}),
    "ours-full": ("ours", {"target": "full"}),
}


def run(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Run one case in a process of its own."""
    module, own = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "told.json")
        request = {**settings, **own, "folder": folder, "told": str(told)}
        log = Path(folder, "log")
        with log.open("wb") as file:
            done = subprocess.run(
                [sys.executable, "-m", f"benchmarks.training.{module}"],
                input=json.dumps(request).encode(), stdout=file, stderr=subprocess.STDOUT,
                cwd=ROOT, check=False, env=os.environ | {"HF_HUB_OFFLINE": "1"},
            )  # fmt: skip
        if done.returncode:
            sys.exit(f"{name} failed:\n{log.read_text(errors='replace')[-3000:]}")
        result: dict[str, Any] = json.loads(told.read_text())
        return result


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--skip", type=int, default=5, help="steps before the clock starts")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--held", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--random-1b", action="store_true", help="random weights, 1B parameters")
    options = parser.parse_args()
    if options.random_1b:
        with tempfile.TemporaryDirectory() as folder:
            os.environ[MODEL_VARIABLE] = str(random_model(Path(folder)))
            measure(options)
    else:
        measure(options)


def measure(options: argparse.Namespace) -> None:
    """Run the cases and print the table."""
    settings = {
        "steps": options.steps, "skip": options.skip, "batch_size": options.batch_size,
        "rows": options.rows, "held": options.held,
    }  # fmt: skip
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in options.only}
    for _ in range(options.rounds):
        for seed in options.seeds:
            for name in options.only:
                one = run(name, {**settings, "seed": seed})
                found[name].append(one)
                print(f"{name}: {one['tokens_per_s']:.0f} tokens/s", file=sys.stderr, flush=True)
    print(f"{options.steps} steps of {options.batch_size} rows; {machine()}\n")
    print("| case | tokens/s | bounds | of the ceiling | peak MiB | validation loss |")
    print("|---|---|---|---|---|---|")
    for name, results in found.items():
        rates = [one["tokens_per_s"] for one in results]
        shares = [one["ceiling_share"] for one in results if one.get("ceiling_share")]
        share = f"{statistics.median(shares):.0%}" if shares else ""
        losses = " ".join(f"{one['validation_loss']:.3f}" for one in results)
        print(
            f"| {name} | {statistics.median(rates):.0f} | {min(rates):.0f}–{max(rates):.0f} "
            f"| {share} | {max(one['peak_memory_mib'] for one in results):,.0f} | {losses} |"
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
