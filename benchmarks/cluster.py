"""De-duplication on a Ray cluster beside one process: seconds, memory, bytes, and the same rows.

    python benchmarks/cluster.py --rows 1000000 --nodes 2

The rows are those of `benchmarks/duplicates.py`. A cluster of so many nodes, one core each, is
started on this machine; then the same stage is searched by one process and by the cluster, each in
a fresh process, and one line of JSON is printed for each. `driver_cpu_s` and `driver_peak_mib` are
those of the process that joins the edges; the CPU time of the cluster's workers is the growth of
their processes' time. `links` is a digest of what was found: equal on both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from duplicates import make
from tunesmith.dedup.clusters import Found, find
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.spread import Layout, Spread
from tunesmith.engine import RayConfig, RayEngine
from tunesmith.store.cache import Stage
from tunesmith.worker import peak_memory_mib


def digest(found: Found) -> str:
    """Tells two outcomes apart."""
    state = hashlib.sha256(np.packbits(found.stays).tobytes())
    for removal in found.removals:
        for values in (removal.rows, removal.similarity, removal.matched, removal.kept):
            if values is not None:
                state.update(values.tobytes())
    return state.hexdigest()[:12]


def told(found: Found, folder: Path, started: float, cpu: float) -> dict[str, Any]:
    """What a search took."""
    sizes: dict[str, int] = {}
    for path in folder.iterdir():
        kind = path.name.split("-")[0].split(".")[0]
        sizes[kind] = sizes.get(kind, 0) + path.stat().st_size
    rows = int(found.offsets[-1])
    return {
        "rows": rows,
        "stay": int(found.stays.sum()),
        "links": digest(found),
        "search_s": round(time.perf_counter() - started, 1),
        "driver_cpu_s": round(time.process_time() - cpu, 1),
        "driver_peak_mib": int(peak_memory_mib()),
        "bytes_per_row": {
            name: round(size / rows, 1) for name, size in sorted(sizes.items()) if size >= rows / 10
        },
    }


def alone(rows: Stage, folder: Path) -> dict[str, Any]:
    """One process."""
    started, cpu = time.perf_counter(), time.process_time()
    return told(find(rows, DedupConfig(), folder), folder, started, cpu)


def spread(rows: Stage, folder: Path, address: str) -> dict[str, Any]:
    """The cluster."""
    layout = Layout(rows=rows.folder, folder=folder, config=DedupConfig(), base=folder)
    with RayEngine(RayConfig(address=address), folder) as engine:
        before = workers_cpu()
        started, cpu = time.perf_counter(), time.process_time()
        found = find(rows, DedupConfig(), folder, spread=Spread(engine, layout, len(rows)))
        figures = told(found, folder, started, cpu)
        return figures | {"workers_cpu_s": round(workers_cpu() - before, 1)}


def workers_cpu() -> float:
    """CPU seconds of all worker processes of Ray on this machine."""
    total = 0.0
    for process in psutil.process_iter(["cmdline", "cpu_times"]):
        if (process.info["cmdline"] or [""])[0].startswith("ray::"):
            times = process.info["cpu_times"]
            total += times.user + times.system
    return total


def main() -> None:
    """Make the rows where they are missing, and measure each way in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-duplicates"))
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    home = (given.folder / str(given.rows)).resolve()
    rows = Stage(home / "rows")
    if given.measure is not None:
        folder = home / "cluster"
        shutil.rmtree(folder, ignore_errors=True)
        found = (
            alone(rows, folder) if given.measure == "alone" else spread(rows, folder, given.measure)
        )
        print(json.dumps({"where": given.measure and given.measure.split(":")[0]} | found))
        return
    if not rows.done:
        shutil.rmtree(home, ignore_errors=True)
        make(home / "rows", given.rows, seed=7)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    again = [sys.executable, __file__, "--rows", str(given.rows), "--folder", str(given.folder)]
    subprocess.run([*again, "--measure", "alone"], check=True)
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    for _ in range(given.nodes - 1):
        cluster.add_node(num_cpus=1)
    try:
        subprocess.run([*again, "--measure", cluster.address], check=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
