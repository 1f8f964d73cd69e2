"""The earlier versions whose rows new ones are held against, and the index of their rows."""

from __future__ import annotations

from pathlib import Path

from tunesmith.dedup.earlier import EarlierRows, write_delta
from tunesmith.dedup.index import VERSION as DEDUP_VERSION
from tunesmith.errors import TunesmithError
from tunesmith.io import fingerprint
from tunesmith.prepare.context import Context
from tunesmith.store.cache import Stage
from tunesmith.store.kept import Kept
from tunesmith.store.versions import Version, read_version, versions


def earlier_versions(context: Context, rows: Stage) -> list[Version]:
    """The versions that the recipe wants, oldest first.

    A version that was made of these very rows is not an earlier one: this run makes it again.
    """
    wanted = context.recipe.dedup.against_versions
    if wanted is False:
        return []
    there = versions(context.table)
    if wanted is not True:
        missing = sorted(set(wanted) - {version.number for version in there})
        if missing:
            raise TunesmithError(
                f"there is no version {', '.join(map(str, missing))}",
                where="dedup.against_versions",
                todo=f"see them with: tunesmith versions --out {context.out}",
            )
        there = [version for version in there if version.number in wanted]
    return [version for version in there if version.lineage.get("checked") != rows.folder.name]


def rows_of(context: Context, chain: list[Version], newest: Kept | None = None) -> EarlierRows:
    """The index of some versions' rows, made where it is missing.

    Args:
        context: The run.
        chain: The versions, oldest first.
        newest: The rows of the last one, where they are at hand.
    """
    config, folders = context.recipe.dedup, list[Path]()
    for place, version in enumerate(chain):
        identity = {
            "versions": [before.fingerprint for before in chain[: place + 1]],
            "dedup": config.model_dump(mode="json", include={"near", "columns"}),
            "version": DEDUP_VERSION,
        }
        stage = context.cache.stage("version", fingerprint(identity))
        if not stage.done:
            last = newest if place == len(chain) - 1 else None
            columns = ["id", *dict.fromkeys(config.columns)]
            rows = (
                read_version(context.table, version.number, columns)
                if last is None
                else last.table(columns)
            )
            write_delta(stage.folder, rows, config, EarlierRows(folders))
        folders.append(stage.folder)
    return EarlierRows(folders)
