"""The Ray engine on a cluster of two nodes, each with a worker process of its own."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import polars as pl
import psutil
import pytest

import tunesmith.engine.ray as ray_engine
from factory import pairs, recipe, tickets, write_csv
from tunesmith.check import CheckConfig
from tunesmith.clean import CleanConfig
from tunesmith.dedup.forest import Known
from tunesmith.dedup.spread import Spread
from tunesmith.engine import LocalEngine, RayConfig, RayEngine
from tunesmith.errors import ClusterError, MissingExtraError
from tunesmith.io import read_json
from tunesmith.pipeline import run
from tunesmith.recipe import load
from tunesmith.store.versions import versions

FOOTER = "This message is confidential and meant for its addressee alone."
FIRST = ("Zuri", "Jana", "Tomasz", "Ingrid", "Mateo")
LAST = ("Abebe", "Ottova", "Nowicki", "Halvorsen", "Echeverria")


def example(folder: Path) -> Path:
    """A recipe over fifteen files; rows repeat across them as they are, and with a word changed.

    All answers end with the same line. The first half of the rows have an author, who is named
    in the answers of the other rows of the thread, which are in other files.
    """
    (folder / "raw").mkdir(parents=True)
    rows = tickets(1_500, customers=300)
    for number, row in enumerate(rows):
        row["answer"] += " " + " ".join(f"step {number * step % 97}" for step in range(12))
        if number > 200 and number % 5 < 2:
            before = rows[number * 7 % 200]
            row["question"], row["answer"] = before["question"], before["answer"]
            row["answer"] += " Thanks." if number % 5 else ""
        row["question"] += " Write to me at jo@example.com." if number % 9 == 0 else ""
    for number, row in enumerate(rows):
        thread = number % 750
        author = f"{FIRST[thread % 5]} {LAST[thread // 5 % 5]}"
        row |= {"thread": f"thread {thread}", "author": author if number < 750 else ""}
        if number >= 750 and number % 5 == 4:
            row["answer"] += f" All this was told to {author} on the spot."
        row["answer"] += f"\n\n{FOOTER}"
    for start in range(0, 1_500, 100):
        write_csv(folder / "raw" / f"{start:04d}.csv", rows[start : start + 100])
    columns = {name: name for name in ("question", "answer", "category", "customer")}
    columns |= {"timestamp": "created", "id": "number", "thread": "thread", "author": "author"}
    return recipe(
        folder,
        {"path": "raw/*.csv", "columns": columns},
        workers=0,
        clean={"boilerplate": {"min_share": 0.2}, "personal_data": {"vault": True}},
    )


def started_cluster():
    """A head and a second node on this machine, one core each."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    from ray.cluster_utils import Cluster

    settings = {"num_cpus": 1, "object_store_memory": 100 << 20}
    cluster = Cluster(head_node_args={"include_dashboard": False, **settings}, initialize_head=True)
    cluster.add_node(**settings)
    return cluster


@pytest.fixture(scope="module")
def cluster():
    found = started_cluster()
    yield found
    found.shutdown()


@pytest.fixture(scope="module")
def locally(tmp_path_factory):
    """The recipe of the example, and what the local engine makes of it."""
    with pytest.MonkeyPatch.context() as patch:
        settle(patch)
        folder = tmp_path_factory.mktemp("local")
        path = example(folder)
        out = folder / "out"
        run(load(path, ["workers=1"]), out, until="prepare")
        steps = pl.read_parquet(out / "ledger.parquet").get_column("step").value_counts()
        assert dict(steps.iter_rows())["near_duplicates"] > 40
        answers = pl.concat(map(pl.read_parquet, out.glob("dataset/*.parquet")))["answer"]
        assert not answers.str.contains_any([FOOTER, *LAST]).any()
        assert answers.str.contains("told to [PERSON] on", literal=True).sum() > 50
        assert not list(out.glob("work/**/people.parquet"))
        assert list(out.glob("vault/*.vault"))
        return path, contents(out)


def settle(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    patch.setenv("TUNESMITH_SECRET", "a secret that no worker's own environment has")
    patch.setattr("tunesmith.prepare.rows.CHUNK_ROWS", 100)  # a file makes a part


def contents(out: Path) -> dict[str, object]:
    """Every byte that a run wrote but times, and its fingerprints."""
    files = [*out.glob("export/**/*.jsonl"), *out.glob("*.parquet"), *out.glob("work/**/*.parquet")]
    files += out.glob("vault/*")
    made: dict[str, object] = {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
    table = sorted(
        hashlib.sha256(path.read_bytes()).hexdigest() for path in out.glob("dataset/*.parquet")
    )
    told = read_json(out / "run.json")
    return made | {"table": table} | {name: told[name] for name in ("counts", "fingerprints")}


def batches(count: int):
    rows = [{"question": t["question"], "answer": t["answer"]} for t in tickets(40)]
    return [pairs(*(rows[(n + m) % 40] for m in range(n % 5))) for n in range(count)]


@pytest.mark.slow
@pytest.mark.alone
def test_batches_come_back_in_order(cluster, tmp_path) -> None:
    steps = [*CleanConfig().steps({}), *CheckConfig(language_id=False).steps()]
    alone = list(LocalEngine(1).map(steps, batches(23)))
    with RayEngine(RayConfig(address=cluster.address), tmp_path) as engine:
        spread = list(engine.map(steps, batches(23)))
        assert not list(engine.map(steps, []))
        with pytest.raises(ValueError, match="needs the columns"):
            list(engine.map(steps, [batches(3)[2].drop("question")]))
    assert len(alone) == len(spread)
    for one, other in zip(alone, spread, strict=True):
        assert one.frame.equals(other.frame)
        assert one.fates.equals(other.fates)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.alone
def test_batches_are_asked_for_only_when_there_is_room(cluster, tmp_path) -> None:
    taken = 0

    def counted():
        nonlocal taken
        for batch in batches(40):
            taken += 1
            yield batch

    with RayEngine(RayConfig(address=cluster.address), tmp_path) as engine:
        outcomes = engine.map([*CheckConfig(language_id=False).steps()], counted())
        for number, _ in enumerate(outcomes):
            assert taken <= number + 4


@pytest.mark.slow
@pytest.mark.alone
def test_two_nodes_make_the_same_bytes_and_fingerprints(
    cluster, tmp_path, monkeypatch, locally
) -> None:
    settle(monkeypatch)
    path, expected = locally
    settings = ["engine=ray", f"ray.address={cluster.address}"]
    run(load(path, settings), tmp_path, until="prepare")
    made = contents(tmp_path)
    # rows and fates of each part; beside those that are compared, what was told of them too
    for stage, files in (("lines", 2), ("rows", 4)):
        assert len([name for name in made if name.startswith(f"work/{stage}-")]) == files * 15
    assert made == expected


def grown(folder: Path, out: Path, *settings: str) -> dict[str, object]:
    """What a run over the first twelve files, then one over all but the second, end with."""
    path = example(folder)
    raw, late = folder / "raw", folder / "late"
    late.mkdir()
    for name in ("1200", "1300", "1400"):
        (raw / f"{name}.csv").rename(late / f"{name}.csv")
    run(load(path, [*settings]), out, until="prepare")
    (raw / "0100.csv").unlink()
    for waiting in late.iterdir():
        waiting.rename(raw / waiting.name)
    run(load(path, [*settings]), out, until="prepare")
    return contents(out)


@pytest.mark.slow
@pytest.mark.alone
def test_two_nodes_grow_as_one_process_does(cluster, tmp_path, monkeypatch) -> None:
    settle(monkeypatch)
    (tmp_path / "one").mkdir()
    one = grown(tmp_path / "one", tmp_path / "alone", "workers=1")
    searches: list[Known | None] = []
    find = Spread.links

    def noted(spread, offsets, compared, total, known):
        searches.append(known)
        return find(spread, offsets, compared, total, known)

    monkeypatch.setattr(Spread, "links", noted)
    settings = ["engine=ray", f"ray.address={cluster.address}"]
    other = grown(tmp_path / "other", tmp_path / "together", *settings)
    assert other == one
    first, again = searches
    assert first is None
    assert again is not None
    assert again.clean.sum() > 300  # in parts that are as they were: not verified again
    _, version = versions(tmp_path / "together" / "dataset")
    assert version.lineage["splits_from"]["kept"] > 700
    fates = pl.read_parquet(tmp_path / "together" / "ledger.parquet")
    assert fates.height == 1_400


class Killer(threading.Thread):
    """Kills `workers` worker processes of a cluster while they work, then the second node."""

    def __init__(self, cluster, workers: int) -> None:
        super().__init__(daemon=True)
        self.cluster, self.workers = cluster, workers
        self.killed: list[str] = []
        self.ended = threading.Event()

    def run(self) -> None:
        head, second = self.cluster.list_all_nodes()
        raylets = [
            psutil.Process(one.all_processes["raylet"][0].process.pid) for one in (head, second)
        ]
        seen: set[int] = set()
        while len(self.killed) < self.workers and not self.ended.is_set():
            for process in [child for one in raylets for child in one.children()]:
                if process.pid not in seen and self._working(process):
                    seen.add(process.pid)
                    process.send_signal(signal.SIGKILL)
                    self.killed.append("worker")
                    time.sleep(1)
                    break
        while not self.ended.is_set():
            if any(self._working(child) for child in raylets[1].children()):
                self.cluster.remove_node(second, allow_graceful=False)
                self.killed.append("node")
                return

    def _working(self, process: psutil.Process) -> bool:
        try:
            title = (process.cmdline() or [""])[0]
        except psutil.Error:
            return False
        return title == "ray::_run"


@pytest.mark.slow
@pytest.mark.alone
def test_killed_workers_and_a_lost_node_change_nothing(tmp_path, monkeypatch, locally) -> None:
    settle(monkeypatch)
    path, expected = locally
    cluster = started_cluster()
    try:
        killer = Killer(cluster, workers=2)
        killer.start()
        run(
            load(path, ["engine=ray", f"ray.address={cluster.address}"]),
            tmp_path,
            until="prepare",
        )
        killer.ended.set()
        killer.join()
        assert killer.killed == ["worker", "worker", "node"]
        assert contents(tmp_path) == expected
    finally:
        cluster.shutdown()


@pytest.mark.slow
@pytest.mark.alone
def test_a_machine_that_does_not_see_the_folder_is_named(cluster, tmp_path) -> None:
    with RayEngine(RayConfig(address=cluster.address), tmp_path) as engine:
        ray = engine._ray
        seen = ray.remote(ray_engine._seen).remote(str(tmp_path / "elsewhere"))
        with pytest.raises(ClusterError, match="run folder cannot be read there"):
            engine._judge(ray, "far", seen, "token")


@pytest.mark.slow
@pytest.mark.alone
def test_a_machine_with_other_versions_is_named(cluster, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tunesmith.engine.ray._versions", lambda: {"polars": "0.1"})
    with (
        pytest.raises(ClusterError, match=r"polars .* \(here 0.1\)") as caught,
        RayEngine(RayConfig(address=cluster.address), tmp_path),
    ):
        pass
    assert caught.value.where.startswith("machine '")
    import ray

    assert not ray.is_initialized()


def small(folder: Path, *settings: str):
    write_csv(folder / "t.csv", tickets(20))
    return load(recipe(folder, {"path": "t.csv"}), ["engine=ray", *settings])


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tunesmith\[ray\]'"):
        run(small(tmp_path), tmp_path / "out", until="prepare")


def test_a_cluster_that_does_not_answer_is_told_at_once(tmp_path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # not listening: a connection is refused
        address = f"127.0.0.1:{held.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(ClusterError, match=rf"ray.address {address}.*cannot be reached"):
            run(small(tmp_path, f"ray.address={address}"), tmp_path / "out", until="prepare")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:", ":6379"])
def test_an_address_has_a_form(tmp_path, address) -> None:
    with pytest.raises(ValueError, match="HOST:PORT or auto"):
        RayConfig(address=address)


def test_the_place_of_work_is_no_part_of_the_recipe(tmp_path) -> None:
    one = small(tmp_path).recipe
    assert one.fingerprint() == one.model_copy(update={"engine": "local"}).fingerprint()
    assert one.fingerprint() != one.model_copy(update={"seed": 14}).fingerprint()
