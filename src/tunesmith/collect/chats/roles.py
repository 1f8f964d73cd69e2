"""Who asks and who answers."""

from __future__ import annotations

import re
from functools import cached_property

from tunesmith.collect.chats.post import Conversation, Post
from tunesmith.collect.talk import Message, Role, Talk
from tunesmith.config import Config

_NAMES: dict[Role, tuple[str, ...]] = {
    "customer": (
        "customer", "user", "client", "visitor", "human", "end_user", "end-user", "enduser",
        "caller", "consumer", "requester", "buyer", "guest", "contact", "lead",
    ),
    "agent": (
        "agent", "assistant", "gpt", "operator", "support", "representative", "rep", "advisor",
        "adviser", "staff", "employee", "admin", "human_agent", "human agent", "teammate", "model",
    ),
    "bot": (
        "bot", "chatbot", "virtual_agent", "virtual agent", "virtual assistant", "ivr", "tool",
        "function", "function_call", "observation",
    ),
    "system": ("system", "action", "event", "notification", "info"),
}  # fmt: skip

#: What systems call those who write.
WORDS: dict[str, Role] = {name: role for role, names in _NAMES.items() for name in names}


class Roles(Config):
    """Whom a source takes for an agent."""

    agents: list[str] = []
    """Names, identifiers, e-mail addresses or titles of those who answer; `*` stands for any
    letters. When some are given, everybody else is a customer."""
    bots: list[str] = []
    """Names or identifiers of programs that write, likewise."""
    roles: dict[str, Role] = {}
    """What the data call somebody, and what he is: `{expert: agent}`; known words need no entry."""

    def talk_of(self, conversation: Conversation) -> Talk:
        """A conversation with the role of each message."""
        asking = (post for post in conversation.posts if post.text.strip() and not post.automatic)
        first = next((post for post in asking if self._certain(post) is None), None)
        opener = None if first is None else next(first.names(), None)
        messages = [self._message(post, opener) for post in conversation.posts]
        return Talk(conversation.id, messages)

    def known(self, word: str) -> Role | None:
        """What somebody is whom the data call this."""
        return self._words.get(word.strip().casefold())

    def _message(self, post: Post, opener: str | None) -> Message:
        role = self._certain(post)
        if role is None:
            # Nobody says who answers: who begins asks.
            role = "customer" if next(post.names(), None) == opener else "agent"
        return Message(
            role=role,
            text=post.text,
            position=post.position,
            line=post.line,
            raw=post.raw,
            author=post.author,
            at=post.at,
            zone=post.zone,
            internal=post.internal,
            automatic=post.automatic,
            id=post.id,
            file=post.file,
        )

    def _certain(self, post: Post) -> Role | None:
        """The role that the data or the settings give; null where neither does."""
        if post.system:
            return "system"
        if post.bot or self._named(self._bots, post):
            return "bot"
        if post.role is not None and (role := self.known(post.role)) is not None:
            return role
        if self.agents:
            return "agent" if self._named(self._agents, post) else "customer"
        return None

    @staticmethod
    def _named(pattern: re.Pattern[str] | None, post: Post) -> bool:
        return pattern is not None and any(map(pattern.fullmatch, post.names()))

    @cached_property
    def _words(self) -> dict[str, Role]:
        return WORDS | {word.strip().casefold(): role for word, role in self.roles.items()}

    @cached_property
    def _agents(self) -> re.Pattern[str] | None:
        return pattern_of(self.agents)

    @cached_property
    def _bots(self) -> re.Pattern[str] | None:
        return pattern_of(self.bots)


def pattern_of(names: list[str]) -> re.Pattern[str] | None:
    """Matches any of some names, in which `*` stands for any letters; null for none."""
    if not names:
        return None
    parts = ("[^\n]*?".join(map(re.escape, name.split("*"))) for name in names)
    return re.compile("|".join(parts), re.IGNORECASE)
