"""Rows counted by what they are, against the rows themselves."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith.prepare.tally import tally
from tunesmith.split import KNOWLEDGE, SPLITS
from tunesmith.step import Outcome
from tunesmith.store.cache import Stage
from tunesmith.store.facts import Facts, StateFacts
from tunesmith.store.kept import Kept

ROW = st.tuples(
    st.sampled_from(["qa", "document"]),
    st.sampled_from([None, "", "billing", "orders"]),
    st.sampled_from([None, "en", "de"]),
    st.sampled_from([*SPLITS, KNOWLEDGE]),
    st.booleans(),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(ROW, min_size=1, max_size=12), min_size=1, max_size=3))
def test_the_counts_are_those_of_the_rows(tmp_path_factory, parts) -> None:
    folder = tmp_path_factory.mktemp("tally")
    stage, files, frames = Stage(folder), [], []
    for number, rows in enumerate(parts):
        frame = pairs(*({"kind": k, "category": c, "language": g} for k, c, g, *_ in rows))
        files.append(folder / f"facts-{number}.npy")
        stage.write(number, Outcome(frame, pl.DataFrame(), []))
        StateFacts(rows=folder, number=number, output=files[number]).run()
        split = pl.Series("split", [row[3] for row in rows])
        stays = pl.Series([row[4] for row in rows])
        frames.append(frame.with_columns(split).filter(stays))
    stage.finish(len(parts))
    stays = [np.array([row[4] for row in rows]) for rows in parts]
    splits = pl.concat(frames).get_column("split")
    kept = Kept(stage, stays).dealt(splits)
    found = tally(kept, Facts(kept, files))
    columns = ["is_pair", "category", "language", "split"]
    expected = (
        pl.concat(frames)
        .with_columns(is_pair=pl.col("kind") == "qa")
        .group_by(columns, maintain_order=True)
        .agg(rows=pl.len().cast(pl.Int64))
    )
    assert found.equals(expected)
