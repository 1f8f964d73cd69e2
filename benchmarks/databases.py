"""Rows per second of the drivers that read databases, as the blocks that a run collects from.

    python -m benchmarks.databases sqlite:///bench.db [--rows 200000] [--fill]
    PW=… python -m benchmarks.databases 'postgresql://me:${PW}@127.0.0.1/bench' --fill

With `--fill` the table `bench` is made first (seven columns, about 300 bytes a row). Each driver
reads in turn, three times; the best is shown.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

DRIVERS = ("sqlalchemy", "adbc")


def fill(url: str, rows: int) -> None:
    """Make the table."""
    from sqlalchemy import create_engine, text

    from tunesmith.collect.tables.address import address

    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).touch()
    engine = create_engine(address(url, Path.cwd()))
    insert = text("INSERT INTO bench VALUES (:id, :q, :a, :price, :open, :at, :note)")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bench"))
        connection.execute(
            text(
                "CREATE TABLE bench (id BIGINT PRIMARY KEY, question TEXT, answer TEXT, "
                "price NUMERIC(10,2), open BOOLEAN, at TIMESTAMP, note TEXT)"
            )
        )
        for start in range(0, rows, 5_000):
            connection.execute(
                insert, [_row(number) for number in range(start, min(rows, start + 5_000))]
            )
    engine.dispose()


def _row(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "q": f"question {number}: " + "where is my parcel? " * 5,
        "a": f"answer {number}: " + "it is on its way to you. " * 5,
        "price": number % 997 / 4,
        "open": number % 2 == 0,
        "at": f"2026-01-01 {number % 24:02}:{number % 60:02}:00",
        "note": None if number % 3 else "a note",
    }


def main() -> None:
    """Measure and print."""
    from tunesmith.collect.tables import DatabaseSource
    from tunesmith.collect.tables.blocks import Blocks

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--fill", action="store_true")
    given = parser.parse_args()
    if given.fill:
        fill(given.url, given.rows)
    best: dict[str, float] = {}
    rows = 0
    for _ in range(3):
        for driver in DRIVERS:
            source = DatabaseSource(
                name="bench", url=given.url, table="bench", key="id", driver=driver,
                text="{question}",
            )  # fmt: skip
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                source.gather(Path.cwd(), Path(folder))
                seconds = time.perf_counter() - start
                rows = sum(frame.height for frame in Blocks(Path(folder)).frames())
            best[driver] = min(best.get(driver, seconds), seconds)
    for driver, seconds in best.items():
        print(f"{driver:12} {rows / seconds:12,.0f} rows/s  {seconds:6.2f} s")


if __name__ == "__main__":
    main()
