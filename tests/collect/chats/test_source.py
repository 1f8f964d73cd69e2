from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith.collect.base import Place
from tunesmith.collect.chats import ChatSource
from tunesmith.collect.talk import Talk
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def places(source: ChatSource, base: Path) -> list[Place]:
    seen = Seen(base.parent / "seen.json") if base.is_dir() else Seen(base.with_suffix(".seen"))
    return [Place(p.stretches, NOW) for p in source.pieces(base, base, seen)]


def collect(base: Path, path: str, **more) -> tuple[pl.DataFrame, pl.DataFrame]:
    source = ChatSource(name="chats", path=path, **more)
    chunks = [chunk for place in places(source, base) for chunk in source.read(place)]
    rows, fates = pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])
    ids = pl.concat([rows["id"], fates["id"]])
    assert ids.n_unique() == len(ids)
    return rows, fates


def talks(base: Path, path: str, **more) -> list:
    source = ChatSource(name="chats", path=path, **more)
    return [one for place in places(source, base) for one in source.talks(place)]


def write(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def pairs(rows: pl.DataFrame) -> list[tuple[str, str]]:
    return rows.select("question", "answer").rows()


def reasons(fates: pl.DataFrame) -> list[tuple[str, str]]:
    return sorted(fates.select("fate", "reason").rows())


# ── Transcripts of agents and customers ──────────────────────────────────────────────────────────

LIVE = [
    {
        "id": "L-1", "started_at": "2025-03-04T10:00:00+01:00", "agent": "Ann", "customer": "c-9",
        "topic": "billing", "rating": 5, "status": "closed", "tags": ["vip"], "brand": "acme",
        "messages": [
            {"from": "system", "text": "Chat started"},
            {"from": "customer", "text": "Where is my bill?", "at": "2025-03-04T10:01:00+01:00"},
            {"from": "agent", "text": "ask finance", "internal": True},
            {"from": "agent", "text": "In your account.", "at": "2025-03-04T10:02:00+01:00"},
        ],
    },
    {"id": "L-2", "rating": 1, "messages": [
        {"from": "customer", "text": "q"}, {"from": "agent", "text": "a"}]},
]  # fmt: skip


def test_a_live_chat_by_its_default_names(tmp_path) -> None:
    write(tmp_path / "a.json", LIVE)
    rows, fates = collect(tmp_path, "a.json")
    (row,) = rows.to_dicts()
    told = {
        "question": "Where is my bill?", "answer": "In your account.", "category": "billing",
        "labels": ["vip"], "author": "Ann", "customer": "c-9", "role": "agent", "thread": "L-1",
        "source_id": "L-1", "timestamp": datetime(2025, 3, 4, 9, 1, tzinfo=UTC), "zone": "+01:00",
        "position": "item 1, message 2",
    }  # fmt: skip
    assert {name: row[name] for name in told} == told
    extra = {item["key"]: item["value"] for item in row["extra"]}
    assert extra["brand"] == "acme"
    assert (extra["rating"], extra["status"]) == ("1", "closed")
    assert reasons(fates) == [
        ("dropped", "a system message"),
        ("dropped", "an internal note"),
        ("dropped", "badly rated"),
        ("dropped", "badly rated"),
    ]


def test_other_names_by_mapping(tmp_path) -> None:
    write(tmp_path / "a.jsonl", "\n".join(json.dumps(one) for one in [
        {"nr": 7, "meta": {"what": "wifi", "stars": 10}, "log": [
            {"wer": "kunde", "was": "q1", "wann": "2025-01-01 10:00"}, {"wer": "experte", "was": "a1"}]},
    ]))  # fmt: skip
    rows, _ = collect(
        tmp_path, "a.jsonl",
        fields={"messages": "log", "role": "wer", "text": "was", "time": "wann", "id": "nr",
                "category": "meta.what", "rating": "meta.stars"},
        roles={"kunde": "customer", "experte": "agent"}, rating_scale=(1, 10), timezone="Europe/Berlin",
    )  # fmt: skip
    assert pairs(rows) == [("q1", "a1")]
    row = rows.to_dicts()[0]
    assert (row["category"], row["thread"], row["line"]) == ("wifi", "7", 1)
    assert row["timestamp"] == datetime(2025, 1, 1, 9, tzinfo=UTC)
    assert {"key": "rating", "value": "1"} in row["extra"]


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"original": [["customer", "q"], ["agent", "a"]]},
        {"turns": [{"speaker": "Ann", "text": "q"}, {"speaker": "Bob", "text": "a"}]},
        {"messages": [
            {"role": "user", "content": [{"type": "text", "text": "q"}]},
            {"role": "assistant", "content": [{"type": "reasoning", "value": "hm"},
                                              {"type": "text", "value": "a"}]}]},
        {"messages": [{"author": {"type": "user", "name": "Ann"}, "body": "q"},
                      {"author": {"type": "admin", "name": "Bob"}, "body": "a"}]},
    ],
)  # fmt: skip
def test_shapes_of_transcripts(tmp_path, record) -> None:
    write(tmp_path / "one.json", record)
    write(tmp_path / "list.json", [record])
    write(tmp_path / "lines.jsonl", json.dumps(record) + "\n" + json.dumps(record) + "\n")
    write(tmp_path / "named.json", {"train": [record], "test": [record]})
    for name, count in (("one.json", 1), ("list.json", 1), ("lines.jsonl", 2), ("named.json", 2)):
        rows, _ = collect(tmp_path, name)
        assert pairs(rows) == [("q", "a")] * count, name


def test_messages_that_stand_alone_are_put_together(tmp_path) -> None:
    lines = [
        {
            "conversation_id": "1",
            "sender": "agent",
            "message": "a",
            "sent_at": "2025-01-01T10:05:00Z",
        },
        {
            "conversation_id": "1",
            "sender": "customer",
            "message": "q",
            "sent_at": "2025-01-01T10:00:00Z",
        },
        {
            "conversation_id": "2",
            "sender": "customer",
            "message": "r",
            "sent_at": "2025-01-01T10:01:00Z",
        },
    ]
    write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    rows, fates = collect(tmp_path, "a.jsonl")
    assert pairs(rows) == [("q", "a")]
    assert fates["reason"].to_list() == ["a question that was not answered"]


def test_identifiers_stay_when_conversations_are_added(tmp_path) -> None:
    one = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    other = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}
    write(tmp_path / "a.json", LIVE)
    write(tmp_path / "b.json", [one])
    first = (
        collect(tmp_path, "a.json")[0]["id"].to_list()
        + collect(tmp_path, "b.json")[0]["thread"].to_list()
    )
    write(tmp_path / "a.json", [{"id": "L-0", "messages": one["messages"]}, *LIVE])
    write(tmp_path / "b.json", [other, one])
    second = (
        collect(tmp_path, "a.json")[0]["id"].to_list()
        + collect(tmp_path, "b.json")[0]["thread"].to_list()
    )
    assert set(first) < set(second)


# ── Who is who ───────────────────────────────────────────────────────────────────────────────────

LOG = "[10:00] <ann> q\n[10:01] <helper> a\n[10:02] <beep> b\n"


def test_who_begins_asks(tmp_path) -> None:
    write(tmp_path / "a.log", LOG)
    assert pairs(collect(tmp_path, "a.log", addressing=False)[0]) == [("q", "a\n\nb")]


def test_agents_and_bots_by_setting(tmp_path) -> None:
    write(tmp_path / "a.log", "[09:59] <helper> good morning\n" + LOG)
    rows, fates = collect(tmp_path, "a.log", addressing=False, agents=["HELP*"], bots=["beep"])
    assert pairs(rows) == [("q", "a")]
    assert reasons(fates) == [("dropped", "no question before it"), ("dropped", "written by a bot")]


# ── Services ─────────────────────────────────────────────────────────────────────────────────────

USERS = [
    {"id": "U1", "name": "ann", "profile": {"display_name": "Ann"}},
    {"id": "U2", "name": "bob", "profile": {}},
    {"id": "U3", "name": "beep", "is_bot": True},
]
DAY_1 = [
    {
        "type": "message",
        "user": "U1",
        "ts": "1735725600.000100",
        "text": "<@U2> does &lt;b&gt; work in <#C1>? <http://x.org|docs> <!here>",
        "thread_ts": "1735725600.000100",
    },
    {
        "type": "message",
        "subtype": "channel_join",
        "user": "U2",
        "ts": "1735725601.000100",
        "text": "joined",
    },
    {"type": "message", "user": "U3", "ts": "1735725602.000100", "text": "beep"},
    {"type": "message", "user": "U1", "ts": "1735725603.000100", "text": "alone"},
]
DAY_2 = [
    {
        "type": "message",
        "user": "U2",
        "ts": "1735812000.000100",
        "text": "Yes",
        "thread_ts": "1735725600.000100",
        "edited": {"user": "U2"},
    },
]


def slack_folder(root: Path) -> None:
    write(root / "users.json", USERS)
    write(root / "channels.json", [{"id": "C1", "name": "help"}])
    write(root / "help" / "2025-01-01.json", DAY_1)
    write(root / "help" / "2025-01-02.json", DAY_2)
    write(root / "other" / "2025-01-01.json", "[{")


def test_a_slack_folder(tmp_path) -> None:
    slack_folder(tmp_path / "slack")
    rows, fates = collect(tmp_path, "slack")
    (row,) = rows.to_dicts()
    assert row["question"] == "@bob does <b> work in #help? docs (http://x.org) @here"
    assert (row["answer"], row["author"], row["customer"]) == ("Yes", "bob", "Ann")
    assert row["thread"] == "help 1735725600.000100"
    assert (row["file"], row["position"]) == ("slack/help/2025-01-01.json", "item 1")
    assert fates.sort("reason").select("reason", "file").rows() == [
        ("a question that was not answered", "slack/help/2025-01-01.json"),
        ("a system message", "slack/help/2025-01-01.json"),
        ("the JSON ends before it is complete", "slack/other/2025-01-01.json"),
        ("written by a bot", "slack/help/2025-01-01.json"),
    ]


def test_a_slack_channel_is_one_piece_that_its_people_belong_to(tmp_path) -> None:
    slack_folder(tmp_path / "slack")
    source = ChatSource(name="chats", path="slack")
    seen = Seen(tmp_path / "seen.json")
    before = source.pieces(tmp_path, tmp_path, seen)
    assert [len(piece.stretches) for piece in before] == [4, 3]
    write(tmp_path / "slack" / "users.json", USERS[:1])
    after = source.pieces(tmp_path, tmp_path, Seen(tmp_path / "other.json"))
    assert [a.digest != b.digest for a, b in zip(after, before, strict=True)] == [True, True]


def test_a_slack_archive(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "slack.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.json", json.dumps(USERS))
        archive.writestr("channels.json", json.dumps([{"id": "C1", "name": "help"}]))
        archive.writestr("help/2025-01-02.json", json.dumps(DAY_2))
        archive.writestr("help/2025-01-01.json", json.dumps(DAY_1))
        archive.writestr("../evil/2025-01-01.json", "[]")
        archive.writestr("bomb/2025-01-01.json", "[" + " " * 80_000_000 + "]")
        archive.writestr("integration_logs.json", "[]")
    rows, fates = collect(tmp_path, "slack.zip")
    assert rows["answer"].to_list() == ["Yes"]
    assert rows["position"].to_list() == ["help/2025-01-01.json item 1"]
    found = reasons(fates)
    assert ("quarantined", "a name that leads out of the archive") in found
    assert any(r.startswith("it unpacks to more than") for _, r in found)
    assert ("dropped", "not a day of a channel") in found
    assert not (tmp_path.parent / "evil").exists()


@pytest.mark.parametrize("damage", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 500])
def test_a_damaged_archive(tmp_path, damage) -> None:
    (tmp_path / "slack.zip").write_bytes(damage)
    _, fates = collect(tmp_path, "slack.zip")
    assert reasons(fates) == [("quarantined", "a damaged archive (BadZipFile)")]


def at(minute: int) -> str:
    return f"2025-01-01T10:{minute:02d}:00Z"


MS = 1735725600000
SERVICES = {
    "mattermost bulk": "\n".join(map(json.dumps, [
        {"type": "version", "version": 1},
        {"type": "post", "post": {"team": "t", "channel": "help", "user": "ann", "message": "q",
         "create_at": MS, "replies": [{"user": "bob", "message": "a", "create_at": MS + 1}]}},
    ])),
    "mattermost": {"order": ["2", "1"], "posts": {
        "2": {"id": "2", "root_id": "1", "user_id": "bob", "message": "a", "create_at": MS + 99},
        "1": {"id": "1", "root_id": "", "user_id": "ann", "message": "q", "create_at": MS}}},
    "gitter": [
        {"id": "2", "text": "a", "sent": at(1), "fromUser": {"id": "b", "username": "bob"}, "parentId": "1"},
        {"id": "1", "text": "q", "sent": at(0), "fromUser": {"id": "a", "username": "ann"}}],
    "zulip": {"messages": [
        {"id": 1, "sender_id": 1, "sender_full_name": "ann", "content": "q", "timestamp": 1735725600,
         "subject": "t", "display_recipient": "help"},
        {"id": 2, "sender_id": 2, "sender_full_name": "bob", "content": "<p>a</p>", "timestamp": 1735999999,
         "subject": "t", "display_recipient": "help", "content_type": "text/html"}]},
    "rocketchat": {"messages": [
        {"_id": "2", "rid": "r", "tmid": "1", "msg": "a", "ts": at(9), "u": {"_id": "b", "username": "bob"}},
        {"_id": "1", "rid": "r", "msg": "q", "ts": at(0), "u": {"_id": "a", "username": "ann"}}]},
    "telegram": {"name": "help", "type": "private_group", "messages": [
        {"id": 1, "type": "message", "date_unixtime": "1735725600", "from": "ann", "from_id": "u1", "text": ["q"]},
        {"id": 2, "type": "message", "date_unixtime": "1735725700", "from": "bob", "from_id": "u2",
         "text": [{"type": "bold", "text": "a"}], "reply_to_message_id": 1}]},
    "discord": {"guild": {"name": "g"}, "channel": {"name": "help"}, "messages": [
        {"id": "1", "type": "Default", "timestamp": at(0), "content": "q", "author": {"id": "1", "name": "ann"}},
        {"id": "2", "type": "Reply", "timestamp": at(1), "content": "a", "author": {"id": "2", "name": "bob"},
         "reference": {"messageId": "1"}}]},
    "teams": {"value": [
        {"id": "2", "replyToId": "1", "messageType": "message", "createdDateTime": at(1),
         "from": {"user": {"id": "b", "displayName": "bob"}}, "body": {"contentType": "html", "content": "<p>a</p>"}},
        {"id": "1", "replyToId": None, "messageType": "message", "createdDateTime": at(0),
         "from": {"user": {"id": "a", "displayName": "ann"}}, "body": {"contentType": "text", "content": "q"}}]},
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_services(tmp_path, service) -> None:
    write(tmp_path / "a.json", SERVICES[service])
    rows, fates = collect(tmp_path, "a.json")
    assert pairs(rows) == [("q", "a")]
    assert (rows["customer"][0], rows["author"][0]) == ("ann", "bob")
    assert rows["timestamp"][0] == datetime(2025, 1, 1, 10, tzinfo=UTC)
    assert fates.is_empty()


def test_an_edited_message_counts_once(tmp_path) -> None:
    one = SERVICES["gitter"][1]
    write(tmp_path / "a.json", [*SERVICES["gitter"], one | {"text": "q2"}])
    rows, fates = collect(tmp_path, "a.json")
    assert pairs(rows) == [("q2", "a")]
    assert reasons(fates) == [("dropped", "an earlier version of a message")]


# ── Bad input ────────────────────────────────────────────────────────────────────────────────────


def test_a_torn_file_gives_what_is_before(tmp_path) -> None:
    write(tmp_path / "a.json", json.dumps(LIVE + LIVE)[:-60])
    rows, fates = collect(tmp_path, "a.json")
    assert pairs(rows) == [("Where is my bill?", "In your account.")] * 2
    last = fates.filter(pl.col("fate") == "quarantined").to_dicts()
    assert [(one["reason"], one["position"][:5]) for one in last] == [
        ("the JSON ends before it is complete", "byte ")
    ]


def test_a_torn_line_is_one(tmp_path) -> None:
    good = json.dumps(LIVE[0])
    write(tmp_path / "a.jsonl", f"{good}\n{good[:50]}\n[1, 2\n{good}\n")
    rows, fates = collect(tmp_path, "a.jsonl")
    assert rows["line"].to_list() == [1, 4]
    bad = fates.filter(pl.col("fate") == "quarantined")
    assert bad.select("line", "reason").rows() == [(2, "not valid JSON"), (3, "not valid JSON")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not a chat of a known format"),
        (b'{"error": "not found"}', "no message is in it"),
        (b"[" * 100_000, "the JSON ends before it is complete"),
        (b"# A page\n\nof words.\n", "not a chat of a known format"),
        (b'[{"instruction": "q", "output": "a"}]', "neither a message nor a list of messages"),
    ],
)
def test_what_is_no_chat(tmp_path, raw, reason) -> None:
    (tmp_path / "a").write_bytes(raw)
    rows, fates = collect(tmp_path, "a")
    assert rows.is_empty()
    assert reasons(fates) == [("quarantined", reason)]
    assert ChatSource(name="c", path="a").problems(tmp_path) == (
        [] if raw.startswith((b"{", b"[")) else [("path", "no chat of a known format is there")]
    )


def test_a_long_line_ends(tmp_path) -> None:
    with (tmp_path / "a.log").open("wb") as file:
        file.write(b"[10:00] <ann> q\n[10:01] <bob> ")
        for _ in range(30):
            file.write(b"x" * (1 << 20))
        file.write(b"\n[10:02] <bob> a\n")
    rows, fates = collect(tmp_path, "a.log", addressing=False)
    assert pairs(rows) == [("q", "a")]
    assert fates["reason"][0].startswith("the line has 31,457,295 bytes")


@pytest.mark.parametrize(
    "wrong",
    [{"timezone": "Mars"}, {"encoding": "x"}, {"rating_scale": (5, 1)}, {"silence_minutes": 0}],
)
def test_settings_are_checked(wrong) -> None:
    with pytest.raises(ValidationError):
        ChatSource(name="c", path="a", **wrong)


SNIPPETS = st.sampled_from([
    b"[", b"{", b"]", b"}", b",", b'"messages":', b'"ts":"1.5",', b'"type":"message",', b'"text":"x"',
    b'{"role":"user","content":"q"}', b"[12:34] <ann> q\n", b"12/03/25, 14:05 - A: b\n", b"\xff", b"\n",
    b'"fromUser":1,', b'"sent":[],', b'"u":2,', b'"msg":{},', b'"author":{},', b'"timestamp":1e99,',
    b'"update_id":1', b'"message":{"date":1e30}', b'"create_at":"x",', b'"user_id":[],', b"PK\x03\x04",
    b'"order":[],', b'"posts":{"a":1}', b'"messageType":1,', b'"createdDateTime":2,', b'"body":3,',
    b'"content":[1],', b'"sender_id":{},', b"null", b"1", b"00:00:01\tA:\tx\n", b"99:99 A: b\n",
])  # fmt: skip


@given(st.lists(SNIPPETS, max_size=14).map(b"".join) | st.binary(max_size=120))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_bytes_end_as_rows_or_reasons(tmp_path, raw) -> None:
    (tmp_path / "a").write_bytes(raw)
    source = ChatSource(name="c", path="a")
    list(source.read(Place.file(tmp_path / "a", "a", NOW)))


LINES = st.lists(
    st.tuples(
        st.integers(0, 1439), st.sampled_from(["ann", "bob", "cid"]),
        st.sampled_from(["words", "ann: words", "=== x has left", "", "*"]),
    ),
    min_size=3, max_size=40,
)  # fmt: skip


@given(LINES, st.sampled_from([None, True, False]), st.sampled_from([None, ["bob"]]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_of_a_log_has_one_place(tmp_path, lines, addressing, agents) -> None:
    text = "".join(
        f"{words}\n"
        if words.startswith("===")
        else f"[{m // 60:02d}:{m % 60:02d}] <{who}> {words}\n"
        for m, who, words in lines
    )
    write(tmp_path / "a.log", text)
    found = talks(tmp_path, "a.log", addressing=addressing, agents=agents or [], format="irc")
    numbers = [m.line for one in found if isinstance(one, Talk) for m in one.messages]
    numbers += [one.line for one in found if not isinstance(one, Talk)]
    assert sorted(numbers) == list(range(1, len(lines) + 1))


# ── Real data ────────────────────────────────────────────────────────────────────────────────────


def test_conversations_of_agents_and_customers(shared_data) -> None:
    found, fates = collect(
        shared_data, "agent-chats/abcd_sample.json", fields={"category": "scenario.subflow"}
    )
    data = json.loads((shared_data / "agent-chats" / "abcd_sample.json").read_text())
    assert found["thread"].unique().sort().to_list() == sorted(str(one["convo_id"]) for one in data)
    assert set(found["category"]) == {one["scenario"]["subflow"] for one in data}
    actions = sum(who == "action" for one in data for who, _ in one["original"])
    assert fates.filter(pl.col("reason") == "a system message").height == actions == 9
    assert (found.height, fates.height) == (21, 13)


def test_irc_with_annotated_links(shared_data) -> None:
    rows, fates = collect(shared_data, "ubuntu-irc")
    assert rows.height == 2385
    counts = dict(fates.group_by("reason").len().rows())
    assert counts["a copy of a log that is read, in ASCII"] == 10
    assert counts["a system message"] == 856
    logs = sorted((shared_data / "ubuntu-irc" / "dev").glob("*.raw.txt"))
    found = talks(shared_data, "ubuntu-irc/dev/*.raw.txt")
    lines = sum(path.read_bytes().count(b"\n") for path in logs)
    assert sum(len(t.messages) if isinstance(t, Talk) else 1 for t in found) == lines == 12_500
    linked = [t for t in found if isinstance(t, Talk) and " link " in t.id]
    assert sum(len(t.messages) > 1 for t in linked) > 100


def test_the_exports_of_services(shared_data) -> None:
    for service, rows, messages in (
        ("slack", 2, 14), ("mattermost", 1, 9), ("gitter", 0, 2), ("rocketchat", 0, 5),
        ("telegram", 1, 6),
    ):  # fmt: skip
        found = talks(shared_data, f"ticket-exports/{service}")
        said = sum(len(t.messages) for t in found if isinstance(t, Talk))
        versions = sum(
            not isinstance(t, Talk) and t.reason.startswith("an earlier version") for t in found
        )
        assert (service, said + versions) == (service, messages)
        assert collect(shared_data, f"ticket-exports/{service}")[0].height == rows


def test_logs_of_a_bot(shared_data) -> None:
    rows, fates = collect(shared_data, "ticket-exports/supybot/*.log")
    assert (rows.height, fates.height) == (13, 92)
    assert rows["timestamp"].null_count() == 0
    assert fates.filter(pl.col("fate") == "quarantined").height == 8


def test_chats_of_meetings(shared_data) -> None:
    rows, fates = collect(shared_data, "zoom-transcripts-ethereum/*/*/chat.txt")
    counts = dict(fates.group_by("reason").len().rows())
    assert rows.height == 120
    assert counts["a reaction"] == 471
    assert set(fates["fate"]) == {"dropped"}


def test_chats_to_train_on(shared_data) -> None:
    rows, _ = collect(shared_data, "training-formats/v1_sft_demo.jsonl")
    lines = (shared_data / "training-formats" / "v1_sft_demo.jsonl").read_bytes().splitlines()
    assert rows["line"].n_unique() == len(lines)
    rows, fates = collect(shared_data, "training-formats/glaive_toolcall_en_demo.json")
    assert rows["thread"].n_unique() == 300  # of which 38 are copies
    assert set(fates["reason"]) <= {"written by a bot", "a question that was not answered"}


def test_agents_of_slack_are_told_by_their_addresses_too(tmp_path) -> None:
    root = tmp_path / "slack"
    (root / "help").mkdir(parents=True)
    people = [
        {"id": "U1", "name": "ada", "profile": {"email": "ada@shop.example", "title": "Care"}},
        {"id": "U2", "name": "bo", "profile": {"email": "bo@elsewhere.example"}},
    ]
    posts = [
        {"type": "message", "user": "U2", "text": "Where is it?", "ts": "1.0", "thread_ts": "1.0"},
        {"type": "message", "user": "U1", "text": "On its way.", "ts": "2.0", "thread_ts": "1.0"},
    ]
    (root / "users.json").write_text(json.dumps(people))
    (root / "channels.json").write_text(json.dumps([{"id": "C1", "name": "help"}]))
    (root / "help" / "2025-01-01.json").write_text(json.dumps(posts))
    for agents in (["*@shop.example"], ["care"], ["ada"], ["U1"]):
        source = ChatSource(name="chat", path="slack", agents=agents)
        seen = Seen(tmp_path / "seen.json")
        rows = [
            row
            for piece in source.pieces(tmp_path, tmp_path, seen)
            for chunk in source.read(Place(piece.stretches, NOW))
            for row in chunk.frame.select("question", "answer").rows()
        ]
        assert rows == [("Where is it?", "On its way.")], agents


def test_a_file_without_a_message_is_not_lost(tmp_path) -> None:
    (tmp_path / "deep.json").write_text('{"messages":' * 20_000 + "1" + "}" * 20_000)
    (tmp_path / "deep.jsonl").write_text('{"messages":' * 20_000 + "1" + "}" * 20_000 + "\n")
    for name in ("deep.json", "deep.jsonl"):
        rows, fates = collect(tmp_path, name)
        assert rows.is_empty()
        assert fates["fate"].to_list() == ["quarantined"], name
