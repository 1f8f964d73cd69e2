"""Peak memory and time of finding duplicates among many short rows.

    python benchmarks/duplicates.py --rows 1000000

Rows are made from a seed: a question of 6 to 12 words and an answer of 12 to 40, drawn from 20,000
invented words; one row in ten is an exact copy of an earlier one, one in ten a copy with one or two
words changed. They are written as parts of the run cache; then a fresh process finds the duplicates
and writes the rows that stay, and its peak resident memory, its seconds and its removals are
printed as one line of JSON. Making the rows is not measured.

With `--new 0.01` the rows that stay are taken as an earlier dataset version instead, whose index is
written once (measured apart); then so many more rows, a third of them near copies of the version's,
are held against it. The seconds are those of these new rows alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from tunesmith import ledger, record
from tunesmith.dedup.clusters import find
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.earlier import EarlierRows, write_delta
from tunesmith.dedup.index import READS
from tunesmith.step import Outcome, StepCount
from tunesmith.store.cache import Stage
from tunesmith.worker import peak_memory_mib

PART_ROWS = 16_384


def make(folder: Path, rows: int, seed: int) -> None:
    """Write the rows as a finished stage."""
    dice = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(dice.choice(letters, dice.integers(3, 10))) for _ in range(20_000)]
    stage = Stage(folder)
    folder.mkdir(parents=True)
    empty = record.empty()
    pool: list[tuple[str, str]] = []
    for number, start in enumerate(range(0, rows, PART_ROWS)):
        texts = []
        for _ in range(min(PART_ROWS, rows - start)):
            draw = dice.random()
            if pool and draw < 0.2:
                question, answer = pool[dice.integers(len(pool))]
                if draw < 0.1:
                    changed = answer.split()
                    changed[dice.integers(len(changed))] = words[dice.integers(20_000)]
                    answer = " ".join(changed)
            else:
                drawn = dice.integers(20_000, size=dice.integers(18, 52))
                cut = len(drawn) // 4
                question = " ".join([words[place] for place in drawn[:cut]])
                answer = " ".join([words[place] for place in drawn[cut:]])
            texts.append((question, answer))
        pool = (pool + texts[:: max(1, PART_ROWS // 2_000)])[-50_000:]
        frame = pl.DataFrame(texts, schema=["question", "answer"], orient="row").with_columns(
            id=pl.format(
                "row{}", pl.arange(start, start + len(texts)).cast(pl.String).str.zfill(17)
            ),
            kind=pl.lit("qa"),
            source=pl.lit("made"),
            quality_score=pl.Series(dice.random(len(texts))),
        )
        frame = pl.concat([empty, frame], how="diagonal").select(empty.columns)
        stage.write(number, Outcome(frame, ledger.empty(), []))
    stage.finish(number + 1)


def measure(folder: Path) -> None:
    """Find the duplicates of a stage and print what it took."""
    rows = Stage(folder / "rows")
    out = Stage(folder / "unique")
    shutil.rmtree(out.folder, ignore_errors=True)
    out.folder.mkdir()
    base = int(peak_memory_mib())
    started, cpu = time.perf_counter(), time.process_time()
    found = find(rows, DedupConfig(), out.folder / "index")
    searched = time.perf_counter() - started
    spilled = sum(path.stat().st_size for path in (out.folder / "index").iterdir())
    for number in range(len(rows)):
        frame, fates = found.outcome(number)
        out.write(number, Outcome(frame, fates, [StepCount("dedup", frame.height, frame.height)]))
    out.finish(len(rows))
    count = int(found.offsets[-1])
    print(
        json.dumps(
            {
                "rows": count,
                "stay": int(found.stays.sum()),
                "search_s": round(searched, 1),
                "whole_s": round(time.perf_counter() - started, 1),
                "cpu_us_per_row": round((time.process_time() - cpu) / count * 1e6, 1),
                "before_mib": base,
                "peak_mib": int(peak_memory_mib()),
                "spilled_bytes_per_row": round(spilled / count),
            }
        )
    )


def measure_new(folder: Path, share: float) -> None:
    """Hold new rows against the rows that stay as an earlier version."""
    rows = Stage(folder / "unique")
    config = DedupConfig(against_versions=True)
    version = pl.concat([rows.frame(number, READS) for number in range(len(rows))])
    target = folder / "version"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    started = time.perf_counter()
    write_delta(target, version, config, EarlierRows([]))
    indexed = time.perf_counter() - started
    count = int(version.height * share)
    first = rows.frame(0).head(0)
    fresh = Stage(folder / "new")
    shutil.rmtree(fresh.folder, ignore_errors=True)
    new = pl.concat(
        [first, version[:: max(1, version.height // count)]], how="diagonal"
    ).with_columns(
        id=pl.format("new{}", pl.arange(pl.len())),
        kind=pl.lit("qa"),
        source=pl.lit("made"),
        answer=pl.when(pl.arange(pl.len()) % 3 == 0)
        .then(pl.format("{} indeed", "answer"))
        .otherwise(pl.col("answer").str.split(" ").list.reverse().list.join(" ")),
    )
    fresh.folder.mkdir()
    fresh.write(0, Outcome(new.select(first.columns), ledger.empty(), []))
    fresh.finish(1)
    find(fresh, config, folder / "new" / "warm", earlier=EarlierRows([target]))
    started = time.perf_counter()
    found = find(fresh, config, folder / "new" / "index", earlier=EarlierRows([target]))
    found.outcome(0)
    told = {
        "version_rows": version.height,
        "index_s": round(indexed, 1),
        "new_rows": new.height,
        "merged": int((~found.stays).sum()),
        "new_s": round(time.perf_counter() - started, 2),
        "peak_mib": int(peak_memory_mib()),
    }
    print(json.dumps(told))


def main() -> None:
    """Make the rows where they are missing, and measure in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-duplicates"))
    parser.add_argument("--measure", action="store_true", help="only measure what is in the folder")
    parser.add_argument("--new", type=float, help="share of new rows against an earlier version")
    given = parser.parse_args()
    folder = given.folder / str(given.rows)
    if given.measure:
        measure(folder)
        if given.new is not None:
            measure_new(folder, given.new)
        return
    if not (folder / "rows" / "done.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        make(folder / "rows", given.rows, seed=7)
    again = [sys.executable, __file__, "--measure", "--rows", str(given.rows)]
    share = [] if given.new is None else ["--new", str(given.new)]
    subprocess.run([*again, "--folder", str(given.folder), *share], check=True)


if __name__ == "__main__":
    main()
