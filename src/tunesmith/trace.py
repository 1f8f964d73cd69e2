"""`trace`: one row's story, from its source file and line to the models that saw it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.errors import TunesmithError
from tunesmith.io import read_json
from tunesmith.record import iso


@dataclass(frozen=True)
class Story:
    """What happened to one row.

    `row` is its line of the ledger; `models` the methods that learned from it, `shown` those that
    may have shown it in their prompts, `tested` those that were tested on it; `merged` the rows
    that it stands for.
    """

    row: dict[str, Any]
    merged: list[dict[str, Any]]
    models: list[str]
    shown: list[str]
    tested: list[str]
    dataset: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The story as JSON can hold it."""
        return {
            **_plain(self.row), "stands_for": self.merged, "learned_by": self.models,
            "shown_by": self.shown, "tested": self.tested, "dataset": self.dataset,
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """The story in words."""
        row = self.row
        number = "" if row["source_id"] is None else f" ({row['source_id']})"
        told = [
            f"{row['id']}{number}",
            f"collected  from '{row['source']}': {_place(row)}, at {iso(row['collected_at'])}",
        ]
        if row["collection"] is not None:
            told.append(f"read by    collection {row['collection']}")
        if row["timestamp"] is not None:
            by = "" if row["role"] is None else f", by {row['role']}"
            told.append(f"written    {iso(row['timestamp'], row['zone'])}{by}")
        told.append(f"licence    {row['license'] or 'not stated'}")
        if row["changes"]:
            told.append(f"changed    {', '.join(row['changes'])}")
        if row["fate"] == "kept":
            version = self.dataset["version"]
            told.append(f"kept       in '{row['split']}' of dataset version {version}")
        elif row["fate"] == "merged":
            told.append(
                f"merged     {row['reason']}: matched {row['matched_id']} "
                f"(similarity {row['similarity']:.3f}); {row['kept_id']} stands for both"
            )
        else:
            measured = ""
            if row["value"] is not None:
                measured = f" ({row['value']:g}"
                limit = row["threshold"]
                measured += ")" if limit is None else f", limit {limit:g})"
            told.append(f"{row['fate']:<10} at {row['step']}: {row['reason']}{measured}")
        told += [
            f"stands for {other['id']}: {_place(other)} "
            f"({other['reason']}, similarity {other['similarity']:.3f})"
            for other in self.merged
        ]
        for word, names in (
            ("learned by", self.models), ("shown by", self.shown), ("tested", self.tested),
        ):  # fmt: skip
            if names:
                told.append(f"{word:<10} {', '.join(names)}")
        return told


def trace(run: Path, wanted: str) -> list[Story]:
    """The stories of the rows that `wanted` names.

    Args:
        run: The run folder.
        wanted: A row's identifier or the beginning of it, a ticket's own number, or `FILE:LINE`.

    Raises:
        TunesmithError: The run or the row is not there.
    """
    path = run / "ledger.parquet"
    if not path.exists():
        raise TunesmithError(
            "there is no ledger here",
            where=str(run),
            todo="name the run folder with --out, or make one with: tunesmith prepare RECIPE",
        )
    ledger = pl.read_parquet(path)
    rows = ledger.filter(_matches(wanted))
    if not rows.height:
        raise TunesmithError(
            f"no row is called '{wanted}'",
            where=str(path),
            todo="give a row's id, a ticket's own number, or FILE:LINE",
        )
    dataset = read_json(run / "run.json")["dataset"]
    return [_story(run, ledger, row, dataset) for row in rows.iter_rows(named=True)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the ledger as JSON can hold it."""
    written = iso(row["timestamp"], row["zone"])
    return row | {"timestamp": written, "collected_at": iso(row["collected_at"])}


def _place(row: dict[str, Any]) -> str:
    at = row["position"] or (None if row["line"] is None else f"line {row['line']}")
    return ", ".join(filter(None, (row["file"], at)))


def _matches(wanted: str) -> pl.Expr:
    found = (pl.col("id") == wanted) | (pl.col("source_id") == wanted)
    if len(wanted) >= 6:
        found = found | pl.col("id").str.starts_with(wanted)
    file, colon, line = wanted.rpartition(":")
    if colon and line.isdigit():
        at = (pl.col("file") == file) | pl.col("file").str.ends_with(f"/{file}")
        found = found | (at & (pl.col("line") == int(line)))
    return found.fill_null(value=False) | (pl.col("file") == wanted).fill_null(value=False)


def _story(run: Path, ledger: pl.DataFrame, row: dict[str, Any], dataset: dict[str, Any]) -> Story:
    merged = ledger.filter(pl.col("kept_id") == row["id"])
    columns = ["id", "file", "line", "position", "reason", "similarity"]
    models, shown, tested = [], [], []
    for lineage in sorted(run.glob("methods/*/lineage.json")):
        name = lineage.parent.name
        about = read_json(lineage)
        if row["fate"] != "kept" or about["dataset"]["fingerprint"] != dataset["fingerprint"]:
            continue
        if row["split"] in about["learned_from"]:
            models.append(name)
        if row["split"] == about["shown_examples_from"]:
            shown.append(name)
        if row["split"] == "test" and (lineage.parent / "metrics.json").exists():
            tested.append(name)
    return Story(row, merged.select(columns).to_dicts(), models, shown, tested, dataset)
