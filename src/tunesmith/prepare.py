"""Preparing data: from files to a versioned dataset, every row accounted for.

The stages are cached under the fingerprint of what they depend on. Checking comes before
de-duplication on purpose: a duplicate may only stand for others if it is good enough to stay.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith import ledger, record
from tunesmith.clean.boilerplate import line_table, recurring
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.collect.base import CHUNK_ROWS, Chunk, Place, Source
from tunesmith.dedup.clusters import deduplicate
from tunesmith.engine import Engine, LocalEngine
from tunesmith.errors import QualityGateError, SourceError
from tunesmith.io import atomic_write, file_sha256, fingerprint, write_jsonl
from tunesmith.progress import Progress
from tunesmith.prompting.example import Example
from tunesmith.recipe import LoadedRecipe, Recipe
from tunesmith.split import PAIRS, SPLITS, split
from tunesmith.step import Outcome, Step, StepCount
from tunesmith.store import cache
from tunesmith.store.cache import RunCache, Stage
from tunesmith.store.versions import Version, write_version


@dataclass
class Prepared:
    """What preparing the data gave."""

    frame: pl.DataFrame
    """The rows that were kept, with their split."""
    ledger: pl.DataFrame
    """The fate of every row."""
    counts: dict[str, int]
    """Rows by fate."""
    version: Version
    """The dataset's version."""
    steps: list[StepCount]
    """What each step did."""
    sources: list[dict[str, Any]]
    """What each source gave."""
    leaks: Counter[str]
    """Personal data that the scan after the last step found (none, or the run has failed)."""
    near_sizes: list[int]
    """The sizes of the clusters of near duplicates."""
    timings_s: dict[str, float] = field(default_factory=dict)
    """Seconds by stage; of a stage that was taken from the cache, those of reading it."""

    def examples(self, name: str) -> list[Example]:
        """The question/answer pairs of a split."""
        rows = self.frame.filter((pl.col("split") == name) & (pl.col("kind") == "qa"))
        columns = ("id", "question", "answer", "category", "customer", "thread")
        return [
            Example(row[0], row[1], row[2], row[3], row[4] or row[5])
            for row in rows.select(columns).iter_rows()
        ]


def prepare(loaded: LoadedRecipe, out: Path, progress: Progress) -> Prepared:
    """Collect, clean, check, de-duplicate, split, scan and publish.

    Raises:
        SourceError: A source cannot be read, or gives no row.
        ConservationError: A row was lost (a bug).
        QualityGateError: Personal data is left after masking.
    """
    timings: dict[str, float] = {}
    run = Preparation(loaded, RunCache(out / "work"), progress, timings)
    collected = run.collect()
    rows = run.clean_and_check(collected)
    unique, near_sizes = run.merge_duplicates(rows)
    frame = run.deal(unique)
    leaks = run.scan_for_leaks(frame)
    fates = run.account_for(collected, rows, unique, frame)
    counts = ledger.conserve(fates, collected=run.collected_rows)
    write_parquet(out / "ledger.parquet", fates)
    version = run.publish(out, frame, counts)
    run.cache.prune()
    steps = rows.counts()
    return Prepared(frame, fates, counts, version, steps, run.sources, leaks, near_sizes, timings)


class Preparation:
    """The stages of one run, each of which takes what the one before gave."""

    def __init__(
        self,
        loaded: LoadedRecipe,
        store: RunCache,
        progress: Progress,
        timings: dict[str, float],
    ) -> None:
        self.recipe, self.base = loaded.recipe, loaded.base
        self.cache, self.progress, self.timings = store, progress, timings
        self.loaded = loaded
        self.engine: Engine = LocalEngine(self.recipe.workers)
        self.sources: list[dict[str, Any]] = []
        self.collected_rows = 0
        self.boilerplate: dict[str, tuple[str, ...]] = {}

    # ── collect ──────────────────────────────────────────────────────────────────────────────

    def collect(self) -> list[Stage]:
        """Read every file that is not in the cache; one stage a file."""
        started = time.perf_counter()
        places = [
            (source, path) for source in self.recipe.sources for path in source.files(self.base)
        ]
        stages = []
        with self.progress.stage("collect", total=len(places)) as stage:
            for source, path in places:
                stages.append(self._collect_file(source, path))
                self._count_source(source, stages[-1])
                stage.advance(note=f"{self.collected_rows:,} rows")
        self.timings["collect"] = time.perf_counter() - started
        for counted in self.sources:
            if counted["rows"] == 0:
                raise SourceError(
                    f"no row could be read ({counted['quarantined']} quarantined)",
                    where=f"source '{counted['source']}'",
                    todo="look at the reasons with: tunesmith check RECIPE",
                )
        return stages

    def _collect_file(self, source: Source, path: Path) -> Stage:
        name = display_name(path, source, self.base)
        identity = {
            "format": cache.FORMAT,
            "source": source.model_dump(mode="json", exclude={"path"}),
            "file": name,
            "sha256": file_sha256(path),
        }
        stage = self.cache.stage("collect", fingerprint(identity))
        if not stage.done:
            place = Place(path, name, collection_time())
            kept = bad = 0

            def outcomes() -> Iterator[Outcome]:
                nonlocal kept, bad
                for chunk in source.read(place):
                    kept += chunk.frame.height
                    bad += chunk.fates.height
                    yield _as_outcome(chunk)

            parts = cache.fill(stage, outcomes())
            stage.finish(parts, {"rows": kept, "quarantined": bad})
        return stage

    def _count_source(self, source: Source, stage: Stage) -> None:
        if not self.sources or self.sources[-1]["source"] != source.name:
            self.sources.append(
                {
                    "source": source.name,
                    "kind": getattr(source, "kind", ""),
                    "license": source.license,
                    "files": 0,
                    "rows": 0,
                    "quarantined": 0,
                }
            )
        mine, summary = self.sources[-1], stage.summary
        mine["files"] += 1
        mine["rows"] += summary["rows"]
        mine["quarantined"] += summary["quarantined"]
        self.collected_rows += summary["rows"] + summary["quarantined"]

    # ── clean and check ──────────────────────────────────────────────────────────────────────

    def row_steps(self) -> list[Step]:
        """The steps that look at one row at a time, in order."""
        return row_steps(self.recipe, self.boilerplate)

    def clean_and_check(self, collected: list[Stage]) -> Stage:
        """Run the row steps over everything that was collected."""
        started = time.perf_counter()
        self._find_boilerplate(collected)
        steps = self.row_steps()
        stage = self._row_stage("rows", collected, steps)
        if not stage.done:
            stage.finish(self._work(stage, "clean and check", steps, collected, lambda done: done))
        self.timings["clean and check"] = time.perf_counter() - started
        return stage

    def _find_boilerplate(self, collected: list[Stage]) -> None:
        """Find the lines that recur across a source, when the recipe asks for it."""
        config = self.recipe.clean.boilerplate
        if config is None:
            return
        steps = self.recipe.clean.mending()
        settings = config.model_dump(mode="json")
        stage = self._row_stage("lines", collected, steps, boilerplate=settings)
        if not stage.done:

            def lines(done: Outcome) -> Outcome:
                return Outcome(line_table(done.frame, config), done.fates, done.counts)

            parts = self._work(stage, "find boilerplate", steps, collected, lines)
            found = recurring(lambda: map(stage.frame, range(parts)), config)
            stage.finish(parts, {"boilerplate": found})
        found = stage.summary["boilerplate"]
        self.boilerplate = {source: tuple(lines) for source, lines in found.items()}

    def _row_stage(
        self, name: str, collected: list[Stage], steps: list[Step], **more: object
    ) -> Stage:
        identity = {
            "format": cache.FORMAT,
            "inputs": [stage.folder.name for stage in collected],
            "steps": [step.identity() for step in steps],
        }
        return self.cache.stage(name, fingerprint(identity | more))

    def _work(
        self,
        stage: Stage,
        title: str,
        steps: list[Step],
        collected: list[Stage],
        finish: Callable[[Outcome], Outcome],
    ) -> int:
        """Fill a stage from its first missing part on; returns the number of its parts."""
        done = 0
        while stage.has(done):
            done += 1
        rows = sum(source["rows"] for source in self.sources)
        with self.progress.stage(title, total=rows) as bar:
            heights: list[int] = []

            def batches() -> Iterator[pl.DataFrame]:
                for part, frame in enumerate(_frames(collected)):
                    if part >= done:
                        heights.append(frame.height)
                        yield frame
                    else:
                        bar.advance(frame.height)

            number = done
            for outcome in self.engine.map(steps, batches()):
                stage.write(number, finish(outcome))
                bar.advance(heights[number - done])
                number += 1
        return number

    # ── de-duplicate and split ───────────────────────────────────────────────────────────────

    def merge_duplicates(self, rows: Stage) -> tuple[Stage, list[int]]:
        """Merge duplicates; gives the rows that stay and the sizes of near clusters."""
        started = time.perf_counter()
        identity = {
            "format": cache.FORMAT,
            "input": rows.folder.name,
            "dedup": self.recipe.dedup.model_dump(mode="json"),
        }
        stage = self.cache.stage("unique", fingerprint(identity))
        if not stage.done:
            with self.progress.stage("find duplicates", total=1) as bar:
                frame = pl.concat(rows.frames(), rechunk=True)
                merged = deduplicate(frame, self.recipe.dedup)
                seconds = time.perf_counter() - started
                count = StepCount("dedup", frame.height, merged.frame.height, seconds=seconds)
                stage.write(0, Outcome(merged.frame, merged.fates, [count]))
                bar.advance(note=f"{merged.fates.height:,} merged")
            stage.finish(1, {"near_sizes": merged.near_sizes})
        self.timings["find duplicates"] = time.perf_counter() - started
        sizes: list[int] = stage.summary["near_sizes"]
        return stage, sizes

    def deal(self, unique: Stage) -> pl.DataFrame:
        """Deal the rows to splits."""
        started = time.perf_counter()
        frame = unique.frame(0)
        with self.progress.stage("split", total=1) as bar:
            dedup = self.recipe.dedup
            merged = (
                dedup.near is not None
                and dedup.near.threshold <= PAIRS.threshold
                and {"question", "answer"} <= set(dedup.columns)
            )
            dealt = split(frame, self.recipe.split, seed=self.recipe.seed, merged=merged)
            bar.advance()
        self.timings["split"] = time.perf_counter() - started
        return frame.with_columns(dealt)

    # ── scan, account, publish ───────────────────────────────────────────────────────────────

    def scan_for_leaks(self, frame: pl.DataFrame) -> Counter[str]:
        """Look for personal data once more; any that is left fails the run."""
        started = time.perf_counter()
        with self.progress.stage("scan for leaks", total=frame.height) as bar:
            leaks, places = scan(frame, self.recipe.clean.personal_data)
            bar.advance(frame.height)
        self.timings["scan for leaks"] = time.perf_counter() - started
        if leaks:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(leaks.items()))
            raise QualityGateError(
                f"personal data is left after the last step: {kinds} in {', '.join(places)}",
                where="leak scan",
                todo="nothing was published; look for a terminology entry or a column that brings "
                "it back, or add what is not personal to clean.personal_data.allow",
            )
        return leaks

    def account_for(
        self, collected: list[Stage], rows: Stage, unique: Stage, frame: pl.DataFrame
    ) -> pl.DataFrame:
        """The ledger: the fate of every row that was collected."""
        kept = ledger.fates(frame, step="publish", fate="kept", split=frame.get_column("split"))
        parts = [stage.fates() for stage in collected]
        return pl.concat([*parts, rows.fates(), unique.fates(), kept]).sort(
            "source", "file", "line", "id", nulls_last=True
        )

    def publish(self, out: Path, frame: pl.DataFrame, counts: dict[str, int]) -> Version:
        """Write the exports and the dataset version."""
        started = time.perf_counter()
        with self.progress.stage("publish", total=1) as bar:
            export(out / "export", frame)
            version = write_version(
                out / "dataset",
                frame,
                recipe=self.loaded.as_run(),
                lineage={
                    "counts": counts,
                    "recipe": self.recipe.fingerprint(),
                    "rows_stage": [step.identity() for step in self.row_steps()],
                    "sources": self.sources,
                },
            )
            bar.advance()
        self.timings["publish"] = time.perf_counter() - started
        return version


def row_steps(recipe: Recipe, boilerplate: dict[str, tuple[str, ...]]) -> list[Step]:
    """The steps that look at one row at a time, in order.

    Args:
        recipe: The recipe.
        boilerplate: By source, the lines that recur.
    """
    personal = {
        source.name: list(getattr(source, "personal_columns", [])) for source in recipe.sources
    }
    named = {name: columns for name, columns in personal.items() if columns}
    return [*recipe.clean.steps(named, boilerplate), *recipe.check.steps()]


def collection_time() -> datetime:
    """Now, or the moment in `SOURCE_DATE_EPOCH` (reproducible-builds.org), in whole seconds."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is not None:
        return datetime.fromtimestamp(int(fixed), UTC)
    return datetime.now(UTC).replace(microsecond=0)


def display_name(path: Path, source: Source, base: Path) -> str:
    """A file's name in records: relative to the recipe's folder, or to what the source names.

    The folders above are left out: they may hold a user's name.
    """
    if path.resolve().is_relative_to(base.resolve()):
        return path.resolve().relative_to(base.resolve()).as_posix()
    given = Path(source.path).expanduser()
    root = given if given.is_absolute() else base / given
    if root.is_dir():
        return (Path(root.name) / path.relative_to(root)).as_posix()
    return path.name


def scan(frame: pl.DataFrame, detector: MaskPersonalData) -> tuple[Counter[str], list[str]]:
    """Look for personal data in every text of a frame.

    Returns:
        How much of each kind there is, and the columns it is in.
    """
    total: Counter[str] = Counter()
    places: list[str] = []
    columns: dict[str, pl.Series] = {}
    for name, kind in frame.schema.items():
        if kind == pl.String:
            columns[name] = frame.get_column(name)
        elif kind == pl.List(pl.String):
            columns[name] = frame.get_column(name).explode()
        elif kind == record.EXTRA:
            pairs = frame.get_column(name).explode().struct
            columns[f"{name} (names)"] = pairs.field("key")
            columns[f"{name} (values)"] = pairs.field("value")
    for name, texts in columns.items():
        found = detector.scan(texts.drop_nulls())
        if found:
            total += found
            places.append(name)
    return total, places


def export(folder: Path, frame: pl.DataFrame) -> None:
    """Write the dataset as JSONL: the standard format, chat messages, and Alpaca rows.

    `standard/SPLIT.jsonl` for every split, pages as `knowledge`; `chat/` and `alpaca/` for the
    splits of question/answer pairs.
    """
    for (name,), rows in sorted(frame.partition_by("split", as_dict=True).items()):
        split_rows = list(rows.iter_rows(named=True))
        write_jsonl(folder / "standard" / f"{name}.jsonl", map(record.to_standard, split_rows))
        if name not in SPLITS:
            continue
        pairs = [(row["question"], row["answer"]) for row in split_rows]
        write_jsonl(
            folder / "chat" / f"{name}.jsonl",
            (
                {
                    "messages": [
                        {"role": "user", "content": question},
                        {"role": "assistant", "content": answer},
                    ]
                }
                for question, answer in pairs
            ),
        )
        write_jsonl(
            folder / "alpaca" / f"{name}.jsonl",
            (
                {"instruction": question, "input": "", "output": answer}
                for question, answer in pairs
            ),
        )


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as Parquet, atomically."""
    with atomic_write(path) as file:
        frame.write_parquet(file, compression="zstd")


def _frames(stages: list[Stage]) -> Iterator[pl.DataFrame]:
    """The collected rows in batches of about `CHUNK_ROWS`, small files put together."""
    waiting: list[pl.DataFrame] = []
    rows = 0
    for stage in stages:
        for frame in stage.frames():
            if waiting and rows + frame.height > CHUNK_ROWS:
                yield pl.concat(waiting)
                waiting, rows = [], 0
            waiting.append(frame)
            rows += frame.height
    if waiting:
        yield pl.concat(waiting)


def _as_outcome(chunk: Chunk) -> Outcome:
    return Outcome(chunk.frame, chunk.fates, [])
