"""What repeats within fields: one question with different answers, one answer to many questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunesmith.dedup import fields
from tunesmith.dedup.clusters import Found
from tunesmith.dedup.told import Told
from tunesmith.io import write_bytes
from tunesmith.prepare.tables import write_parquet
from tunesmith.store.cache import Stage

#: What is reported, each with a file of that name in the run folder: one question with different
#: answers, and one answer to different questions.
WITHIN_FIELDS = ("conflicts", "templates")


def list_within_fields(found: Found, stage: Stage, told: Told) -> dict[str, Any]:
    """Write what repeats beside the rows that stay; gives the counts."""
    groups = [fields.conflicts(found), fields.templates(found)]
    tables = fields.tables(found.offsets, groups, told)
    counts = {}
    for name, mine, table in zip(WITHIN_FIELDS, groups, tables, strict=True):
        write_parquet(stage.folder / f"{name}.parquet", table)
        counts[name] = fields.summary(mine, table)
    return counts


def write_within_fields(out: Path, unique: Stage) -> dict[str, Any]:
    """Write the files of the run folder; gives the counts."""
    for name in WITHIN_FIELDS:
        write_bytes(out / f"{name}.parquet", (unique.folder / f"{name}.parquet").read_bytes())
    return {name: unique.summary[name] for name in WITHIN_FIELDS}
