"""Data sets of the Hugging Face hub: folders on this machine, or by name through its cache."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Piece, Place, Stretch
from tunesmith.collect.licenses import spdx_of, spdx_of_text
from tunesmith.collect.mapping import Columns, RowReader, as_text
from tunesmith.collect.outside import hub_files
from tunesmith.collect.outside.hub_files import DataRow
from tunesmith.collect.outside.others import OutsideSource
from tunesmith.collect.outside.shapes import Shaped, shaped
from tunesmith.collect.rows import Row
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

_CARD = re.compile(r"\A---[ \t]*\r?\n(.{0,20000}?)\r?\n---", re.DOTALL)
_CARD_LICENSE = re.compile(
    r"^licen[sc]e:[ \t]*(?:\r?\n[ \t]*-[ \t]*)?[\"']?([^\s\"'#]{1,100})", re.MULTILINE
)
_LICENSE_FILE = re.compile(r"^(licen[sc]e|copying|cc-by|cc0)[\w.-]{0,20}$", re.IGNORECASE)
_REVISION = "main"
_BOOKKEEPING = {"dataset_info.json", "state.json", "dataset_dict.json", "dataset_infos.json"}


class HubSource(OutsideSource, FileSource):
    """Rows of a data set: question and answer pairs, conversations or texts, by their columns."""

    kind: Literal["hub"] = "hub"
    """The tag that names this kind of source."""
    path: str = ""
    """A folder (as `save_to_disk` writes it, or with Parquet, Arrow, JSONL, JSON or CSV files) or
    one such file; empty where `dataset` names a data set."""
    dataset: str | None = None
    """A data set of the hub, such as `PolyAI/banking77`; fetched once through `huggingface_hub`."""
    revision: str = _REVISION
    """The commit or branch of the data set."""
    columns: Columns | None = None
    """Which column means what; without it the known shapes are looked for: `messages`,
    `conversations`, `instruction`, `question` and `answer`, `text`."""
    category: str | None = None
    """The column that is the category, where `columns` is not given."""
    max_line_mib: float = Field(default=8.0, gt=0)
    """A longer line is quarantined."""

    @model_validator(mode="after")
    def _one_place(self) -> HubSource:
        if bool(self.path) == bool(self.dataset):
            raise ValueError("give either path or dataset")
        return self

    def settings(self) -> dict[str, Any]:
        """See `Source.settings`."""
        return self.model_dump(mode="json", exclude={"path", "dataset", "revision"})

    def files(self, base: Path) -> list[Path]:
        """The files of the folder; none where the data set is named."""
        return super().files(base) if self.path else []

    def gather(self, base: Path, folder: Path) -> None:
        """Fetch the data set that is named, if it is not in the hub's cache.

        Raises:
            MissingExtraError: `huggingface_hub` is not installed.
            SourceError: It cannot be fetched, or offline mode is on and it is not there.
        """
        if self.dataset is None:
            return
        try:
            from huggingface_hub import snapshot_download
        except ImportError:
            raise MissingExtraError("huggingface_hub", "tune") from None
        patterns = [f"*{suffix}" for suffix in sorted(hub_files.TABLES)]
        try:
            found = snapshot_download(
                self.dataset,
                repo_type="dataset",
                revision=self.revision,
                allow_patterns=[*patterns, "README.md", "LICENSE*"],
            )
        except Exception as error:
            raise SourceError(
                f"the data set '{self.dataset}' cannot be had ({type(error).__name__})",
                where=f"source '{self.name}'",
                todo="check its name and the network; offline it must be in the hub's cache, "
                "or give its folder as path",
            ) from error
        (folder / "snapshot").write_text(found, encoding="utf-8")

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each file with its card; see `Source.pieces`."""
        if self.dataset is None:
            files = {path: self.display_name(path, base) for path in self.files(base)}
        else:
            root = Path((folder / "snapshot").read_text(encoding="utf-8"))
            files = {
                path: f"{self.dataset}/{path.relative_to(root).as_posix()}"
                for path in sorted(root.rglob("*"))
                if path.is_file()
            }
        pieces = []
        for path, name in files.items():
            above = _about(path, files)
            digest = " ".join(seen.sha256(one) for one in (path, *above))
            stretches = tuple(Stretch(one.resolve(), files[one]) for one in (path, *above))
            # Where the bytes of a link lie says nothing of what they are.
            pieces.append(Piece((Stretch(path, name), *stretches[1:]), digest))
        return pieces

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or a folder without a file that has rows; nothing is fetched."""
        if self.dataset is not None:
            return []
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if not any(path.suffix.lower() in hub_files.TABLES for path in files):
            return [("path", "no Arrow, Parquet, JSONL, JSON or CSV file is there")]
        return []

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one file; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        path = place.path
        if path.suffix.lower() not in hub_files.TABLES or path.name in _BOOKKEEPING:
            builder.drop("a file without rows: a card, a licence or of another kind")
        elif path.stat().st_size == 0:
            builder.quarantine("the file is empty")
        else:
            license_ = self.license or _license(place)
            try:
                for row in hub_files.read(path, int(self.max_line_mib * (1 << 20))):
                    self._add(builder, row, license_)
                    if builder.full:
                        yield builder.take()
            except Unreadable as problem:
                builder.quarantine(problem.reason, position=problem.position)
        yield builder.take()

    def _add(self, builder: ChunkBuilder, row: DataRow, license_: str | None) -> None:
        if row.values is None:
            builder.quarantine(row.problem, line=row.line, raw=row.raw)
            return
        if self.columns is not None:
            key, values, notes = self._reader.record(Row(row.line, row.raw, row.values))
            builder.add(key, values | {"license": license_}, notes)
            return
        digest = content_hash(row.raw)
        for one in shaped(row.values):
            if one.problem is not None:
                builder.drop(one.problem, line=row.line, raw=row.raw)
                continue
            values = self._values(row, one) | {"license": license_, "content_hash": digest}
            builder.add(f"{digest} {one.turn}" if one.turn else digest, values, [])

    @cached_property
    def _reader(self) -> RowReader:
        if self.columns is None:
            raise ValueError("there is no mapping of columns")
        return RowReader(self.columns, dropped=[], zone="UTC", time_format=None)

    def _values(self, row: DataRow, one: Shaped) -> dict[str, Any]:
        given = row.values or {}
        named = given.get(self.category or "category", given.get("label"))
        extra = [("system", one.system)]
        extra += [(name, given[name]) for name in ("title", "url", "id") if _plain(given.get(name))]
        thread = f"{content_hash(row.raw)}" if one.turn else None
        return {
            "kind": "document" if one.text is not None else "qa",
            "question": one.question,
            "answer": one.answer,
            "text": one.text,
            "line": row.line,
            "thread": thread,
            "category": as_text(named) if _plain(named) else None,
            "source_id": as_text(given["id"]) if _plain(given.get("id")) else None,
            "extra": [
                {"key": key, "value": str(value)} for key, value in extra if value is not None
            ],
        }


def _plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _about(path: Path, files: dict[Path, str]) -> list[Path]:
    """The card and the licence that hold for a file: the nearest in its folder or above."""
    for folder in path.parents:
        here = [one for one in files if one.parent == folder and one != path]
        found = [one for one in here if one.name.lower() == "readme.md"]
        found += [one for one in here if _LICENSE_FILE.match(one.name)]
        if found:
            return sorted(found)
    return []


def _license(place: Place) -> str | None:
    """What the card's YAML says, else what the licence file is."""
    found: Counter[str] = Counter()
    for stretch in place.stretches[1:]:
        try:
            text = hub_files.text_of(stretch.path)
        except Unreadable:
            continue  # it is quarantined where it is read as a file of its own
        card = _CARD.match(text)
        named = _CARD_LICENSE.search(card[1]) if card is not None else None
        if named is not None:
            return spdx_of(named[1]) or named[1]
        if stretch.path.name.lower() != "readme.md" and (license_ := spdx_of_text(text)):
            found[license_] += 1
    return next(iter(found)) if len(found) == 1 else None
