"""A thread's mails as a talk: in the order of writing, each with a role, copies left out."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass

from tunesmith.collect.base import Stretch
from tunesmith.collect.mail.headers import base_subject
from tunesmith.collect.mail.reading import Mail
from tunesmith.collect.talk import Message, Role, Talk
from tunesmith.record import lettered

#: So many writers of a thread are named in `extra`.
PEOPLE = 8


@dataclass(frozen=True)
class Placed:
    """A mail, and where it lies."""

    mail: Mail
    stretch: Stretch
    digest: bytes
    """16 bytes of BLAKE2b over its bytes."""

    @property
    def id(self) -> str:
        """Its identifier; of one without, its bytes' digest."""
        return self.mail.about.id or lettered(self.digest.hex())

    @property
    def time(self) -> float:
        """Seconds since 1970; one without a date comes first."""
        at = self.mail.about.at
        return float("-inf") if at is None else at.timestamp()


class Agents:
    """Who answers.

    Args:
        patterns: Addresses (`help@shop.com`), domains (`shop.com`, `@shop.com`, `*@shop.com`), and
            domains with all below them (`*.shop.com`).
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._addresses: set[str] = set()
        self._domains: set[str] = set()
        self._above: tuple[str, ...] = ()
        for pattern in (pattern.strip().lower() for pattern in patterns):
            name, at, domain = pattern.rpartition("@")
            if at and name not in {"", "*"}:
                self._addresses.add(pattern)
            elif domain.startswith("*."):
                self._above = (*self._above, domain[1:])
                self._domains.add(domain[2:])
            else:
                self._domains.add(domain)

    def __contains__(self, address: str) -> bool:
        domain = address.rpartition("@")[2]
        if address in self._addresses or domain in self._domains:
            return True
        return bool(self._above) and domain.endswith(self._above)


def without_copies(found: list[Placed]) -> tuple[list[Placed], list[Placed]]:
    """The mails of a thread once each, and their copies.

    Copies have one identifier, writer and date, as mail that was filed in two folders has.
    """
    kept: dict[tuple[object, ...], Placed] = {}
    copies = []
    for one in sorted(found, key=_named):
        about = one.mail.about
        first = kept.setdefault((one.id, about.address, about.at), one)
        if first is not one:
            copies.append(one)
    return list(kept.values()), copies


def _named(one: Placed) -> tuple[bytes, str, int]:
    return one.digest, one.stretch.name, one.stretch.number or 0


def in_order(mails: list[Placed]) -> list[Placed]:
    """Mails by time, but none before one that it answers, whatever the clocks said."""
    by_id = {one.id: one for one in sorted(mails, key=_named)}
    waiting: dict[str, list[Placed]] = {}
    ready = []
    for one in mails:
        before = next((name for name in reversed(one.mail.about.answers) if name in by_id), None)
        if before is None or before == one.id:
            ready.append(one)
        else:
            waiting.setdefault(before, []).append(one)
    heap = [(one.time, one.digest, index) for index, one in enumerate(ready)]
    heapq.heapify(heap)
    listed, ordered = ready, []
    while heap or waiting:
        if not heap:  # they name each other in a circle
            circle = [one for several in waiting.values() for one in several]
            first = min(circle, key=lambda one: (one.time, one.digest))
            for several in waiting.values():
                several[:] = [one for one in several if one is not first]
            waiting = {name: several for name, several in waiting.items() if several}
            listed.append(first)
            heap = [(first.time, first.digest, len(listed) - 1)]
        _, _, index = heapq.heappop(heap)
        ordered.append(listed[index])
        for one in waiting.pop(listed[index].id, []):
            listed.append(one)
            heapq.heappush(heap, (one.time, one.digest, len(listed) - 1))
    return ordered


def talk_of(mails: list[Placed], agents: Agents | None) -> Talk:
    """The talk of a thread.

    Args:
        mails: Its mails, without copies.
        agents: Who answers; without it the first who writes asks, and all others answer.
    """
    ordered = in_order(mails)
    opening = next((one for one in ordered if one.mail.automatic is None), ordered[0])
    first = ordered[0].mail.about
    asking = opening.mail.about.address or opening.mail.about.name
    messages = [_message(one, _role(one, agents, asking)) for one in ordered]
    names = dict.fromkeys(one.mail.about.name for one in ordered if one.mail.about.name)
    named = [(f"person {place}", name) for place, name in enumerate(names, 1) if place <= PEOPLE]
    subject = next((one.mail.about.subject for one in ordered if one.mail.about.subject), None)
    base = None if subject is None else _base(subject)
    root = first.answers[0] if first.answers else ordered[0].id
    return Talk(thread_id(root), messages, subject=base, extra=[(k, v) for k, v in named if v])


def thread_id(root: str) -> str:
    """A thread's identifier, from its first mail's: letters, for mails' look like addresses."""
    return lettered(hashlib.sha256(root.encode("utf-8", "surrogatepass")).hexdigest()[:20])


def _base(subject: str) -> str:
    """A subject without `Re:` and its kin, in the letters that it was written with."""
    short, _ = base_subject(subject)
    return subject[len(subject) - len(short) :] if subject.lower().endswith(short) else subject


def _role(one: Placed, agents: Agents | None, asking: str | None) -> Role:
    address = one.mail.about.address
    if agents is not None:
        return "agent" if address is not None and address in agents else "customer"
    return "customer" if (address or one.mail.about.name) == asking else "agent"


def _message(one: Placed, role: Role) -> Message:
    about, mail = one.mail.about, one.mail
    return Message(
        role=role,
        text=mail.text,
        position=position_of(one.stretch),
        raw=one.digest,
        author=about.address or about.name,
        at=about.at,
        zone=about.zone,
        automatic=mail.automatic,
        id=thread_id(one.id),
        file=one.stretch.name,
        notes=mail.notes,
        extra=tuple(("attachment", str(attachment)) for attachment in mail.attachments),
    )


def position_of(stretch: Stretch) -> str:
    """A mail's place in its file."""
    return f"message {stretch.number or 1}"
