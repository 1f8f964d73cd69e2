from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pydantic import PrivateAttr

from tunesmith.collect.base import CHUNK_ROWS, Place
from tunesmith.collect.talk import Message, Talk, TalkRules
from tunesmith.collect.talk_source import TalkSource, Unread

NOW = datetime(2026, 1, 2, tzinfo=UTC)
THEN = datetime(2025, 5, 6, 7, 8, tzinfo=UTC)


class Told(TalkSource):
    """A source of talks that a test has made up."""

    kind: str = "told"
    _found: list[Talk | Unread] = PrivateAttr(default_factory=list)

    def talks(self, place: Place) -> Iterator[Talk | Unread]:
        yield from self._found

    def problems(self, base, seen=None) -> list[tuple[str, str]]:
        return []


def collect(tmp_path, *found, **settings: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    source = Told(name="told", path="a.json", **settings)
    source._found = list(found)
    chunks = list(source.read(Place.file(tmp_path / "a.json", "a.json", NOW)))
    return pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])


def talk(id_="T-1", **more) -> Talk:
    return Talk(
        id_,
        [
            Message("customer", "q", "message 1", 3, author="Ann", at=THEN, zone="+02:00", id="m1"),
            Message("agent", "a", "message 2", 4, author="Bob", at=NOW),
        ],
        **more,
    )


def test_a_row_says_where_it_comes_from(tmp_path) -> None:
    frame, fates = collect(
        tmp_path,
        talk(
            subject="S", category="billing", status="closed", rating=0.8, reopened=1, solved=True,
            labels=["x"], license="MIT", extra=[("brand", "acme")],
        ),
    )  # fmt: skip
    (row,) = frame.to_dicts()
    assert fates.is_empty()
    told = {
        "kind": "qa", "question": "S\n\nq", "answer": "a", "category": "billing", "labels": ["x"],
        "line": 3, "position": "message 1", "source_id": "T-1", "timestamp": THEN,
        "zone": "+02:00", "author": "Bob", "role": "agent", "customer": "Ann", "thread": "T-1",
        "license": "MIT", "file": "a.json", "source": "told", "weight": None, "collected_at": NOW,
    }  # fmt: skip
    assert {name: row[name] for name in told} == told
    assert {item["key"]: item["value"] for item in row["extra"]} == {
        "status": "closed", "subject": "S", "rating": "0.8", "reopened": "1", "brand": "acme",
    }  # fmt: skip


def test_the_settings_name_what_a_talk_does_not(tmp_path) -> None:
    frame, _ = collect(
        tmp_path, talk(), talk("T-2", category="own"), category="chat", license="MIT"
    )
    assert frame["category"].to_list() == ["chat", "own"]
    assert frame["license"].to_list() == ["MIT", "MIT"]


def test_identifiers_stay_when_talks_and_messages_are_added(tmp_path) -> None:
    one, _ = collect(tmp_path, talk())
    longer = talk()
    longer.messages.append(Message("customer", "more", "message 3"))
    two, fates = collect(tmp_path, talk("T-0"), longer)
    assert one["id"][0] == two["id"][1]
    assert fates["reason"].to_list() == ["a question that was not answered"]


def test_what_cannot_be_read_and_what_is_left_out(tmp_path) -> None:
    note = Message("agent", "psst", "message 9", 9, internal=True)
    frame, fates = collect(
        tmp_path,
        Unread("torn", position="byte 7", raw=b"x"),
        Unread("a copy", dropped=True, file="b.json"),
        Talk("T", [note]),
    )
    assert frame.is_empty()
    assert fates.select("fate", "reason", "position", "line", "file").rows() == [
        ("quarantined", "torn", "byte 7", None, "a.json"),
        ("dropped", "a copy", None, None, "b.json"),
        ("dropped", "an internal note", "message 9", 9, "a.json"),
    ]
    assert fates["content_hash"].is_null().to_list() == [False, True, False]


def test_a_row_of_another_file_of_the_piece(tmp_path) -> None:
    one = Talk("T", [
        Message("customer", "q", "message 1", file="b.json"),
        Message("agent", "a", "message 1", file="c.json"),
    ])  # fmt: skip
    frame, _ = collect(tmp_path, one, talk())
    assert frame["file"].to_list() == ["b.json", "a.json"]


def test_rules_reach_the_rows(tmp_path) -> None:
    frame, _ = collect(tmp_path, talk(rating=0.1), talk=TalkRules(bad_rating=0.2))
    assert frame["weight"].to_list() == [0.2]
    assert frame["changes"].to_list() == [["weight 0.2: badly rated"]]


def test_many_rows_come_in_chunks(tmp_path) -> None:
    source = Told(name="told", path="a.json")
    source._found = [talk(str(number)) for number in range(CHUNK_ROWS + 5)]
    chunks = list(source.read(Place.file(tmp_path / "a.json", "a.json", NOW)))
    assert [chunk.frame.height for chunk in chunks] == [CHUNK_ROWS, 5]
