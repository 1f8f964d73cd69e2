"""The search for near duplicates in pieces, each run apart, against one process."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith import ledger
from tunesmith.dedup import clusters
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.earlier import EarlierRows, write_delta
from tunesmith.dedup.forest import Forests
from tunesmith.dedup.spread import Layout, Spread, WriteShingles
from tunesmith.step import Outcome
from tunesmith.store.cache import Stage

WORDS = st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join)


class Apart:
    """Runs each task of a batch by what its JSON says, last one first, and twice."""

    def map(self, steps, batches):
        raise NotImplementedError

    def run(self, tasks):
        given = {}
        for number in reversed(range(len(tasks))):
            task = type(tasks[number]).model_validate_json(tasks[number].model_dump_json())
            given[number] = task.run()
            assert task.run() == given[number]
        yield from (given[number] for number in range(len(tasks)))


def stage_of(folder, frame: pl.DataFrame, size: int) -> Stage:
    folder.mkdir()
    stage = Stage(folder)
    parts = [frame.slice(start, size) for start in range(0, frame.height, size)]
    for number, part in enumerate(parts):
        stage.write(number, Outcome(part, ledger.empty(), []))
    stage.finish(len(parts))
    return stage


def both(folder, frame, size, config, *, shard_rows, earlier=None):
    """What one process finds, and what the pieces find."""
    stage = stage_of(folder / "rows", frame, size)
    layout = Layout(
        rows=stage.folder,
        folder=folder / "spread",
        config=config,
        base=folder,
        earlier=[] if earlier is None else earlier.folders,
    )
    spread = Spread(Apart(), layout, len(stage), shard_rows=shard_rows)
    one = clusters.find(stage, config, folder / "one", earlier=earlier)
    other = clusters.find(stage, config, folder / "spread", earlier=earlier, spread=spread)
    return one, other


def assert_same(one: clusters.Found, other: clusters.Found) -> None:
    assert np.array_equal(one.stays, other.stays)
    assert one.near_sizes == other.near_sizes
    for number in range(len(one.parts)):
        mine, its = one.outcome(number), other.outcome(number)
        assert mine[0].equals(its[0])
        assert mine[1].equals(its[1])


def chains(rows: int, seed: int, distinct: int) -> pl.DataFrame:
    """Texts that each differ in a few words from one before: clusters larger than any bucket."""
    dice = random.Random(seed)
    made = [[f"w{dice.randrange(400)}" for _ in range(60)] for _ in range(distinct)]
    while len(made) < rows:
        words = list(dice.choice(made[-200:]))
        for _ in range(dice.randrange(3)):
            words[dice.randrange(60)] = f"w{dice.randrange(400)}"
        made.append(words)
    scores = [None, 0.1, 0.5, 0.9]
    return pairs(
        *(
            {
                "question": "the same",
                "answer": " ".join(words),
                "quality_score": dice.choice(scores),
            }
            for words in made
        )
    )


@pytest.mark.parametrize("shard_rows", [10_000, 150])
def test_pieces_give_what_one_process_gives(tmp_path, shard_rows) -> None:
    frame = chains(1_200, seed=1, distinct=300)
    one, other = both(tmp_path, frame, 100, DedupConfig(), shard_rows=shard_rows)
    near = [removal for removal in one.removals if removal.step == "near_duplicates"]
    assert len(near[0].rows) > 200
    assert_same(one, other)
    buckets = [np.load(path) for path in sorted((tmp_path / "spread").glob("members-05-*.npy"))]
    assert len(buckets) == (1 if shard_rows == 10_000 else 7)
    members = np.concatenate(buckets)
    assert len(members) == len(np.unique(members))  # a row is in one range only
    edges = {path.name: len(np.load(path)) for path in (tmp_path / "spread").glob("edges-*.npy")}
    last = sum(count for name, count in edges.items() if name >= "edges-15")
    assert last < 0.1 * sum(edges.values())  # what a wave joined, the next ones do not verify


def test_pieces_with_little_room(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tunesmith.dedup.near.GATHERED", 2_000)
    frame = chains(400, seed=2, distinct=60)
    one, other = both(tmp_path, frame, 64, DedupConfig(), shard_rows=100)
    assert_same(one, other)


def test_pieces_hold_rows_against_earlier_versions(tmp_path) -> None:
    whole = chains(600, seed=3, distinct=150)
    config = DedupConfig(against_versions=True)
    before = EarlierRows([])
    write_delta(tmp_path / "version", whole.head(300), config, before)
    earlier = EarlierRows([tmp_path / "version"])
    one, other = both(tmp_path, whole.tail(400), 90, config, shard_rows=120, earlier=earlier)
    kept = next(removal.kept for removal in one.removals if removal.step == "near_duplicates")
    assert (kept >= 400).any()
    assert (kept < 400).any()
    assert_same(one, other)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(WORDS, WORDS, st.sampled_from([None, 0.0, 0.5])), min_size=1, max_size=14),
    st.integers(1, 5),
    st.integers(1, 9),
)
def test_any_rows_in_any_pieces(tmp_path_factory, rows, size, shard_rows) -> None:
    frame = pairs(*({"question": q, "answer": a, "quality_score": s} for q, a, s in rows))
    config = DedupConfig(
        near={"shingle_words": 2, "threshold": 0.5, "permutations": 64, "band_rows": 12}
    )
    folder = tmp_path_factory.mktemp("pieces")
    assert_same(*both(folder, frame, size, config, shard_rows=shard_rows))


def test_a_part_that_has_an_index_is_not_indexed_again(tmp_path) -> None:
    frame = chains(300, seed=4, distinct=200)
    both(tmp_path, frame, 50, DedupConfig(), shard_rows=1_000)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "spread").glob("part-*.npy")}
    assert len(before) == 6
    (tmp_path / "spread" / "part-00003.npy").unlink()
    layout = Layout(
        rows=tmp_path / "rows", folder=tmp_path / "spread", config=DedupConfig(), base=tmp_path
    )
    steps = []
    Spread(Apart(), layout, 6).index(lambda: steps.append(1))
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "spread").glob("part-*.npy")}
    assert len(steps) == 6
    assert {name for name in after if after[name] != before[name]} == {"part-00003.npy"}


def grown(folder, parts, config, *, shard_rows, forests) -> clusters.Found:
    """What the pieces find in some parts of a run that grows, by name."""
    folder.mkdir()
    stage = Stage(folder / "rows")
    stage.folder.mkdir()
    for number, part in enumerate(parts.values()):
        stage.write(number, Outcome(part, ledger.empty(), []))
    stage.finish(len(parts))
    layout = Layout(rows=stage.folder, folder=folder / "spread", config=config, base=folder)
    spread = Spread(Apart(), layout, len(stage), shard_rows=shard_rows)
    kept = None if forests is None else Forests(forests, list(parts))
    return clusters.find(stage, config, layout.folder, spread=spread, forests=kept)


@settings(max_examples=4, deadline=None)
@given(
    st.integers(0, 1000),
    st.lists(st.sets(st.sampled_from("abcde"), min_size=1), min_size=2, max_size=3),
    st.sampled_from([40, 10_000]),
)
def test_pieces_that_know_the_last_search_find_the_same(
    tmp_path_factory, seed, states, shard_rows
) -> None:
    frame = chains(150, seed=seed, distinct=20).sample(fraction=1, shuffle=True, seed=seed)
    every = {name: frame.slice(30 * place, 30) for place, name in enumerate("abcde")}
    folder = tmp_path_factory.mktemp("grown")
    for number, names in enumerate(states):
        parts = {name: part for name, part in every.items() if name in names}
        pieces = grown(
            folder / str(number),
            parts,
            DedupConfig(),
            shard_rows=shard_rows,
            forests=folder / "pieces.npz",
        )
        stage = Stage(folder / str(number) / "rows")
        forests = Forests(folder / "one.npz", list(parts))
        assert_same(clusters.find(stage, DedupConfig(), forests=forests), pieces)
        assert_same(clusters.find(stage, DedupConfig()), pieces)
    with np.load(folder / "one.npz") as one, np.load(folder / "pieces.npz") as other:
        for name in one.files:  # what the next search goes by
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_pieces_verify_only_what_is_new(tmp_path, monkeypatch) -> None:
    frame = chains(600, seed=5, distinct=60).sample(fraction=1, shuffle=True, seed=5)
    parts = {"a": frame.head(590), "b": frame.tail(10)}
    settings_ = {"shard_rows": 10_000, "forests": tmp_path / "forest.npz"}
    grown(tmp_path / "first", {"a": parts["a"]}, DedupConfig(), **settings_)
    read = []
    write = WriteShingles.run
    monkeypatch.setattr(WriteShingles, "run", lambda task: read.append(write(task)) or read[-1])
    again = grown(tmp_path / "again", parts, DedupConfig(), **settings_)
    few = sum(read)
    read.clear()
    whole = grown(tmp_path / "whole", parts, DedupConfig(), **settings_ | {"forests": None})
    assert_same(again, whole)
    assert 0 < few < sum(read) / 3
