"""Ticket exports: what help desks, issue trackers and forums write when asked for everything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from tunesmith.collect.base import Piece, Place, Stretch
from tunesmith.collect.exports import documents
from tunesmith.collect.exports.catalogue import SYSTEMS, SystemName, system_of
from tunesmith.collect.exports.documents import Document, Limits
from tunesmith.collect.exports.join import Joint
from tunesmith.collect.exports.parts import Change, Name, Person, Post, System, Ticket, Where
from tunesmith.collect.lines import MIB
from tunesmith.collect.talk import Talk
from tunesmith.collect.talk_source import TalkSource, Unread
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.io import fingerprint
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

#: Raised when other things are found out about the same files.
_LOOKED = 1

#: So many objects of a file with one a line tell what it is.
_SAMPLE = 200

UNKNOWN = "not an export of a ticket system that is known"
NOTHING = "no ticket is in this file"


class _Look(NamedTuple):
    """What a file is."""

    system: str | None
    whole: bool
    """Whether its tickets have all that belongs to them."""


class TicketExportSource(TalkSource):
    """Native exports of ticket systems, issue trackers and forums, with their comments."""

    kind: Literal["ticket_exports"] = "ticket_exports"
    """The tag that names this kind of source."""
    system: SystemName | None = None
    """The system that wrote the export; found from what is in it when it is not given."""
    max_document_mib: float = Field(default=64.0, gt=0)
    """A larger JSON, XML or HTML document is quarantined; a file with one object a line may have
    any size."""
    max_line_mib: float = Field(default=8.0, gt=0)
    """A longer line is quarantined."""
    max_joined_mib: float = Field(default=256.0, gt=0)
    """Files of a folder that belong together (tickets, comments, users) are read at once; more than
    this is quarantined."""
    accept_score: int | None = Field(default=None, ge=1)
    """In forums where readers vote: the best answer counts as accepted when it has this score and
    none was marked."""

    # ── Which files belong together ──────────────────────────────────────────────────────────────

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each file, or the files of a folder where tickets and comments lie apart."""
        groups: dict[tuple[Path, str], list[Path]] = {}
        apart: set[tuple[Path, str]] = set()
        alone: list[Path] = []
        for path in self.files(base):
            look = self._look(path, seen)
            if look.system is None:
                alone.append(path)
                continue
            group = (path.parent, look.system)
            groups.setdefault(group, []).append(path)
            if not look.whole:
                apart.add(group)
        found = [[path] for path in alone]
        for group, paths in groups.items():
            found += [paths] if group in apart else [[path] for path in paths]
        return [self._piece(paths, base, seen) for paths in sorted(found)]

    def _piece(self, paths: list[Path], base: Path, seen: Seen) -> Piece:
        stretches = tuple(Stretch(path.resolve(), self.display_name(path, base)) for path in paths)
        digests = [seen.sha256(path) for path in paths]
        if len(digests) == 1:
            return Piece(stretches, digests[0])
        return Piece(stretches, hashlib.sha256(" ".join(digests).encode()).hexdigest())

    def _look(self, path: Path, seen: Seen | None) -> _Look:
        """What a file is; one that nobody has written since is not read again."""

        def work() -> list[Any]:
            return list(self._looked(path))

        what = fingerprint([_LOOKED, self.settings()])
        system, whole = work() if seen is None else seen.worked_out(path, what, work)
        return _Look(system, whole)

    def _looked(self, path: Path) -> _Look:
        name: str | None = None
        whole = True
        for number, document in enumerate(documents.read(path, path.name, self._limits)):
            if number >= _SAMPLE:
                break
            system = self._system(document.value) if isinstance(document, Document) else None
            if system is None or not isinstance(document, Document):
                continue
            name = name or system.name
            parts = list(system.read(document.value, document.where))
            loose = any(isinstance(part, Post | Change) for part in parts)
            others = any(isinstance(part, Person | Name) for part in parts)
            tickets = any(isinstance(part, Ticket) for part in parts)
            whole = whole and not loose and (tickets or not others)
        return _Look(name, whole)

    def _system(self, document: Any) -> System | None:
        if self.system is None:
            return system_of(document)
        system = SYSTEMS[self.system]
        return system if system.recognise(document) else None

    @property
    def _unknown(self) -> str:
        return UNKNOWN if self.system is None else f"not an export of {SYSTEMS[self.system].title}"

    @property
    def _limits(self) -> Limits:
        return Limits(int(self.max_document_mib * MIB), int(self.max_line_mib * MIB))

    # ── Reading ──────────────────────────────────────────────────────────────────────────────────

    def talks(self, place: Place) -> Iterator[Talk | Unread]:
        """The tickets of one file, or of files that belong together; see `TalkSource.talks`."""
        files = [(stretch.path, stretch.name) for stretch in place.stretches]
        path = files[0][0]
        if len(files) == 1 and documents.lines(path, self._limits) and self._looked(path).whole:
            yield from self._streamed(*files[0])
            return
        if len(files) > 1:
            size = sum(path.stat().st_size for path, _ in files)
            if size > self.max_joined_mib * MIB:
                reason = (
                    f"the files that belong together have {size / MIB:,.0f} MiB, "
                    "more than max_joined_mib"
                )
                yield from (Where(name).unread(reason) for _, name in files)
                return
        joint = Joint(self.accept_score)
        for path, name in files:
            held = False
            for document in documents.read(path, name, self._limits):
                for unread in self._take(joint, document):
                    held = True
                    yield unread
                held = held or joint.took
            if not held:
                yield Where(name).unread(NOTHING, dropped=True)
            joint.took = False
        yield from joint.talks()

    def _streamed(self, path: Path, name: str) -> Iterator[Talk | Unread]:
        """The tickets of a file with one a line: each is done with when its line is."""
        seen: set[str] = set()
        for document in documents.read(path, name, self._limits):
            joint = Joint(self.accept_score)
            yield from self._take(joint, document)
            again = [number for number in joint.tickets if content_hash(number.encode()) in seen]
            for number in again:
                ticket = joint.tickets.pop(number)
                yield ticket.where.unread("the same ticket again", dropped=True)
            seen |= {content_hash(number.encode()) for number in joint.tickets}
            yield from joint.talks()

    def _take(self, joint: Joint, document: Document | Unread) -> Iterator[Unread]:
        if isinstance(document, Unread):
            yield document
            return
        system = self._system(document.value)
        if document.value in ([], {}):
            yield document.where.unread(NOTHING, dropped=True)
        elif system is None:
            yield document.where.unread(self._unknown)
        else:
            yield from joint.add(system.read(document.value, document.where))

    # ── Checking ─────────────────────────────────────────────────────────────────────────────────

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, a missing package, or no file that is an export."""
        try:
            files = self.files(base)
            known = [self._look(path, seen).system for path in files]
        except SourceError as error:
            return [("path", error.what)]
        except MissingExtraError as error:
            return [("path", error.message)]
        if not any(known):
            return [("path" if self.system is None else "system", self._unknown)]
        return []
