"""Help desks by their documented shapes: roles, notes, ratings, reopenings, macros, licences."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from tunesmith.collect import TicketExportSource
from tunesmith.collect.base import Place
from tunesmith.collect.exports import documents
from tunesmith.collect.exports.adf import adf_text
from tunesmith.collect.talk import Talk
from tunesmith.store.seen import Seen

from . import shapes

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def collected(
    folder: Path, **settings: Any
) -> tuple[dict[str, Talk], pl.DataFrame, list[tuple[str, str, str]]]:
    """Talks by number, rows, and what was left out: reason, file, position."""
    source = TicketExportSource.model_validate({"name": "x", "path": str(folder), **settings})
    talks: dict[str, Talk] = {}
    frames, fates = [], []
    for piece in source.pieces(folder, folder, Seen(folder.parent / "seen.json")):
        place = Place(piece.stretches, NOW)
        talks |= {found.id: found for found in source.talks(place) if isinstance(found, Talk)}
        for chunk in source.read(place):
            frames.append(chunk.frame)
            fates.append(chunk.fates)
    left = pl.concat(fates).select("reason", "file", "position").rows()
    return talks, pl.concat(frames), left


def written(tmp_path: Path, parts: list[Any]) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    for number, part in enumerate(parts):
        (folder / f"part{number}.json").write_bytes(orjson.dumps(part))
    return folder


def test_zendesk_joins_tickets_users_and_events(tmp_path) -> None:
    talks, frame, left = collected(written(tmp_path, shapes.ZENDESK))
    talk = talks["35"]
    assert [(m.role, m.internal, m.canned, m.text) for m in talk.messages] == [
        ("customer", False, False, "It smokes."),
        ("agent", False, False, "Pull the plug."),
        ("agent", True, False, "Third this week."),
        ("customer", False, False, "It smokes again."),
        ("agent", False, False, "We got your mail."),
        ("agent", False, True, "A new one is on its way."),
    ]
    assert (talk.category, talk.customer, talk.reopened, talk.rating) == (
        "Hardware",
        "Jane",
        1,
        1.0,
    )
    assert (talk.status, talk.solved) == ("closed", True)
    assert frame.select("question", "answer", "weight", "author").rows() == [
        ("The printer is on fire\n\nIt smokes.", "Pull the plug.", 0.5, "Ann"),
        ("It smokes again.", "A new one is on its way.", None, "Ann"),
    ]
    assert sorted(left) == [
        ("a comment of a ticket that is not in this export", "part1.json",
         "ticket_events[5].child_events[0]"),
        ("a question that was not answered", "part0.json", "tickets[1].description"),
        ("an internal note", "part1.json", "ticket_events[1].child_events[1]"),
        ("written by a rule", "part1.json", "ticket_events[3].child_events[0]"),
    ]  # fmt: skip


def test_zendesk_one_ticket_a_line_is_streamed(tmp_path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    lines = [json.dumps(shapes.ZENDESK_LINE | {"id": number}) for number in (7, 8, 7)]
    (folder / "tickets.json").write_text("\n".join([*lines[:2], '{"id": 9, "subj', *lines[2:]]))
    talks, frame, left = collected(folder)
    assert list(talks) == ["7", "8"]
    assert frame["answer"].to_list() == ["Hold the button."] * 2
    assert frame.select("line", "position").row(1) == (2, "line 2 comments[0]")
    assert talks["7"].reopened == 2
    assert [(reason, position) for reason, _, position in left] == [
        ("not valid JSON at column 16", "line 3"),
        ("the same ticket again", "line 4"),
    ]


def test_intercom_knows_bots_notes_and_stars(tmp_path) -> None:
    talks, frame, left = collected(written(tmp_path, shapes.INTERCOM))
    talk = talks["147"]
    assert [message.role for message in talk.messages] == ["customer", "bot", "agent", "agent"]
    assert (talk.rating, talk.reopened, talk.solved, talk.labels) == (1.0, 1, True, ["keys"])
    assert frame.select("question", "answer", "customer", "author").rows() == [
        ("<p>Where is my key?</p>", "<p>Under the mat.</p>", "Jane", "Ann"),
    ]
    assert {reason for reason, _, _ in left} == {"written by a bot", "an internal note"}


def test_freshdesk_has_ratings_reopenings_and_the_account_export(tmp_path) -> None:
    talks, frame, left = collected(written(tmp_path, shapes.FRESHDESK))
    assert (talks["20"].rating, talks["20"].reopened, talks["20"].status) == (0.0, 1, "Closed")
    assert frame.select("source_id", "answer", "zone").rows() == [("21", "Use the link.", "+01:00")]
    reasons = [reason for reason, _, _ in left]
    assert reasons.count("badly rated") == 4
    assert reasons.count("an internal note") == 1
    _, frame, _ = collected(tmp_path / "export", talk={"bad_rating": 0.25})
    assert frame.sort("source_id")["weight"].to_list() == [0.125, 0.25, None]


def test_jira_service_management_has_notes_and_documents(tmp_path) -> None:
    talks, frame, left = collected(written(tmp_path, shapes.JIRA_DESK))
    talk = talks["HELP-1"]
    assert (talk.category, talk.rating, talk.reopened) == ("Get IT help", 0.75, 1)
    assert (talk.solved, talk.labels, talk.customer) == (True, ["vpn"], "Jane")
    [row] = frame.rows(named=True)
    assert row["question"] == "VPN is\ndown\n\n- since Monday"
    assert (row["answer"], row["zone"]) == ("It is up again.", "+01:00")
    assert [reason for reason, _, _ in left] == ["an internal note"] * 2


JIRA_XML = """<?xml version="1.0"?>
<rss version="0.92"><channel><title>Jira</title><item>
<title>[A-1] Crash</title><project id="1" key="A">Apps</project>
<description>&lt;p&gt;It crashes.&lt;/p&gt;</description><key id="77">A-1</key>
<summary>Crash</summary><type id="1">Bug</type><status id="6">Closed</status>
<resolution id="1">Fixed</resolution><reporter username="jane">Jane</reporter>
<labels><label>x</label></labels><created>Sat, 1 Mar 2025 10:00:00 +0100</created>
<comments><comment id="1" author="ann" created="Sat, 1 Mar 2025 11:00:00 +0100">&lt;p&gt;Update.
&lt;/p&gt;</comment><comment id="2" author="ann" rolelevel="Staff" created="">Psst</comment>
</comments></item></channel></rss>"""


def test_the_xml_export_of_jira(tmp_path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "SearchRequest.xml").write_text(JIRA_XML)
    talks, frame, left = collected(folder)
    assert (talks["A-1"].category, talks["A-1"].solved) == ("Apps", True)
    assert frame.select("question", "answer", "zone", "position").rows() == [
        ("Crash\n\n<p>It crashes.</p>", "<p>Update.\n</p>", "+01:00", "item[0].description"),
    ]
    assert [reason for reason, _, _ in left] == ["an internal note"]


def test_servicenow_joins_its_journal(tmp_path) -> None:
    talks, frame, left = collected(written(tmp_path, shapes.SERVICENOW))
    assert [(m.role, m.author) for m in talks["INC1"].messages] == [
        ("customer", "jane"), ("agent", "Ann Lee"), ("agent", "Ann Lee"), ("agent", None),
    ]  # fmt: skip
    assert frame["answer"].to_list() == ["We look.\n\nThe disk was full."]
    assert talks["INC1"].reopened == 1
    assert [reason for reason, _, _ in left] == ["an internal note"]


def test_gh_knows_staff_and_bots(tmp_path) -> None:
    talks, frame, left = collected(written(tmp_path, shapes.GH))
    assert list(talks) == ["o/r#4"]
    assert frame.select("answer", "author", "role").rows() == [("Fixed in 2.0.", "ann", "agent")]
    assert [reason for reason, _, _ in left] == ["written by a bot"]


def test_a_ticket_that_a_bot_opened_is_no_question(tmp_path) -> None:
    issue = shapes.GH[0][0] | {"author": {"login": "dependabot[bot]"}}
    _, frame, left = collected(written(tmp_path, [[issue]]))
    assert frame.height == 0
    assert [reason for reason, _, _ in left].count("written by a bot") == 2


def test_a_pull_request_is_left_out_with_its_comments(tmp_path) -> None:
    pull = shapes.GH[0][0] | {"pull_request": {}}
    talks, _, left = collected(written(tmp_path, [[pull, pull]]))
    assert not talks
    assert sorted(position for _, _, position in left) == [
        "items[0]", "items[0].comments[0]", "items[0].comments[1]",
        "items[1]", "items[1].comments[0]", "items[1].comments[1]",
    ]  # fmt: skip


POSTS = """<?xml version="1.0" encoding="utf-8"?>
<posts>
<row Id="1" PostTypeId="1" AcceptedAnswerId="3" CreationDate="2010-01-01T10:00:00.000" Score="5"
 Body="&lt;p&gt;How?&lt;/p&gt;" OwnerUserId="7" Title="Cook" Tags="&lt;rice&gt;&lt;pot&gt;" />
<row Id="2" PostTypeId="2" ParentId="1" CreationDate="2012-01-01T10:00:00.000" Score="9"
 Body="&lt;p&gt;Boil.&lt;/p&gt;" OwnerUserId="8" ContentLicense="CC BY-SA 3.0" />
<row Id="3" PostTypeId="2" ParentId="1" CreationDate="2020-01-01T10:00:00.000" Score="1"
 Body="&lt;p&gt;Steam.&lt;/p&gt;" OwnerUserId="9" />
<row Id="4" PostTypeId="5" CreationDate="2020-01-01T10:00:00.000" Body="a tag's page" />
<row Id="5" PostTypeId="2" ParentId="99" CreationDate="2020-01-01T10:00:00.000" Body="lost" />
</posts>"""
COMMENTS = """<comments><row Id="1" PostId="3" Score="0" Text="For how long?" UserId="7"
 CreationDate="2020-01-01T11:00:00.000" ContentLicense="CC BY-SA 4.0" /></comments>"""
USERS = """<users><row Id="9" DisplayName="Ann" /></users>"""


def stack(tmp_path: Path, posts: str = POSTS) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Posts.xml").write_text(posts)
    (folder / "Comments.xml").write_text(COMMENTS)
    (folder / "Users.xml").write_text(USERS)
    return folder


def test_the_dump_of_stackexchange_has_licences_and_accepted_answers(tmp_path) -> None:
    talks, frame, left = collected(stack(tmp_path))
    assert [message.text for message in talks["1"].messages] == [
        "<p>How?</p>", "<p>Steam.</p>", "For how long?", "<p>Boil.</p>",
    ]  # fmt: skip
    first = frame.row(0, named=True)
    assert (first["answer"], first["author"]) == ("<p>Steam.</p>", "Ann")
    assert first["license"] == "CC-BY-SA-2.5 AND CC-BY-SA-3.0 AND CC-BY-SA-4.0"
    assert first["labels"] == ["rice", "pot"]
    assert ("neither a question nor an answer", "Posts.xml", "row[3]") in left
    assert ("a comment of a ticket that is not in this export", "Posts.xml", "row[4]") in left


def test_voters_may_accept_an_answer(tmp_path) -> None:
    folder = stack(tmp_path, POSTS.replace(' AcceptedAnswerId="3"', ""))
    _, frame, _ = collected(folder)
    assert frame["answer"].to_list() == ["<p>Boil.</p>\n\n<p>Steam.</p>"]
    _, frame, left = collected(folder, accept_score=5)
    assert frame["answer"].to_list() == ["<p>Boil.</p>"]
    assert ("another answer was accepted", "Posts.xml", "row[2]") in left
    _, frame, _ = collected(folder, accept_score=10)
    assert frame["answer"].to_list() == ["<p>Boil.</p>\n\n<p>Steam.</p>"]


BOMBS = {
    "laughs": """<?xml version="1.0"?><!DOCTYPE bugzilla [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><bugzilla><bug><bug_id>&b;</bug_id></bug></bugzilla>""",
    "outside": """<?xml version="1.0"?><!DOCTYPE bugzilla [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<bugzilla><bug><bug_id>1</bug_id><short_desc>&a;</short_desc></bug></bugzilla>""",
}


@pytest.mark.parametrize("name", BOMBS)
def test_entities_are_refused(tmp_path, name) -> None:
    (tmp_path / "bugs.xml").write_text(BOMBS[name])
    source = TicketExportSource(name="x", path=str(tmp_path))
    place = Place.file(tmp_path / "bugs.xml", "bugs.xml", NOW)
    [found] = list(source.talks(place))
    assert found.reason == "its document type declares entities"


def test_elements_nested_too_deep_are_refused(tmp_path) -> None:
    text = "<bugzilla><bug>" + "<a>" * 200 + "</a>" * 200 + "</bug></bugzilla>"
    (tmp_path / "bugs.xml").write_text(text)
    source = TicketExportSource(name="x", path=str(tmp_path))
    [found] = list(source.talks(Place.file(tmp_path / "bugs.xml", "bugs.xml", NOW)))
    assert "nested" in found.reason


def test_limits_are_said_and_the_rest_comes_in(tmp_path) -> None:
    folder = written(tmp_path, [shapes.GH[0], [shapes.GH[0][0] | {"body": "x" * 200_000}]])
    talks, _, left = collected(folder, max_document_mib=0.1)
    assert list(talks) == ["o/r#4"]
    [file] = [file for reason, file, _ in left if "max_document_mib" in reason]
    assert file == "part1.json"


def test_files_that_belong_together_have_a_limit(tmp_path) -> None:
    _, frame, left = collected(written(tmp_path, shapes.ZENDESK), max_joined_mib=0.001)
    assert frame.height == 0
    assert [file for _, file, _ in left] == ["part0.json", "part1.json"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "the file is empty"),
        (b"\x00\x01\x02", "neither JSON nor XML: not an export that is known"),
        (b'{"a": 1}', "not an export of a ticket system that is known"),
        (b'{"a": ', "the file ends in the middle of the JSON document"),
        (b'{"a": nope}', "not valid JSON"),
        (b"[" * 5_000, "JSON"),
        (b"<html><body>Log in</body></html>", "an HTML page that is no question of Askbot"),
        (b"<a><b></a>", "not valid XML from line 1 on"),
        (b"PK\x03\x04zip", "neither JSON nor XML: not an export that is known"),
    ],
)
def test_what_cannot_be_read_has_a_reason(tmp_path, raw, reason) -> None:
    (tmp_path / "x").write_bytes(raw)
    source = TicketExportSource(name="x", path=str(tmp_path))
    found = list(source.talks(Place.file(tmp_path / "x", "x", NOW)))
    assert reason in found[0].reason if raw[:4] != b"<a><" else reason in found[-1].reason


def test_json_in_other_encodings(tmp_path) -> None:
    text = json.dumps([shapes.GH[0][0] | {"title": "Größe"}], ensure_ascii=False)
    for name, encoding in (("a", "utf-16"), ("b", "utf-8-sig"), ("c", "cp1252")):
        (tmp_path / name).write_bytes(text.encode(encoding))
        found = list(documents.read(tmp_path / name, name, documents.Limits(1 << 20, 1 << 20)))
        assert found[0].value[0]["title"] == "Größe"


def test_comments_in_a_circle_come_once(tmp_path) -> None:
    question = {
        "question_id": 1, "title": "Why?", "body": "Why?", "creation_date": 1459908076,
        "owner": {"user_id": 1},
        "answers": [
            {"answer_id": 2, "body": "So.", "owner": {"user_id": 2},
             "comments": [{"comment_id": 3, "post_id": "comment 4", "body": "three"},
                          {"comment_id": 4, "post_id": "comment 3", "body": "four"}]},
        ],
    }  # fmt: skip
    talks, _, _ = collected(written(tmp_path, [{"items": [question], "quota_max": 1}]))
    assert sorted(m.text for m in talks["1"].messages) == ["So.", "Why?", "four", "three"]


def test_a_file_in_the_folder_of_others_is_a_piece_of_its_own(tmp_path) -> None:
    folder = written(tmp_path, [*shapes.ZENDESK, shapes.GH[0]])
    source = TicketExportSource(name="x", path=str(folder))
    pieces = source.pieces(folder, folder, Seen(tmp_path / "seen.json"))
    names = [[stretch.name for stretch in piece.stretches] for piece in pieces]
    assert names == [["part0.json", "part1.json"], ["part2.json"]]
    before = [piece.digest for piece in pieces]
    (folder / "part1.json").write_bytes(
        orjson.dumps({"ticket_events": shapes.ZENDESK[1]["ticket_events"][:1]})
    )
    after = [p.digest for p in source.pieces(folder, folder, Seen(tmp_path / "seen.json"))]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True]


def test_problems_say_what_is_missing(tmp_path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    source = TicketExportSource(name="x", path=str(tmp_path))
    assert source.problems(tmp_path) == [("path", "not an export of a ticket system that is known")]
    named = TicketExportSource(name="x", path=str(tmp_path), system="github")
    assert named.problems(tmp_path) == [("system", "not an export of GitHub")]
    gone = TicketExportSource(name="x", path="gone")
    assert gone.problems(tmp_path)[0][0] == "path"


def test_a_document_of_atlassian_s_format_is_text() -> None:
    document = {
        "type": "doc",
        "content": [
            {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "H"}]},
            {"type": "codeBlock", "content": [{"type": "text", "text": "x = 1"}]},
            {"type": "orderedList", "content": [
                {"type": "listItem", "content": [{"type": "paragraph", "content": [
                    {"type": "text", "text": "one "},
                    {"type": "mention", "attrs": {"text": "@ann"}}]}]}]},
            {"type": "table", "content": [{"type": "tableRow", "content": [
                {"type": "tableCell", "content": [{"type": "paragraph", "content": [
                    {"type": "text", "text": word}]}]} for word in ("a", "b")]}]},
        ],
    }  # fmt: skip
    assert adf_text(document) == "## H\n\n```\nx = 1\n```\n\n1. one @ann\n\na | b"
