from __future__ import annotations

import json
import zipfile
from typing import get_args

import pytest

from tunesmith.collect import AnySource
from tunesmith.initialise.kinds import KINDS, SourceKind, sorted_by_kind
from tunesmith.initialise.looks import is_mail

MAIL = SourceKind("mail", "mail file", frozenset({".eml", ".txt"}), is_mail)
LETTER = "From: a@b.example\nDate: Mon, 3 Mar 2025 10:00:00 +0000\nSubject: Lamp\n\nHello.\n"
MESSAGE = {"type": "message", "ts": "1741000000.000100", "user": "U1", "text": "Where is it?"}
ISSUE = {
    "id": 7, "number": 7, "title": "Lamp", "body": "It is broken", "state": "open",
    "html_url": "https://github.com/o/r/issues/7", "url": "https://api.github.com/repos/o/r/issues/7",
    "comments_url": "https://api.github.com/repos/o/r/issues/7/comments", "user": {"login": "a"},
    "created_at": "2025-01-01T00:00:00Z", "labels": [], "comments": 0,
}  # fmt: skip
SPOKEN = {"segments": [
    {"start": n, "end": n + 1.0, "speaker": "A", "text": "Good morning"} for n in range(3)
]}  # fmt: skip
TURNS = [{"messages": [{"role": "user", "content": "Hi"}, {"role": "agent", "content": "Hello"}]}]


def test_every_kind_that_is_proposed_is_one_that_recipes_know() -> None:
    union = get_args(AnySource)[0]
    known = {source.model_fields["kind"].default for source in get_args(union)}
    assert {kind.kind for kind in KINDS} <= known
    assert known - {kind.kind for kind in KINDS} == {"hub", "web"}  # named by an address


def test_files_are_told_by_name_and_first_bytes(tmp_path) -> None:
    for name, text in (("a.eml", LETTER), ("b.txt", LETTER), ("c.txt", "Hello"), ("d.x", "")):
        (tmp_path / name).write_text(text)
    found = sorted_by_kind(sorted(tmp_path.iterdir()), (MAIL, *KINDS))
    named = {kind: [file.name for file in files] for kind, files in found.items()}
    assert named == {"mail": ["a.eml", "b.txt"], "pages": ["c.txt"]}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("box", "From a@b.example Mon Mar  3 10:00:00 2025\n" + LETTER, "mail"),
        ("1425.a3f9", LETTER, "mail"),
        ("notes.txt", "Subject: what we sell\n\nLamps.\n", "pages"),
        ("call.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nAnna: hello\n", "calls"),
        ("call.json", json.dumps(SPOKEN), "calls"),
        ("history.json", json.dumps({"messages": [MESSAGE] * 3}), "chats"),
        ("turns.jsonl", "\n".join(map(json.dumps, TURNS * 3)), "chats"),
        ("room.log", "[10:01] <anna> hello\n[10:02] <bea> hi\n" * 3, "chats"),
        ("chat.txt", "[03/03/25, 10:01:00] Anna: hi\n[03/03/25, 10:02:00] Bea: yes\n", "chats"),
        ("faq.txt", "Q: When do you open?\nA: At nine.\n" * 5, "pages"),
        ("server.log", "2025-03-03 10:01:00 INFO: started\n" * 9, None),
        ("issues.json", json.dumps([ISSUE]), "ticket_exports"),
        ("rows.json", json.dumps([{"question": "Why is it so?", "answer": "It is"}]), "tickets"),
        ("names.json", json.dumps({"a": 1}), None),
        ("tree.json", '{"x":\n{"question": "Why?", "answer": "Because"}\n}', None),
        ("lists.json", json.dumps([{"question": ["Why?"], "answer": ["a", "b"]}]), None),
        ("stock.csv", "product,short\n" + "a lamp of glass,one that hangs from above and glows\n" * 9, "table"),
        ("t.csv", "question,answer\nWhy is it so?,because it is so\n", "tickets"),
        ("p.tsv", "plan\tfee\nsmall\t3\n", "table"),
        ("empty.csv", "question,answer\n", None),
        ("a.nxml", '<?xml version="1.0"?><article article-type="research-article"/>', "papers"),
        ("w.xml", '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/"><page>', "wikipedia"),
        ("odd.xml", "<things><thing/></things>", None),
        ("paper.tex", "\\documentclass{article}", "papers"),
        ("a.warc", "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n", "web_archive"),
        ("guide.rst", "Lamps\n=====\n", "docs_tree"),
        ("plan.PDF", "%PDF-1.7", "pages"),
    ],
)  # fmt: skip
def test_a_file_is_told(tmp_path, name, content, kind) -> None:
    (tmp_path / name).write_text(content)
    found = sorted_by_kind([tmp_path / name])
    assert list(found) == ([] if kind is None else [kind])


def test_an_export_of_slack_and_a_maildir_are_told_by_their_folders(tmp_path) -> None:
    slack, box = tmp_path / "slack", tmp_path / "box"
    (slack / "help").mkdir(parents=True)
    (slack / "users.json").write_text("[]")
    (slack / "help" / "2025-03-03.json").write_text(json.dumps([MESSAGE]))
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    (box / "cur" / "174.x.host:2,S").write_text(LETTER)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    found = sorted_by_kind(files)
    assert {kind: len(mine) for kind, mine in found.items()} == {"mail": 1, "chats": 2}
    with zipfile.ZipFile(tmp_path / "slack.zip", "w") as archive:
        archive.write(slack / "users.json", "users.json")
        archive.write(slack / "help" / "2025-03-03.json", "help/2025-03-03.json")
    assert list(sorted_by_kind([tmp_path / "slack.zip"])) == ["chats"]
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.bin", b"x")
    assert sorted_by_kind([tmp_path / "other.zip"]) == {}


def test_files_that_are_damaged_are_of_no_kind(tmp_path) -> None:
    for name in ("a.xlsx", "a.parquet", "a.zip", "a.sqlite", "a.json", "a.warc.gz", "a.xml.bz2"):
        (tmp_path / name).write_bytes(b"\x00\x01torn")
    found = sorted_by_kind(sorted(tmp_path.iterdir()))
    assert {kind: [file.name for file in mine] for kind, mine in found.items()} == {
        "pages": ["a.xlsx"]  # its source says in the ledger what is wrong with it
    }
