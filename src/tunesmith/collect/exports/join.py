"""From the parts of an export to talks: posts to their tickets, people to their roles.

Every post is in one talk, or has a fate: a ticket or a post that is there twice, and a comment of a
ticket that the export does not hold, are said with their positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tunesmith.collect.exports.parts import Change, Name, Part, Person, Post, Ticket
from tunesmith.collect.talk import Message, Role, Talk
from tunesmith.collect.talk_source import Unread

TWICE = "the same {} again"
ORPHAN = "a comment of a ticket that is not in this export"


@dataclass
class Joint:
    """Puts parts together.

    Args:
        accept_score: The score at which the best answer counts as accepted where none is marked.
    """

    accept_score: int | None = None
    tickets: dict[str, Ticket] = field(default_factory=dict)
    """By identifier, in the order in which they came."""
    owner: dict[str, str] = field(default_factory=dict)
    """The ticket's identifier by each of its names."""
    people: dict[str, Person] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    loose: list[Post | Change] = field(default_factory=list)
    took: bool = False
    """Whether it took anything since this was last said to be false."""

    def add(self, parts: Iterable[Part]) -> Iterator[Unread]:
        """Take parts; what cannot be used of them comes back."""
        for part in parts:
            if isinstance(part, Unread):
                yield part
                continue
            self.took = True
            if isinstance(part, Ticket):
                yield from self._ticket(part)
            elif isinstance(part, Person):
                self._person(part)
            elif isinstance(part, Name):
                self.names.setdefault(part.id, part.name)
            else:
                self.loose.append(part)

    def _person(self, person: Person) -> None:
        known = self.people.setdefault(person.id, person)
        known.name, known.role = known.name or person.name, known.role or person.role

    def _ticket(self, ticket: Ticket) -> Iterator[Unread]:
        known = self.tickets.get(ticket.id)
        if ticket.left is not None:
            yield ticket.where.unread(ticket.left[0], dropped=True)
            if known is not None:
                reason = ticket.left[1]
                yield from (post.where.unread(reason, dropped=True) for post in ticket.posts)
                return
        if known is None:
            self.tickets[ticket.id] = ticket
            for name in sorted({ticket.id, *ticket.names}):
                self.owner.setdefault(name, ticket.id)
            return
        # A list has a ticket in short, and its own file in full: what is new of it is added.
        yield ticket.where.unread(TWICE.format("ticket"), dropped=True)
        known.posts += ticket.posts
        if known.body is None or not known.body.text.strip():
            known.body = ticket.body
        elif ticket.body is not None and ticket.body.text.strip() != known.body.text.strip():
            yield ticket.body.where.unread("another version of the description", dropped=True)
        for name in ("subject", "customer", "category", "status", "solved", "rating", "accepted"):
            if getattr(known, name) is None:
                setattr(known, name, getattr(ticket, name))
        known.labels = list(dict.fromkeys([*known.labels, *ticket.labels]))
        known.reopened = max(known.reopened, ticket.reopened)

    def talks(self) -> Iterator[Talk | Unread]:
        """The talks of all tickets, in the order in which they came, and what belongs to none."""
        lost = self._attached(self._attached(self.loose))  # comments on answers come second
        self.loose = []
        for part in lost:
            body = part if isinstance(part, Post) else part.body
            if body is not None:
                yield body.where.unread(ORPHAN)
        for ticket in self.tickets.values():
            yield from self._talk(ticket)
        self.tickets, self.owner = {}, {}

    def _attached(self, loose: list[Post | Change]) -> list[Post | Change]:
        """Put parts to the tickets that they name; those that name none are left."""
        lost = []
        for part in loose:
            ticket = self.tickets.get(self.owner.get(part.ticket or "", ""))
            if ticket is None:
                lost.append(part)
                continue
            self._attach(ticket, part)
            if ticket.answers and isinstance(part, Post) and part.id is not None:
                self.owner.setdefault(part.id, ticket.id)
        return lost

    @staticmethod
    def _attach(ticket: Ticket, part: Post | Change) -> None:
        if isinstance(part, Post):
            ticket.posts.append(part)
            return
        ticket.reopened = max(ticket.reopened + part.reopened, part.reopened_in_all)
        for name in ("status", "solved", "rating", "category", "customer"):
            if getattr(ticket, name) is None:
                setattr(ticket, name, getattr(part, name))
        if part.body is None:
            return
        if ticket.body is None:
            ticket.body = part.body
        else:
            ticket.posts.append(part.body)

    def _talk(self, ticket: Ticket) -> Iterator[Talk | Unread]:
        if ticket.left is not None:
            reason = ticket.left[1]
            yield from (post.where.unread(reason, dropped=True) for post in ticket.posts)
            return
        posts: list[Post] = []
        body = _asked(ticket)
        seen = set() if body is None or body.id is None else {body.id}
        for post in _ordered(ticket):
            if post.id is not None and post.id in seen:
                yield post.where.unread(TWICE.format("comment"), dropped=True)
                continue
            if post.id is not None:
                seen.add(post.id)
            posts.append(post)
        # Many systems keep the description as the first comment too: it is one message.
        if body is not None and not any(_same(body, post) for post in posts[:1]):
            posts.insert(0, body)
        self._accept(ticket, posts)
        messages = [self._message(ticket, post) for post in posts]
        if not messages:
            yield ticket.where.unread("a ticket without a word", dropped=True)
            return
        category = ticket.category
        yield Talk(
            id=ticket.id,
            messages=messages,
            subject=ticket.subject,
            customer=ticket.customer or self._customer(ticket, posts),
            category=self.names.get(category, category) if category else None,
            labels=[self.names.get(label, label) for label in ticket.labels],
            status=ticket.status,
            solved=ticket.solved,
            reopened=ticket.reopened,
            rating=ticket.rating,
            license=_licence(ticket, posts),
            extra=ticket.extra,
        )

    def _accept(self, ticket: Ticket, posts: list[Post]) -> None:
        """Mark the accepted answer, where the ticket names it or the voters chose it."""
        for post in posts:
            if ticket.accepted is not None and post.id == ticket.accepted:
                post.accepted = True
        if self.accept_score is None or any(post.accepted for post in posts):
            return
        answers = [
            post
            for post in posts
            if post.score is not None and post.under is None and post is not ticket.body
        ]
        best = max(answers, key=lambda post: post.score or 0, default=None)
        if best is not None and (best.score or 0) >= self.accept_score:
            best.accepted = True

    def _message(self, ticket: Ticket, post: Post) -> Message:
        return Message(
            role=self._role(ticket, post),
            text=post.text,
            position=post.where.position,
            line=post.where.line,
            author=post.name or self._name(post.author),
            at=post.at,
            zone=post.zone,
            internal=post.internal,
            automatic=post.automatic,
            canned=post.canned,
            accepted=post.accepted,
            id=post.id,
            file=post.where.file,
        )

    def _role(self, ticket: Ticket, post: Post) -> Role:
        """Who asked is the customer; staff is what the export says; others who answer are agents.

        What wrote by itself (bots, the system) stays that, also where it opened the ticket.
        """
        known = self.people.get(post.author) if post.author is not None else None
        said = post.role or (known.role if known is not None else None)
        if said in {"bot", "system"}:
            return said
        if post is ticket.body or (post.author is not None and post.author == ticket.reporter):
            return "customer"
        return said or "agent"

    def _customer(self, ticket: Ticket, posts: list[Post]) -> str | None:
        """The name of who asked: of the person, else as a post of theirs has it."""
        if ticket.reporter is None or ticket.reporter in self.people:
            return self._name(ticket.reporter)
        names = (post.name for post in posts if post.author == ticket.reporter and post.name)
        return next(names, ticket.reporter)

    def _name(self, author: str | None) -> str | None:
        if author is None:
            return None
        known = self.people.get(author)
        return author if known is None or known.name is None else known.name


def _ordered(ticket: Ticket) -> list[Post]:
    """Posts in the order of talk: by time where all tell it, each comment below what it is on.

    A comment on a comment that is not there, or that is on itself in a circle, comes as if it were
    on the ticket.
    """
    posts = ticket.posts
    if all(post.at is not None for post in posts):
        posts = sorted(posts, key=lambda post: (post.at, _rank(post.id)))
    known = {post.id for post in posts if post.id is not None}
    below: dict[str, list[Post]] = {}
    top: list[Post] = []
    for post in posts:
        if post.under is not None and post.under in known and post.under != post.id:
            below.setdefault(post.under, []).append(post)
        else:
            top.append(post)
    if ticket.answers:
        answers = [post for post in top if post.score is not None]
        comments = [post for post in top if post.score is None]
        answers.sort(key=lambda post: (not _is_accepted(ticket, post), -(post.score or 0)))
        top = [*comments, *answers]
    ordered: list[Post] = []
    for post in top:
        ordered.append(post)
        ordered += below.pop(post.id or "", [])
    for rest in below.values():  # comments on comments, which no system shows deeper than once
        ordered += rest
    return ordered


def _is_accepted(ticket: Ticket, post: Post) -> bool:
    return post.accepted or (ticket.accepted is not None and post.id == ticket.accepted)


def _rank(number: str | None) -> tuple[int, str]:
    """Numbers by size, other names by letters: what decides between posts of one second."""
    if number is None:
        return (0, "")
    return (len(number), number) if number.isascii() and number.isdigit() else (0, number)


def _asked(ticket: Ticket) -> Post | None:
    """The description; where it is empty and nobody says more, the subject is the question."""
    body, first = ticket.body, next(iter(_ordered(ticket)), None)
    if (body is not None and body.text.strip()) or not ticket.subject:
        return body
    if first is not None and first.author is not None and first.author == ticket.reporter:
        return body
    if body is None:
        body = Post(ticket.where.at("subject"), "", author=ticket.reporter)
    body.text = ticket.subject
    ticket.body = body
    return body


def _same(body: Post, post: Post) -> bool:
    return bool(body.text.strip()) and body.text.strip() == post.text.strip()


def _licence(ticket: Ticket, posts: list[Post]) -> str | None:
    """The licences of all that was written, as one SPDX expression."""
    found = sorted({post.license for post in posts if post.license is not None})
    return " AND ".join(found) or ticket.license
