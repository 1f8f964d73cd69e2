"""The messages of chat services, each in the shape that its export or its API gives."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tunesmith.collect.chats.post import Post
from tunesmith.collect.talk_source import Unread
from tunesmith.collect.times import parse_time_and_zone

Record = dict[str, Any]

SERVICES = (
    "slack", "mattermost", "gitter", "zulip", "rocketchat", "telegram", "discord", "teams",
)  # fmt: skip


@dataclass
class Facts:
    """What is known beside the messages."""

    people: dict[str, str] = field(default_factory=dict)
    """Names by identifier."""
    bots: set[str] = field(default_factory=set)
    """Identifiers of programs."""
    channels: dict[str, str] = field(default_factory=dict)
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By identifier, what else people are known as."""


def service_of(record: Record) -> str | None:
    """The service whose message this is; null where it is none that is known."""
    return next((name for name, is_its in _SHAPES.items() if is_its(record)), None)


_SHAPES: dict[str, Callable[[Record], bool]] = {
    "gitter": lambda one: "fromUser" in one and "sent" in one,
    "rocketchat": lambda one: "u" in one and "ts" in one and ("msg" in one or "t" in one),
    "slack": lambda one: "ts" in one and one.get("type") == "message",
    "mattermost": lambda one: (
        "create_at" in one and "message" in one and ("user_id" in one or "user" in one)
    ),
    "zulip": lambda one: (
        "content" in one
        and (
            ("timestamp" in one and ("sender_id" in one or "sender_full_name" in one))
            or ("date_sent" in one and "sender" in one)
        )
    ),
    "telegram": lambda one: (
        "update_id" in one or ("date_unixtime" in one and "id" in one and "type" in one)
    ),
    "teams": lambda one: "messageType" in one and "createdDateTime" in one,
    "discord": lambda one: (
        "timestamp" in one and "content" in one and isinstance(one.get("author"), dict)
    ),
}


def post_of(service: str, record: Record, facts: Facts) -> Post | Unread:
    """A message, or what is left out by what the service says of it.

    Args:
        service: One of `SERVICES`.
        record: The message as the service has it.
        facts: What is known beside it.
    """
    return _READERS[service](record, facts)


def text_in(value: Any) -> str:
    """Text as JSON may hold it: a string, or parts of which some are text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(text_in, value))
    if isinstance(value, dict):
        if value.get("type", "text") in {"text", "output_text", "input_text"} or "text" in value:
            return text_in(value.get("text") or value.get("value") or "")
        return ""
    return "" if value is None else str(value)


def word(value: Any) -> str | None:
    """An identifier or a name; null where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None


def _inner(value: Any) -> Record:
    return value if isinstance(value, dict) else {}


def _since_1970(value: Any) -> datetime | None:
    """Seconds or milliseconds since 1970."""
    try:
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _written(value: Any) -> tuple[datetime | None, str | None]:
    known = parse_time_and_zone(value, UTC) if isinstance(value, str) else None
    return (None, None) if known is None else known


def _left(reason: str) -> Unread:
    return Unread(reason, dropped=True)


# ── Slack ────────────────────────────────────────────────────────────────────────────────────────

_SLACK_SAID = {
    None, "bot_message", "me_message", "thread_broadcast", "file_share", "file_comment",
    "file_mention", "reply_broadcast",
}  # fmt: skip
_SLACK_MARK = re.compile(r"<([@#!]?)([^<>|]{1,500})(?:\|([^<>]{0,500}))?>")


def slack_text(text: str, facts: Facts) -> str:
    """What is between angle brackets as it is shown: `<@U1>` is `@anna`; `&amp;` is `&`."""

    def shown(match: re.Match[str]) -> str:
        kind, what, label = match.groups()
        if kind == "@":
            return f"@{label or facts.people.get(what, what)}"
        if kind == "#":
            return f"#{label or facts.channels.get(what, what)}"
        if kind == "!":
            return label or f"@{what.split('^')[0]}"
        what = what.removeprefix("mailto:")
        return what if not label or label == what else f"{label} ({what})"

    return html.unescape(_SLACK_MARK.sub(shown, text))


def _slack(record: Record, facts: Facts) -> Post | Unread:
    kind = word(record.get("subtype"))
    if kind == "tombstone" or record.get("hidden") is True:
        return _left("a deleted message")
    if kind in {"message_changed", "message_deleted", "message_replied"}:
        return _left("an event about another message")
    comment = _inner(record.get("comment"))
    user = word(record.get("user")) or word(comment.get("user"))
    profile = _inner(record.get("user_profile"))
    name = (
        facts.people.get(user or "")
        or word(profile.get("display_name"))
        or word(profile.get("real_name"))
        or word(record.get("username"))
        or user
        or word(record.get("bot_id"))
    )
    text = text_in(comment.get("comment") if comment else record.get("text"))
    stamp = word(record.get("ts"))
    threaded = word(record.get("thread_ts"))
    files = record.get("files") or record.get("file")
    return Post(
        text=slack_text(text, facts),
        author=name,
        author_id=user,
        also=facts.also.get(user or "", ()),
        at=_since_1970(stamp),
        zone="+00:00",
        id=stamp,
        thread=threaded,
        system=kind not in _SLACK_SAID,
        bot=kind == "bot_message" or bool(record.get("bot_id")) or user in facts.bots,
        automatic="an attachment without words" if files and not text.strip() else None,
    )


def slack_people(users: Any, facts: Facts) -> None:
    """Take the names in `users.json`."""
    for user in users if isinstance(users, list) else []:
        about = _inner(user)
        profile = _inner(about.get("profile"))
        key = word(about.get("id"))
        name = (
            word(profile.get("display_name"))
            or word(about.get("name"))
            or word(profile.get("real_name"))
        )
        if key and name:
            facts.people[key] = name
            others = (about.get("name"), *map(profile.get, ("real_name", "email", "title")))
            facts.also[key] = tuple(filter(None, map(word, others)))
        if key and about.get("is_bot") is True:
            facts.bots.add(key)


# ── The others ───────────────────────────────────────────────────────────────────────────────────


def _mattermost(record: Record, facts: Facts) -> Post | Unread:
    if record.get("delete_at"):
        return _left("a deleted message")
    if word(record.get("original_id")):
        return _left("an earlier version of a message")
    user = word(record.get("user_id")) or word(record.get("user"))
    kind = word(record.get("type")) or ""
    props = _inner(record.get("props"))
    key = word(record.get("id"))
    return Post(
        text=text_in(record.get("message")),
        author=facts.people.get(user or "", user or ""),
        author_id=user,
        at=_since_1970(record.get("create_at")),
        zone="+00:00",
        id=key or _key(user, record.get("create_at")),
        channel=" ".join(filter(None, (word(record.get("team")), word(record.get("channel"))))),
        thread=word(record.get("root_id")) or word(record.get("thread")),
        system=kind.startswith("system_"),
        bot=str(props.get("from_bot") or props.get("from_webhook")).lower() == "true",
    )


def _key(user: str | None, moment: Any) -> str:
    return f"{user} {moment}"


def _gitter(record: Record, facts: Facts) -> Post | Unread:
    user = _inner(record.get("fromUser"))
    at, zone = _written(record.get("sent"))
    return Post(
        text=text_in(record.get("text")),
        author=word(user.get("username")) or word(user.get("displayName")),
        author_id=word(user.get("id")),
        at=at,
        zone=zone,
        id=word(record.get("id")),
        thread=word(record.get("parentId")),
    )


_TAGS = re.compile(r"</?[a-zA-Z][^<>]*>")
_BREAKS = re.compile(r"<br ?/?>|</(?:p|div|li|blockquote|tr|pre|h\d)>", re.IGNORECASE)


def html_text(text: str) -> str:
    """The words of a message in HTML, a line for each block."""
    lines = html.unescape(_TAGS.sub("", _BREAKS.sub("\n", text))).splitlines()
    return "\n".join(filter(None, (line.strip() for line in lines)))


def _zulip(record: Record, facts: Facts) -> Post | Unread:
    sender = word(record.get("sender_id")) or word(record.get("sender"))
    text = text_in(record.get("content"))
    if record.get("content_type") == "text/html":
        text = html_text(text)
    where = record.get("display_recipient") or record.get("stream_id") or record.get("recipient")
    channel = word(where) or ", ".join(
        sorted(str(_inner(one).get("id")) for one in where or [] if isinstance(one, dict))
    )
    name = word(record.get("sender_full_name")) or facts.people.get(sender or "") or sender
    return Post(
        text=text,
        author=name,
        author_id=sender,
        also=tuple(filter(None, [word(record.get("sender_email"))])),
        at=_since_1970(record.get("timestamp") or record.get("date_sent")),
        zone="+00:00",
        id=word(record.get("id")),
        channel=facts.channels.get(channel, channel),
        thread=word(record.get("subject")) or word(record.get("topic")),
        bot=str(record.get("sender_email") or "").endswith("-bot@zulip.com")
        or (sender or "") in facts.bots,
    )


def _rocketchat(record: Record, facts: Facts) -> Post | Unread:
    if record.get("_hidden") is True:
        return _left("an earlier version of a message")
    user = _inner(record.get("u"))
    moment = record.get("ts")
    if isinstance(moment, dict):  # as MongoDB writes it
        moment = moment.get("$date")
    at, zone = _written(moment)
    kind = word(record.get("t"))
    return Post(
        text=text_in(record.get("msg")),
        author=word(user.get("username")) or word(user.get("name")),
        author_id=word(user.get("_id")),
        at=at or _since_1970(moment),
        zone=zone or "+00:00",
        id=word(record.get("_id")),
        channel=word(record.get("rid")) or "",
        thread=word(record.get("tmid")),
        system=kind is not None and kind != "e2e",
        bot=bool(record.get("bot")),
        automatic="an encrypted message" if kind == "e2e" else None,
    )


def _telegram(record: Record, facts: Facts) -> Post | Unread:
    if "update_id" in record:  # of a bot's `getUpdates`
        for name in ("message", "edited_message", "channel_post", "edited_channel_post"):
            if isinstance(record.get(name), dict):
                record = record[name]
                break
        else:
            return _left("an event that is no message")
        user = _inner(record.get("from"))
        names = filter(None, (word(user.get("first_name")), word(user.get("last_name"))))
        replied = _inner(record.get("reply_to_message")).get("message_id")
        return Post(
            text=text_in(record.get("text") or record.get("caption")),
            author=word(user.get("username")) or " ".join(names) or None,
            author_id=word(user.get("id")),
            at=_since_1970(record.get("date")),
            zone="+00:00",
            id=word(record.get("message_id")),
            channel=word(_inner(record.get("chat")).get("id")) or "",
            thread=word(record.get("message_thread_id")) or word(replied),
            bot=user.get("is_bot") is True,
        )
    return Post(
        text=text_in(record.get("text")),
        author=word(record.get("from")) or word(record.get("actor")),
        author_id=word(record.get("from_id")) or word(record.get("actor_id")),
        at=_since_1970(record.get("date_unixtime")),
        zone="+00:00",
        id=word(record.get("id")),
        thread=word(record.get("reply_to_message_id")),
        system=record.get("type") != "message",
    )


def _discord(record: Record, facts: Facts) -> Post | Unread:
    user = _inner(record.get("author"))
    at, zone = _written(record.get("timestamp"))
    return Post(
        text=text_in(record.get("content")),
        author=word(user.get("nickname")) or word(user.get("name")) or word(user.get("username")),
        author_id=word(user.get("id")),
        at=at,
        zone=zone,
        id=word(record.get("id")),
        channel=word(record.get("channel_id")) or "",
        thread=word(
            _inner(record.get("reference") or record.get("message_reference")).get("messageId")
            or _inner(record.get("message_reference")).get("message_id")
        ),
        system=record.get("type") not in {None, "Default", "Reply", 0, 19},
        bot=user.get("isBot") is True or user.get("bot") is True,
        automatic="an attachment without words"
        if record.get("attachments") and not record.get("content")
        else None,
    )


def _teams(record: Record, facts: Facts) -> Post | Unread:
    if record.get("deletedDateTime"):
        return _left("a deleted message")
    sender = _inner(record.get("from"))
    user, program = _inner(sender.get("user")), _inner(sender.get("application"))
    who = user or program
    at, zone = _written(record.get("createdDateTime"))
    body = _inner(record.get("body"))
    text = text_in(body.get("content"))
    place = _inner(record.get("channelIdentity"))
    return Post(
        text=html_text(text) if body.get("contentType") == "html" else text,
        author=word(who.get("displayName")),
        author_id=word(who.get("id")),
        at=at,
        zone=zone,
        id=word(record.get("id")),
        channel=word(place.get("channelId")) or word(record.get("chatId")) or "",
        thread=word(record.get("replyToId")),
        system=record.get("messageType") != "message",
        bot=bool(program) and not user,
    )


_READERS: dict[str, Callable[[Record, Facts], Post | Unread]] = {
    "slack": _slack,
    "mattermost": _mattermost,
    "gitter": _gitter,
    "zulip": _zulip,
    "rocketchat": _rocketchat,
    "telegram": _telegram,
    "discord": _discord,
    "teams": _teams,
}
