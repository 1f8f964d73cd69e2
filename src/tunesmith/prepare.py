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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from tunesmith import ledger, record
from tunesmith.check.perplexity import SCORES, Perplexity
from tunesmith.clean.boilerplate import BoilerplateConfig, RemoveBoilerplate, recurring
from tunesmith.clean.people import GatherPeople, KnownPeople, SharedThreads
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.task import ApplySteps
from tunesmith.collect.base import CHUNK_ROWS, Source
from tunesmith.collect.task import CollectFile
from tunesmith.dedup import fields
from tunesmith.dedup.against import read as read_set
from tunesmith.dedup.clusters import Found, find
from tunesmith.dedup.earlier import EarlierRows, write_delta
from tunesmith.dedup.index import VERSION as DEDUP_VERSION
from tunesmith.dedup.semantic import StaticEmbedder
from tunesmith.dedup.spread import Layout, Spread
from tunesmith.engine import Engine, LocalEngine, RayEngine, Task
from tunesmith.errors import QualityGateError, SourceError, TunesmithError
from tunesmith.evaluate import perplexity
from tunesmith.io import atomic_write, file_sha256, fingerprint, write_bytes, write_jsonl
from tunesmith.models import resolve
from tunesmith.progress import Progress
from tunesmith.prompting.example import Example
from tunesmith.recipe import LoadedRecipe, Recipe
from tunesmith.split import PAIRS, SPLITS, split
from tunesmith.step import Outcome, Step, StepCount, apply
from tunesmith.store import cache
from tunesmith.store.cache import RunCache, Stage
from tunesmith.store.parts import Part, gathered, rows_in
from tunesmith.store.secret import secret
from tunesmith.store.versions import Version, read_version, versions, write_version

#: What is reported of repetition within fields, each with a file of that name in the run folder:
#: one question with different answers, and one answer to different questions.
WITHIN_FIELDS = ("conflicts", "templates")


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
    within_fields: dict[str, Any] = field(default_factory=dict)
    """Counts and identifiers of what repeats within fields; see `WITHIN_FIELDS`."""

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
    if loaded.recipe.check.perplexity is not None:
        perplexity.require()
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
    frame = run.deal(unique)
    leaks = run.scan_for_leaks(frame)
    within = {name: unique.summary[name] for name in WITHIN_FIELDS}
    for name in WITHIN_FIELDS:
        write_bytes(out / f"{name}.parquet", (unique.folder / f"{name}.parquet").read_bytes())
    fates = run.account_for([*collected, *checked, unique], frame)
    counts = ledger.conserve(fates, collected=run.collected_rows)
    write_parquet(out / "ledger.parquet", fates)
    version = run.publish(out, frame, counts)
    run.cache.prune()
    steps = [count for stage in checked for count in stage.counts()]
    return Prepared(
        frame, fates, counts, version, steps, run.sources, leaks, near_sizes, run.timings, within
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
        self.checked = rows.folder.name
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
                    spread=self._spread(rows, folder, earlier),
                    advance=bar.advance,
                )
                merged = 0
                for number in range(len(rows)):
                    if not stage.has(number):
                        frame, fates = found.outcome(number)
                        height = frame.height + fates.height
                        stage.write(
                            number,
                            Outcome(frame, fates, [StepCount("dedup", height, frame.height)]),
                        )
                    merged += found.removed_from(number)
                    bar.advance(note=f"{merged:,} removed")
            stage.finish(
                len(rows), {"near_sizes": found.near_sizes, **self._within_fields(found, stage)}
            )
            shutil.rmtree(folder)
        self.timings["find duplicates"] = time.perf_counter() - started
        sizes: list[int] = stage.summary["near_sizes"]
        return stage, sizes

    def _spread(self, rows: Stage, folder: Path, earlier: EarlierRows | None) -> Spread | None:
        """The search for near duplicates on the engine's machines, if it has any but this one."""
        if self.cluster is None:
            return None
        layout = Layout(
            rows=rows.folder.resolve(),
            folder=folder.resolve(),
            config=self.recipe.dedup,
            base=self.base,
            earlier=[] if earlier is None else [one.resolve() for one in earlier.folders],
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

    def _rows_of(self, chain: list[Version], newest: pl.DataFrame | None = None) -> EarlierRows:
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
                rows = read_version(self.table, version.number) if last is None else last
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

    def deal(self, unique: Stage) -> pl.DataFrame:
        """Deal the rows to splits."""
        started = time.perf_counter()
        frame = pl.concat(unique.frames(), rechunk=True)
        with self.progress.stage("split", total=1) as bar:
            dedup = self.recipe.dedup
            merged = (
                dedup.near is not None
                and dedup.near.threshold <= PAIRS.threshold
                and {"question", "answer"} <= set(dedup.columns)
            )
            with TemporaryDirectory(prefix="split-", dir=self.cache.folder) as folder:
                dealt = split(
                    frame,
                    self.recipe.split,
                    seed=self.recipe.seed,
                    merged=merged,
                    spill=Path(folder),
                )
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

    def account_for(self, stages: list[Stage], frame: pl.DataFrame) -> pl.DataFrame:
        """The ledger: the fate of every row that was collected, those of `frame` kept."""
        kept = ledger.fates(frame, step="publish", fate="kept", split=frame.get_column("split"))
        return pl.concat([*(stage.fates() for stage in stages), kept]).sort(
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
                    "checked": self.checked,
                    "rows_stage": [step.identity() for step in self.all_steps()],
                    "sources": self.sources,
                },
            )
            if self.recipe.dedup.against_versions is True:
                known = {before.number for before in self.earlier}
                chain = [*self.earlier, *([] if version.number in known else [version])]
                self._rows_of(chain, frame)
            bar.advance()
        self.timings["publish"] = time.perf_counter() - started
        return version


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
