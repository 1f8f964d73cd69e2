"""Preparing data: from files to a versioned dataset, every row accounted for.

The stages are cached under the fingerprint of what they depend on. Checking comes before
de-duplication on purpose: a duplicate may only stand for others if it is good enough to stay.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from tunesmith import ledger, record
from tunesmith.check.perplexity import SCORES, Perplexity
from tunesmith.clean.boilerplate import BoilerplateConfig, RemoveBoilerplate, recurring
from tunesmith.clean.people import GatherPeople, KnownPeople, SharedThreads
from tunesmith.clean.task import ApplySteps
from tunesmith.collect.base import CHUNK_ROWS, Source
from tunesmith.collect.task import CollectFile
from tunesmith.dedup import fields
from tunesmith.dedup.against import read as read_set
from tunesmith.dedup.clusters import Found, find
from tunesmith.dedup.earlier import EarlierRows, write_delta
from tunesmith.dedup.forest import Forests
from tunesmith.dedup.index import VERSION as DEDUP_VERSION
from tunesmith.dedup.near import NearConfig
from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.semantic import StaticEmbedder
from tunesmith.dedup.spread import Layout, Spread
from tunesmith.dedup.texts import VERSION as TEXTS_VERSION
from tunesmith.dedup.texts import IndexTexts, Texts
from tunesmith.engine import Engine, LocalEngine, RayEngine, Task
from tunesmith.errors import QualityGateError, SourceError, TunesmithError
from tunesmith.evaluate import perplexity
from tunesmith.hashing import text_hashes
from tunesmith.io import atomic_write, file_sha256, fingerprint, read_json, write_bytes, write_json
from tunesmith.models import resolve
from tunesmith.progress import Progress
from tunesmith.prompting.example import Example
from tunesmith.recipe import LoadedRecipe, Recipe
from tunesmith.scan import VERSION as SCAN_VERSION
from tunesmith.scan import ScanPart
from tunesmith.split import PAIRS, PROTECTED, SPLITS, Alike, near_questions, split
from tunesmith.step import Outcome, Step, StepCount, apply
from tunesmith.store import cache, vault
from tunesmith.store.cache import RunCache, Stage
from tunesmith.store.digests import VERSION as DIGESTS_VERSION
from tunesmith.store.digests import DigestPart, combined
from tunesmith.store.export import VERSION as EXPORT_VERSION
from tunesmith.store.export import ExportPart, export
from tunesmith.store.kept import Kept
from tunesmith.store.parts import Part, gathered, rows_in
from tunesmith.store.secret import secret
from tunesmith.store.versions import Version, VersionPart, read_version, versions, write_version

#: What is reported of repetition within fields, each with a file of that name in the run folder:
#: one question with different answers, and one answer to different questions.
WITHIN_FIELDS = ("conflicts", "templates")


@dataclass
class Prepared:
    """What preparing the data gave."""

    rows: Kept
    """The rows that were kept, with their split, part by part, until the next run."""
    table: Path
    """The dataset's table."""
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
    within_fields: dict[str, Any] = field(default_factory=dict)
    """Counts and identifiers of what repeats within fields; see `WITHIN_FIELDS`."""

    @property
    def frame(self) -> pl.DataFrame:
        """The rows that were kept, with their split, in memory all at once."""
        return read_version(self.table, self.version.number)

    def examples(self, name: str) -> list[Example]:
        """The question/answer pairs of a split."""
        columns = ("id", "question", "answer", "category", "customer", "thread")
        wanted = (pl.col("split") == name) & (pl.col("kind") == "qa")
        return [
            Example(row[0], row[1], row[2], row[3], row[4] or row[5])
            for frame in self.rows.frames([*columns, "kind", "split"])
            for row in frame.filter(wanted).select(columns).iter_rows()
        ]


def prepare(loaded: LoadedRecipe, out: Path, progress: Progress) -> Prepared:
    """Collect, clean, check, de-duplicate, split, scan and publish.

    Raises:
        SourceError: A source cannot be read, or gives no row.
        ConservationError: A row was lost (a bug).
        QualityGateError: Personal data is left after masking.
    """
    if loaded.recipe.check.perplexity is not None:
        perplexity.require()
    if loaded.recipe.clean.personal_data.vault:
        vault.require()
    store = RunCache(out / "work")
    with opened_engine(loaded.recipe, store.folder) as engine:
        return _prepare(
            Preparation(loaded, store, progress, {}, table=out / "dataset", engine=engine), out
        )


@contextmanager
def opened_engine(recipe: Recipe, folder: Path) -> Iterator[Engine]:
    """The engine that the recipe names, ready to work and closed again.

    Args:
        recipe: Names it.
        folder: The run's work folder.

    Raises:
        MissingExtraError: The engine is not installed.
        ClusterError: The cluster cannot be reached, or cannot do the work.
    """
    if recipe.engine == "local":
        yield LocalEngine(recipe.workers)
        return
    # Machines have secrets of their own otherwise, and pseudonyms that differ.
    environment = {"TUNESMITH_SECRET": secret().decode()}
    with RayEngine(recipe.ray, folder, workers=recipe.workers, environment=environment) as engine:
        yield engine


def _prepare(run: Preparation, out: Path) -> Prepared:
    collected = run.collect()
    checked = [run.clean_and_check(collected)]
    if run.recipe.check.perplexity is not None:
        checked.append(run.judge_perplexity(checked[0], run.recipe.check.perplexity))
    unique, near_sizes = run.merge_duplicates(checked[-1])
    kept = run.deal(unique)
    leaks = run.scan_for_leaks(unique)
    within = {name: unique.summary[name] for name in WITHIN_FIELDS}
    for name in WITHIN_FIELDS:
        write_bytes(out / f"{name}.parquet", (unique.folder / f"{name}.parquet").read_bytes())
    fates = run.account_for([*collected, *checked, unique], kept)
    counts = ledger.conserve(fates, collected=run.collected_rows)
    write_parquet(out / "ledger.parquet", fates)
    version = run.publish(out, kept, counts)
    vault.publish(checked[0].vaults(), out / "vault")
    run.cache.prune()
    steps = [count for stage in checked for count in stage.counts()]
    return Prepared(
        kept,
        run.table,
        fates,
        counts,
        version,
        steps,
        run.sources,
        leaks,
        near_sizes,
        run.timings,
        within,
    )


class Preparation:
    """The stages of one run, each of which takes what the one before gave."""

    def __init__(
        self,
        loaded: LoadedRecipe,
        store: RunCache,
        progress: Progress,
        timings: dict[str, float],
        *,
        table: Path,
        engine: Engine | None = None,
    ) -> None:
        self.recipe, self.base = loaded.recipe, loaded.base
        self.cache, self.progress, self.timings = store, progress, timings
        self.loaded, self.table = loaded, table
        self.earlier: list[Version] = []
        self.checked = ""
        self.rows: Stage | None = None
        self.splits_from: dict[str, Any] | None = None
        self.had = pl.Series("had", [], dtype=pl.String)
        self.engine: Engine = engine or LocalEngine(self.recipe.workers)
        self.cluster = self.engine if isinstance(self.engine, RayEngine) else None
        self.sources: list[dict[str, Any]] = []
        self.collected_rows = 0
        self.boilerplate: dict[str, tuple[str, ...]] = {}
        self.source_of: dict[str, str] = {}

    # ── collect ──────────────────────────────────────────────────────────────────────────────

    def collect(self) -> list[Stage]:
        """Read every file that is not in the cache; one stage a file."""
        started = time.perf_counter()
        places = [
            (source, path) for source in self.recipe.sources for path in source.files(self.base)
        ]
        with self.progress.stage("collect", total=len(places)) as bar:
            stages = [self._file_stage(source, path) for source, path in places]
            for (source, _), stage in zip(places, stages, strict=True):
                self.source_of[stage.folder.name] = source.name
            waiting = [
                (number, self._collecting(source, path, stage))
                for number, ((source, path), stage) in enumerate(zip(places, stages, strict=True))
                if not stage.done
            ]
            done = self._each([task for _, task in waiting])
            numbers = {number for number, _ in waiting}
            for number, ((source, _), stage) in enumerate(zip(places, stages, strict=True)):
                if number in numbers:
                    next(done)
                self._count_source(source, stage)
                bar.advance(note=f"{self.collected_rows:,} rows")
        self.timings["collect"] = time.perf_counter() - started
        for counted in self.sources:
            if counted["rows"] == 0:
                raise SourceError(
                    f"no row could be read ({counted['quarantined']} quarantined)",
                    where=f"source '{counted['source']}'",
                    todo="look at the reasons with: tunesmith check RECIPE",
                )
        return stages

    def _file_stage(self, source: Source, path: Path) -> Stage:
        identity = {
            "format": cache.FORMAT,
            "source": source.model_dump(mode="json", exclude={"path"}),
            "file": display_name(path, source, self.base),
            "sha256": file_sha256(path),
        }
        return self.cache.stage("collect", fingerprint(identity))

    def _collecting(self, source: Source, path: Path, stage: Stage) -> CollectFile:
        return CollectFile(
            source=source,
            path=path.resolve(),
            name=display_name(path, source, self.base),
            collected_at=collection_time(),
            folder=stage.folder.resolve(),
        )

    def _each(self, tasks: Sequence[Task]) -> Iterator[int]:
        """Run tasks where the work is done: on the cluster, or here one after the other."""
        if self.cluster is not None:
            return self.cluster.run(tasks)
        return (task.run() for task in tasks)

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

    def all_steps(self) -> list[Step]:
        """The steps before de-duplication, in order, the one that sees all rows at once too."""
        last = self.recipe.check.perplexity
        return self.row_steps() if last is None else [*self.row_steps(), last]

    def clean_and_check(self, collected: list[Stage]) -> Stage:
        """Run the row steps over everything that was collected."""
        started = time.perf_counter()
        groups = gathered(collected, CHUNK_ROWS)
        self._find_boilerplate(groups)
        steps = self.row_steps()
        shared = self._shared_threads(groups)
        said = ["" if shared is None else shared.fingerprint(n) for n in range(len(groups))]
        parts = self._parts("rows", groups, steps, said=said)
        stage = self.cache.stage("checked", fingerprint([part.folder.name for part in parts]))
        if not stage.done:
            people = None
            if shared is not None:
                path = stage.folder.resolve() / "people.parquet"
                people = KnownPeople.written(path, shared.people(), personal_columns(self.recipe))
            self._work("clean and check", groups, parts, steps, people=people)
            if people is not None:
                people.forget()
            stage.join(parts)
        self.timings["clean and check"] = time.perf_counter() - started
        return stage

    def _shared_threads(self, groups: list[list[Part]]) -> SharedThreads | None:
        """What threads of more than one part say about people."""
        if not self.recipe.clean.personal_data.known:
            return None
        personal = personal_columns(self.recipe)
        tasks = []
        for inputs in groups:
            identity = {"format": cache.FORMAT, "inputs": _names(inputs), "personal": personal}
            folder = self.cache.stage("people", fingerprint(identity)).folder.resolve()
            output = folder / "threads.parquet"
            tasks.append(GatherPeople(inputs=inputs, output=output, personal=personal))
        for _ in self._each([task for task in tasks if not task.output.exists()]):
            pass
        return SharedThreads([task.output for task in tasks])

    def _find_boilerplate(self, groups: list[list[Part]]) -> None:
        """Find the lines that recur across a source, when the recipe asks for it."""
        config = self.recipe.clean.boilerplate
        if config is None:
            return
        steps = self.recipe.clean.mending()
        settings = config.model_dump(mode="json")
        parts = self._parts("lines", groups, steps, boilerplate=settings)
        stage = self.cache.stage("boilerplate", fingerprint([part.folder.name for part in parts]))
        if not stage.done:
            self._work("find boilerplate", groups, parts, steps, lines=config)
            found = recurring(lambda: (part.frame(0) for part in parts), config)
            stage.join(parts, {"boilerplate": found})
        found = stage.summary["boilerplate"]
        self.boilerplate = {source: tuple(lines) for source, lines in found.items()}

    def _parts(
        self,
        name: str,
        groups: list[list[Part]],
        steps: list[Step],
        *,
        said: Sequence[str] | None = None,
        **more: object,
    ) -> list[Stage]:
        """A stage for each part, under the fingerprint of what that part alone depends on.

        Args:
            name: What the parts are.
            groups: What each is made of.
            steps: What is done.
            said: For each part, a fingerprint of what others say about its people.
            more: What else all parts depend on.
        """
        identities = [step.identity() for step in steps]
        for identity in identities:
            if identity["kind"] == RemoveBoilerplate.kind:  # a part has lines of its sources alone
                identity["settings"] = identity["settings"] | {"lines": None}
        common = fingerprint({"format": cache.FORMAT, "steps": identities} | more)
        stages = []
        for number, inputs in enumerate(groups):
            sources = sorted({self.source_of[part.stage.name] for part in inputs})
            identity = {
                "common": common,
                "inputs": _names(inputs),
                "boilerplate": {source: self.boilerplate.get(source) for source in sources},
                "people": None if said is None else said[number],
            }
            stages.append(self.cache.stage(name, fingerprint(identity)))
        return stages

    def _work(
        self,
        title: str,
        groups: list[list[Part]],
        parts: list[Stage],
        steps: list[Step],
        *,
        people: KnownPeople | None = None,
        lines: BoilerplateConfig | None = None,
    ) -> None:
        """Make the parts that are missing, one task a part."""
        missing = [
            ApplySteps(
                steps=steps,
                inputs=inputs,
                output=Part(stage=part.folder.resolve(), number=0),
                people=people,
                lines=lines,
            )
            for inputs, part in zip(groups, parts, strict=True)
            if not part.has(0)
        ]
        rows = sum(source["rows"] for source in self.sources)
        with self.progress.stage(title, total=rows) as bar:
            bar.advance(rows - sum(rows_in(task.inputs) for task in missing))
            for height in self._heights(missing):
                bar.advance(height)

    def _heights(self, tasks: list[ApplySteps]) -> Iterator[int]:
        """Do the tasks, of which all have the same steps; gives the rows that each has read."""
        if self.cluster is not None:
            yield from self.cluster.run(tasks)
            return
        heights: list[int] = []

        def batches() -> Iterator[pl.DataFrame]:
            for task in tasks:
                frame = task.read()
                heights.append(frame.height)
                yield frame

        steps = tasks[0].steps if tasks else []
        for number, outcome in enumerate(self.engine.map(steps, batches())):
            tasks[number].write(outcome)
            yield heights[number]

    def judge_perplexity(self, rows: Stage, step: Perplexity) -> Stage:
        """Let a model read every row, and drop those that it finds hard to believe.

        All rows are judged together: a quantile is of all of them.
        """
        started = time.perf_counter()
        model = resolve(step.model or self.recipe.model)
        identity = {
            "format": cache.FORMAT,
            "input": rows.folder.name,
            "step": step.identity(),
            "model": model.fingerprint,
        }
        stage = self.cache.stage("perplexity", fingerprint(identity))
        if not stage.done:
            frame = pl.concat(rows.frames(), rechunk=True)
            held = pl.col("kind").is_in(list(step.records))
            work = stage.folder / "scores"
            scores = perplexity.perplexities(
                frame.select(pl.when(held).then(record.body())).to_series(),
                model=model,
                work=work,
                max_tokens=step.max_tokens,
                batch_size=step.batch_size,
                progress=self.progress,
            )
            outcome = apply([step], frame.with_columns(scores.alias(SCORES)))
            stage.write(0, replace(outcome, frame=outcome.frame.drop(SCORES)))
            if work.exists():  # it holds the texts
                shutil.rmtree(work)
            stage.finish(1)
        self.timings["perplexity"] = time.perf_counter() - started
        return stage

    # ── de-duplicate and split ───────────────────────────────────────────────────────────────

    def merge_duplicates(self, rows: Stage) -> tuple[Stage, list[int]]:
        """Merge duplicates; gives the rows that stay and the sizes of near clusters."""
        started = time.perf_counter()
        self.checked, self.rows = rows.folder.name, rows
        self.earlier = self._earlier_versions()
        semantic = self.recipe.dedup.semantic
        identity = {
            "format": cache.FORMAT,
            "input": rows.folder.name,
            "earlier": [version.fingerprint for version in self.earlier],
            "dedup": self.recipe.dedup.model_dump(mode="json"),
            "against": [one.identity(self.base) for one in self.recipe.dedup.against],
            "semantic": None if semantic is None else semantic.identity(self.base),
            "version": DEDUP_VERSION,
        }
        stage = self.cache.stage("unique", fingerprint(identity))
        files = self._beside(rows, "index", self._index_settings())
        forests = self._forests(rows, "forest", self._index_settings())
        if not stage.done:
            folder = stage.folder / "index"
            with self.progress.stage("find duplicates", total=2 * len(rows)) as bar:
                sets = [read_set(one, self.base) for one in self.recipe.dedup.against]
                earlier = self._rows_of(self.earlier) if self.earlier else None
                found = find(
                    rows,
                    self.recipe.dedup,
                    folder,
                    sets=sets,
                    earlier=earlier,
                    embedder=None
                    if semantic is None
                    else StaticEmbedder(self.base / Path(semantic.model).expanduser()),
                    spread=self._spread(rows, folder, earlier, files),
                    files=files,
                    forests=forests,
                    advance=bar.advance,
                )
                merged = 0
                for number, flags in enumerate(_flags(found)):
                    if not stage.has(number):
                        fates, kept = found.fates(number), int(flags.get_column("stays").sum())
                        count = StepCount("dedup", flags.height, kept)
                        stage.write(number, Outcome(flags, fates, [count]))
                    merged += found.removed_from(number)
                    bar.advance(note=f"{merged:,} removed")
            stage.finish(
                len(rows), {"near_sizes": found.near_sizes, **self._within_fields(found, stage)}
            )
            shutil.rmtree(folder)
        self.timings["find duplicates"] = time.perf_counter() - started
        sizes: list[int] = stage.summary["near_sizes"]
        return stage, sizes

    def _index_settings(self) -> dict[str, Any]:
        """What the index of a part depends on, besides its rows."""
        settings = self.recipe.dedup.model_dump(mode="json", include={"near", "columns", "keep"})
        return settings | {"version": DEDUP_VERSION}

    def _beside(self, rows: Stage, name: str, settings: dict[str, Any]) -> list[Path]:
        """For each part, the file of something that was worked out of it with some settings."""
        key = fingerprint(settings)
        return [
            self.cache.beside(rows, number, f"{name}-{key}.npy").resolve()
            for number in range(len(rows))
        ]

    def _forests(self, rows: Stage, name: str, settings: dict[str, Any]) -> Forests:
        """The verified pairs that the last search with some settings has left."""
        folder = self.cache.stage(name, fingerprint(settings)).folder
        return Forests(folder / "pairs.npz", [rows.name(number) for number in range(len(rows))])

    def _spread(
        self, rows: Stage, folder: Path, earlier: EarlierRows | None, files: list[Path]
    ) -> Spread | None:
        """The search for near duplicates on the engine's machines, if it has any but this one."""
        if self.cluster is None:
            return None
        listed = folder.resolve() / "files.json"
        write_json(listed, [str(path) for path in files])
        layout = Layout(
            rows=rows.folder.resolve(),
            folder=folder.resolve(),
            config=self.recipe.dedup,
            base=self.base,
            earlier=[] if earlier is None else [one.resolve() for one in earlier.folders],
            files=listed,
        )
        return Spread(self.cluster, layout, len(rows))

    def _earlier_versions(self) -> list[Version]:
        """The versions whose rows new ones are held against, oldest first.

        A version that was made of these very rows is not an earlier one: this run makes it again.
        """
        wanted = self.recipe.dedup.against_versions
        if wanted is False:
            return []
        there = versions(self.table)
        if wanted is not True:
            missing = sorted(set(wanted) - {version.number for version in there})
            if missing:
                raise TunesmithError(
                    f"there is no version {', '.join(map(str, missing))}",
                    where="dedup.against_versions",
                    todo="see them with: tunesmith versions RUN",
                )
            there = [version for version in there if version.number in wanted]
        return [version for version in there if version.lineage.get("checked") != self.checked]

    def _rows_of(self, chain: list[Version], newest: Kept | None = None) -> EarlierRows:
        """The index of some versions' rows, made where it is missing.

        Args:
            chain: The versions, oldest first.
            newest: The rows of the last one, where they are at hand.
        """
        folders: list[Path] = []
        for place, version in enumerate(chain):
            identity = {
                "versions": [before.fingerprint for before in chain[: place + 1]],
                "dedup": self.recipe.dedup.model_dump(mode="json", include={"near", "columns"}),
                "version": DEDUP_VERSION,
            }
            stage = self.cache.stage("version", fingerprint(identity))
            if not stage.done:
                last = newest if place == len(chain) - 1 else None
                columns = ["id", *dict.fromkeys(self.recipe.dedup.columns)]
                rows = (
                    read_version(self.table, version.number, columns)
                    if last is None
                    else last.table(columns)
                )
                write_delta(stage.folder, rows, self.recipe.dedup, EarlierRows(folders))
            folders.append(stage.folder)
        return EarlierRows(folders)

    def _within_fields(self, found: Found, stage: Stage) -> dict[str, Any]:
        """Write what repeats within fields beside the rows that stay; gives the counts."""
        counts = {}
        for name, groups in (
            ("conflicts", fields.conflicts(found)),
            ("templates", fields.templates(found)),
        ):
            listed = fields.table(found, groups, "group")
            write_parquet(stage.folder / f"{name}.parquet", listed)
            counts[name] = fields.summary(listed, "group")
        return counts

    def deal(self, unique: Stage) -> Kept:
        """Deal the rows that stay to splits."""
        started = time.perf_counter()
        kept = self._kept(unique)
        with self.progress.stage("split", total=1) as bar:
            frame = kept.table(["id", "kind", "category", "customer", "thread", "timestamp"])
            questions = self._texts(kept.rows, ["question"], self._question_settings())
            dealt = split(
                frame,
                self.recipe.split,
                seed=self.recipe.seed,
                alike=self._alike(kept, frame, questions),
                before=self._splits_before(unique, kept, questions, frame.get_column("id")),
            )
            self._count_moves(dealt)
            kept = kept.dealt(dealt)
            bar.advance()
        self.timings["split"] = time.perf_counter() - started
        return kept

    def _splits_before(
        self, unique: Stage, kept: Kept, questions: Texts, ids: pl.Series
    ) -> pl.Series | None:
        """The split that each row had in the newest version, and the rows that it stands for.

        Questions say who is who: a row may have moved in its file, or another may stand for it.
        """
        config, there = self.recipe.split, versions(self.table)
        if not config.keep or config.by == "time" or not there:
            return None
        if not self._dealt_alike(there[-1]):
            number = there[-1].number
            self.progress.say(
                f"rows are dealt anew: version {number} has other split settings or another seed"
            )
            return None
        asked, known = self._version_splits(there[-1])
        before = _looked_up(asked, questions.hashes())
        stands = pl.concat(unique.frames(["stands"])).get_column("stands").to_numpy()
        ranks = np.zeros(len(before), dtype=np.uint8)
        inside = stands >= 0
        np.maximum.at(ranks, stands[inside], before[inside])
        self.had = _named(_looked_up(known, text_hashes(ids)))
        self.splits_from = {"version": there[-1].number}
        return _named(ranks[np.concatenate(kept.stays)])

    def _dealt_alike(self, version: Version) -> bool:
        """Whether a version was dealt with these settings and this seed."""
        before = yaml.safe_load(version.recipe)
        mine = self.recipe.split.model_dump(mode="json", exclude={"keep"})
        theirs = {name: value for name, value in before["split"].items() if name != "keep"}
        return bool(theirs == mine and before["seed"] == self.recipe.seed)

    def _version_splits(self, version: Version) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The split of each question of a version, and of each row: see `_ranked`."""
        folder = self._splits_folder(version)
        if not (folder / "rows.parquet").exists():
            rows = read_version(self.table, version.number, ["id", "kind", "question", "split"])
            rows = rows.filter(pl.col("kind") == "qa")
            hashes = text_hashes(comparable(rows, ["question"]))
            self._write_splits(folder, hashes, rows.get_column("id"), rows.get_column("split"))
        return pl.read_parquet(folder / "questions.parquet"), pl.read_parquet(
            folder / "rows.parquet"
        )

    def _keep_splits(self, kept: Kept, version: Version) -> None:
        """Write what `_version_splits` reads, while the hashes are at hand."""
        folder = self._splits_folder(version)
        if not (folder / "rows.parquet").exists():
            questions = self._texts(kept.rows, ["question"], self._question_settings())
            hashes = questions.hashes(np.concatenate(kept.stays))
            rows = kept.table(["id", "split"])
            self._write_splits(folder, hashes, rows.get_column("id"), rows.get_column("split"))

    def _write_splits(
        self, folder: Path, hashes: NDArray[np.uint64], ids: pl.Series, splits: pl.Series
    ) -> None:
        write_parquet(folder / "questions.parquet", _ranked(hashes, splits))
        write_parquet(folder / "rows.parquet", _ranked(text_hashes(ids), splits))

    def _splits_folder(self, version: Version) -> Path:
        identity = {"version": version.fingerprint, "texts": TEXTS_VERSION}
        return self.cache.stage("splits", fingerprint(identity)).folder

    def _count_moves(self, dealt: pl.Series) -> None:
        """Count the rows that kept their split, and those that the rule has moved."""
        if self.splits_from is None:
            return
        moves = pl.DataFrame({"had": self.had, "has": dealt}).drop_nulls("had")
        counted = moves.group_by("had", "has").len().sort("had", "has")
        kept, moved = 0, {}
        for had, has, rows in counted.iter_rows():
            if had == has:
                kept += rows
            else:
                moved[f"{had} → {has}"] = rows
                self.progress.say(
                    f"{rows:,} rows move from {had} to {has}: new rows belong together with them "
                    f"and with rows of {has}"
                )
        self.splits_from |= {"kept": kept, "moved": moved}

    def _kept(self, unique: Stage) -> Kept:
        if self.rows is None:
            raise RuntimeError("duplicates are merged before rows are dealt")
        flags = [frame.get_column("stays").to_numpy() for frame in unique.frames(["stays"])]
        return Kept(self.rows, flags)

    def _question_settings(self) -> NearConfig:
        """How near questions are found; only hashes are looked at where the recipe wants none."""
        return near_questions(self.recipe.split) or NearConfig(permutations=64, band_rows=16)

    def _texts(self, rows: Stage, columns: list[str], near: NearConfig) -> Texts:
        """What is known of the texts of each part, made where it is missing."""
        files = self._beside(rows, "-".join(columns), _text_settings(columns, near))
        tasks = [
            IndexTexts(
                stage=rows.folder.resolve(),
                number=number,
                columns=columns,
                near=near,
                output=path,
            )
            for number, path in enumerate(files)
            if not path.exists()
        ]
        for _ in self._each(tasks):
            pass
        return Texts(rows, columns, near, files)

    def _alike(self, kept: Kept, frame: pl.DataFrame, questions: Texts) -> Alike:
        """What the texts of the pairs that stay have in common."""
        dedup, rows = self.recipe.dedup, kept.rows
        pairs = np.concatenate(kept.stays)
        pairs[pairs] = (frame.get_column("kind") == "qa").to_numpy()
        wanted = [] if near_questions(self.recipe.split) is None else [questions]
        merged = (
            dedup.near is not None
            and dedup.near.threshold <= PAIRS.threshold
            and {"question", "answer"} <= set(dedup.columns)
        )
        if not merged:
            wanted.append(self._texts(rows, ["question", "answer"], PAIRS))
        places = np.cumsum(pairs) - 1
        links = []
        with TemporaryDirectory(prefix="split-", dir=self.cache.folder) as folder:
            for texts in wanted:
                settings = _text_settings(texts.columns, texts.near)
                forests = self._forests(rows, "alike", settings)
                found = texts.links(pairs, Path(folder), forests)
                links.append((places[found.left], places[found.right]))
        return Alike(questions.hashes(pairs), links)

    # ── scan, account, publish ───────────────────────────────────────────────────────────────

    def scan_for_leaks(self, unique: Stage) -> Counter[str]:
        """Look for personal data once more; any that is left fails the run."""
        started = time.perf_counter()
        rows, detector = self._kept(unique).rows, self.recipe.clean.personal_data
        settings = {"detector": detector.identity(), "version": SCAN_VERSION}
        tasks = [
            ScanPart(
                rows=rows.folder.resolve(),
                number=number,
                unique=unique.folder.resolve(),
                detector=detector,
                clean=path,
                found=unique.folder.resolve() / f"leaks-{number:05d}.json",
            )
            for number, path in enumerate(self._beside(rows, "clean", settings))
        ]
        leaks: Counter[str] = Counter()
        places: set[str] = set()
        with self.progress.stage("scan for leaks", total=len(tasks)) as bar:
            for task, found in zip(tasks, self._each(tasks), strict=True):
                if found:
                    said = read_json(task.found)
                    leaks.update(said["leaks"])
                    places.update(said["columns"])
                bar.advance()
        self.timings["scan for leaks"] = time.perf_counter() - started
        if leaks:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(leaks.items()))
            raise QualityGateError(
                f"personal data is left after the last step: {kinds} in "
                f"{', '.join(sorted(places))}",
                where="leak scan",
                todo="nothing was published; look for a terminology entry or a column that brings "
                "it back, or add what is not personal to clean.personal_data.allow",
            )
        return leaks

    def account_for(self, stages: list[Stage], kept: Kept) -> pl.DataFrame:
        """The ledger: the fate of every row that was collected, those of `kept` kept."""
        frame = kept.table([*ledger.ORIGIN, "split"])
        rows = ledger.fates(frame, step="publish", fate="kept", split=frame.get_column("split"))
        return pl.concat([*(stage.fates() for stage in stages), rows]).sort(
            "source", "file", "line", "id", nulls_last=True
        )

    def publish(self, out: Path, kept: Kept, counts: dict[str, int]) -> Version:
        """Write the exports and the dataset version, part by part."""
        started = time.perf_counter()
        with self.progress.stage("publish", total=2) as bar:
            digests = [
                (np.load(path)[:, kept.stays[number]], kept.splits_of(number))
                for number, path in enumerate(self._digests(kept))
            ]
            prints = [combined([part]) for part in digests]
            frames = [partial(kept.frame, number) for number in range(len(kept))]
            names = [f"{kept.rows.name(n)}-{mine}" for n, mine in enumerate(prints)]
            export(
                out / "export",
                [ExportPart(name, frame) for name, frame in zip(names, frames, strict=True)],
                SPLITS,
                index=self.cache.stage("exported", str(EXPORT_VERSION)).folder / "lines.json",
            )
            bar.advance()
            lineage = {
                "counts": counts,
                "recipe": self.recipe.fingerprint(),
                "checked": self.checked,
                "rows_stage": [step.identity() for step in self.all_steps()],
                "sources": self.sources,
            }
            if self.splits_from is not None:
                lineage["splits_from"] = self.splits_from
            version = write_version(
                out / "dataset",
                [VersionPart(mine, frame) for mine, frame in zip(prints, frames, strict=True)],
                rows=kept.height,
                fingerprint=combined(digests),
                recipe=self.loaded.as_run(),
                lineage=lineage,
            )
            self._keep_splits(kept, version)
            if self.recipe.dedup.against_versions is True:
                known = {before.number for before in self.earlier}
                chain = [*self.earlier, *([] if version.number in known else [version])]
                self._rows_of(chain, kept)
            bar.advance()
        self.timings["publish"] = time.perf_counter() - started
        return version

    def _digests(self, kept: Kept) -> list[Path]:
        """For each part, the file with the digests of its rows, made where it is missing."""
        rows = kept.rows
        files = self._beside(rows, "digests", {"version": DIGESTS_VERSION})
        tasks = [
            DigestPart(rows=rows.folder.resolve(), number=number, output=path)
            for number, path in enumerate(files)
            if not path.exists()
        ]
        for _ in self._each(tasks):
            pass
        return files


def _flags(found: Found) -> Iterator[pl.DataFrame]:
    """For each part, which rows stay, and the row (of all) that stands for each."""
    stands = found.stands_for()
    for number in range(len(found.parts)):
        begin, end = found.offsets[number], found.offsets[number + 1]
        yield pl.DataFrame({"stays": found.staying(number), "stands": stands[begin:end]})


def _ranked(hashes: NDArray[np.uint64], splits: pl.Series) -> pl.DataFrame:
    """By 128-bit hash (columns high, low), the split as a rank: the highest is protected most."""
    ranks = {name: rank for rank, name in enumerate(reversed(PROTECTED), start=1)}
    return (
        pl.DataFrame({"high": hashes[0], "low": hashes[1], "split": splits})
        .filter((pl.col("high") | pl.col("low")) != 0, pl.col("split").is_in(list(ranks)))
        .group_by("high", "low")
        .agg(pl.col("split").replace_strict(ranks, return_dtype=pl.UInt8).max().alias("rank"))
        .sort("high", "low")
    )


def _looked_up(ranked: pl.DataFrame, hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The rank of each hash, 0 for one that has none."""
    wanted = pl.DataFrame({"high": hashes[0], "low": hashes[1]})
    found = wanted.join(ranked, on=["high", "low"], how="left", maintain_order="left")
    ranks: NDArray[np.uint8] = found.get_column("rank").fill_null(0).to_numpy()
    return ranks


def _named(ranks: NDArray[np.uint8]) -> pl.Series:
    """The splits of ranks, null for 0."""
    names = np.array([None, *reversed(PROTECTED)], dtype=object)
    return pl.Series(names[ranks].tolist(), dtype=pl.String)


def _text_settings(columns: list[str], near: NearConfig) -> dict[str, Any]:
    return {"columns": columns, "near": near.model_dump(mode="json"), "version": TEXTS_VERSION}


def _names(parts: Sequence[Part]) -> list[str]:
    return [f"{part.stage.name}/{part.number}" for part in parts]


def row_steps(recipe: Recipe, boilerplate: dict[str, tuple[str, ...]]) -> list[Step]:
    """The steps that look at one row at a time, in order.

    Args:
        recipe: The recipe.
        boilerplate: By source, the lines that recur.
    """
    return [*recipe.clean.steps(personal_columns(recipe), boilerplate), *recipe.check.steps()]


def personal_columns(recipe: Recipe) -> dict[str, list[str]]:
    """By source, the extra columns that name a person."""
    columns = {
        source.name: list(getattr(source, "personal_columns", [])) for source in recipe.sources
    }
    return {name: named for name, named in columns.items() if named}


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


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as Parquet, atomically."""
    with atomic_write(path) as file:
        frame.write_parquet(file, compression="zstd")
