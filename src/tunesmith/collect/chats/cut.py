"""Cutting channels into conversations: by threads, by silence, and by who is spoken to."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tunesmith.collect.chats.post import Conversation, Post

#: So many posts of a channel wait for their conversations to end; then those that rest longest end.
MAX_HELD = 50_000

_ADDRESSED = re.compile(r"\s*@?([^\s:,]{1,60})[:,](?=\s|$)|\s*@([^\s:,!?]{1,60})")


@dataclass
class _Open:
    id: str
    posts: list[Post] = field(default_factory=list)
    last: float = 0.0


class Cutter:
    """Puts the posts of a channel into conversations, as they come.

    A post with a thread belongs to it. Others belong to what is being said, until nobody has
    written for `silence_s`. With `addressing` several conversations may go on at once, as on IRC:
    who writes "anna: …" takes part in the one that anna has last taken part in, who speaks to
    nobody goes on in his own, and who has none begins one. (Of the rules that Kummerfeld et al.
    2019, "A Large-Scale Corpus for Conversation Disentanglement", compare with, those that need no
    training.)

    A clock that goes back ends nothing: only time that passes counts as silence.

    Args:
        silence_s: The silence that ends a conversation.
        addressing: Whether to look at who is spoken to.
        name: Makes the identifiers of conversations unlike those of other files and channels.
    """

    def __init__(self, *, silence_s: float, addressing: bool, name: str) -> None:
        self.silence_s, self.addressing, self.name = silence_s, addressing, name
        self._threads: OrderedDict[str, _Open] = OrderedDict()
        self._open: OrderedDict[str, _Open] = OrderedDict()  # the one written to last at the end
        self._current: dict[str, str] = {}  # author → conversation
        self._passed, self._before, self._held = 0.0, 0.0, 0
        self._started = False

    def add(self, post: Post) -> Iterator[Conversation]:
        """Take one more post; gives the conversations that have ended by then."""
        now = self._now(post)
        yield from self._ended(now)
        if post.thread is not None:
            into = self._threads.setdefault(post.thread, _Open(self._id(post.thread)))
            self._threads.move_to_end(post.thread)
        elif post.system:
            yield Conversation(self._id(post.id or post.position), [post])
            return
        else:
            into = self._stream(post)
        into.posts.append(post)
        into.last = now
        self._held += 1
        while self._held > MAX_HELD:
            waiting = self._threads or self._open
            yield self._close(waiting.popitem(last=False)[1])

    def end(self) -> Iterator[Conversation]:
        """What is left when no more posts come."""
        for waiting in (self._threads, self._open):
            for one in waiting.values():
                yield self._close(one)
            waiting.clear()

    def _now(self, post: Post) -> float:
        """The seconds that have passed since the first post."""
        if post.seconds is not None:
            if self._started:
                self._passed += max(0.0, post.seconds - self._before)
            self._before, self._started = post.seconds, True
        return self._passed

    def _ended(self, now: float) -> Iterator[Conversation]:
        while self._open:
            key, first = next(iter(self._open.items()))
            if now - first.last <= self.silence_s:
                return
            del self._open[key]
            yield self._close(first)

    def _stream(self, post: Post) -> _Open:
        key = self._running(post)
        if key is None or key not in self._open:
            key = post.id or post.position
        one = self._open.setdefault(key, _Open(self._id(key)))
        self._open.move_to_end(key)
        self._current[(post.author or "").casefold()] = key
        if len(self._current) > MAX_HELD:
            self._current = {who: key for who, key in self._current.items() if key in self._open}
        return one

    def _running(self, post: Post) -> str | None:
        """The conversation that a post may go on with."""
        if not self.addressing:
            return next(reversed(self._open), None)
        match = _ADDRESSED.match(post.text)
        if match is not None:
            other = self._current.get((match[1] or match[2]).casefold())
            if other in self._open:
                return other
        return self._current.get((post.author or "").casefold())

    def _id(self, mark: str) -> str:
        return " ".join(filter(None, (self.name, mark)))

    def _close(self, one: _Open) -> Conversation:
        self._held -= len(one.posts)
        return Conversation(one.id, one.posts)
