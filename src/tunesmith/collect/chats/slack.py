"""Slack's export: a folder or a zip archive with a folder a channel and a file a day."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tunesmith.collect import json_stream
from tunesmith.collect.chats.services import Facts, slack_people, word
from tunesmith.collect.json_stream import Broken, Element
from tunesmith.collect.sandbox import Unreadable
from tunesmith.collect.talk_source import Unread

DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json")

#: Files of an export that say who writes, and where.
ABOUT = ("users.json", "channels.json", "groups.json", "dms.json", "mpims.json")

_ENTRIES = 200_000
_ENTRY_BYTES = 64 << 20
#: Real exports shrink to about a tenth; what shrinks to a hundredth is made to fill a disk.
_RATIO, _RATIO_FROM = 100, 4 << 20


def channels(files: list[Path]) -> dict[Path, list[Path]]:
    """The days of each channel: by folder, where the folder above is an export's."""
    found: dict[Path, list[Path]] = defaultdict(list)
    roots: dict[Path, bool] = {}
    for path in files:
        if DAY.fullmatch(path.name):
            above = path.parent.parent
            if above not in roots:
                roots[above] = any((above / name).is_file() for name in ABOUT[:2])
            if roots[above]:
                found[path.parent].append(path)
    return dict(found)


def learn(path_or_raw: Path | bytes, name: str, facts: Facts) -> None:
    """Take what `users.json` or `channels.json` says; a damaged one says what it can."""
    found = (
        json_stream.elements(path_or_raw)
        if isinstance(path_or_raw, Path)
        else json_stream.elements_in(path_or_raw)
    )
    for element in found:
        if not isinstance(element, Element) or not isinstance(element.value, dict):
            continue
        if name == ABOUT[0]:
            slack_people([element.value], facts)
        elif (key := word(element.value.get("id"))) and (label := word(element.value.get("name"))):
            facts.channels[key] = label


class Archive:
    """A zip archive of an export, read without unpacking it, within limits.

    Args:
        path: The archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts = Facts()

    def days(self) -> Iterator[tuple[str, str, Element | Broken] | Unread]:
        """The elements of the channels' days: channel, entry, element.

        Raises:
            Unreadable: It is no archive that can be read.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield from self._days(archive)
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise Unreadable(f"a damaged archive ({type(error).__name__})") from None

    def _days(
        self, archive: zipfile.ZipFile
    ) -> Iterator[tuple[str, str, Element | Broken] | Unread]:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > _ENTRIES:
            raise Unreadable(f"it has {len(entries):,} files, more than {_ENTRIES:,}")
        days: list[tuple[str, str, zipfile.ZipInfo]] = []
        for number, entry in enumerate(entries, 1):
            place = PurePosixPath(entry.filename.replace("\\", "/"))
            where = f"file {number} of the archive"
            if place.is_absolute() or ".." in place.parts or ":" in "".join(place.parts[:1]):
                yield Unread("a name that leads out of the archive", position=where)
            elif place.name in ABOUT and len(place.parts) <= 2:
                raw = self._content(archive, entry)
                if isinstance(raw, bytes):
                    learn(raw, place.name, self.facts)
                else:
                    yield Unread(raw.reason, position=where)
            elif DAY.fullmatch(place.name) and len(place.parts) > 1:
                days.append((place.parts[-2], place.name, entry))
            else:
                yield Unread("not a day of a channel", position=where, dropped=True)
        for channel, day, entry in sorted(days, key=lambda one: one[:2]):
            raw = self._content(archive, entry)
            if isinstance(raw, Unreadable):
                yield Unread(raw.reason, position=f"{channel}/{day}")
                continue
            for element in json_stream.elements_in(raw):
                yield channel, day, element

    @staticmethod
    def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | Unreadable:
        """The bytes of an entry, or why they are not read; what it claims is not believed."""
        if entry.flag_bits & 1:
            return Unreadable("an encrypted file")
        limit = _ENTRY_BYTES
        if entry.compress_size * _RATIO > _RATIO_FROM:
            limit = min(limit, entry.compress_size * _RATIO)
        else:
            limit = min(limit, _RATIO_FROM)
        try:
            with archive.open(entry) as file:
                raw = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            return Unreadable(f"a damaged file in the archive ({type(error).__name__})")
        if len(raw) > limit:
            return Unreadable(f"it unpacks to more than {limit:,} bytes")
        return raw
