"""Small files of every kind of source, invented: what the fuzz target damages."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import sqlite3
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl

from collect.exports.shapes import SHAPES
from documents_factory import CORE, W, book, paragraph, word
from mails import mail, mbox


@dataclass(frozen=True)
class Target:
    """A kind of source with files that it reads."""

    settings: dict[str, Any]
    files: dict[str, bytes]
    """By name, what is damaged; files of one target lie in one folder."""
    within: Callable[[Path], AbstractContextManager[Any]] = field(
        default=lambda _: contextlib.nullcontext()
    )
    """What holds while they are read, given the folder."""
    by: Callable[[bytes], object] | None = None
    """Reads the one file instead of a source."""

    @property
    def kind(self) -> str:
        """The source's tag."""
        return str(self.settings["kind"])


def targets() -> list[Target]:
    """Every kind of source, in each format that it reads."""
    return [
        *_tickets(), *_exports(), *_mail(), *_chats(), *_calls(), *_pages(), *_tables(),
        *_outside(), *_web(), *_licenses(),
    ]  # fmt: skip


def zipped(entries: dict[str, str | bytes]) -> bytes:
    """A zip file."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return held.getvalue()


def tarred(entries: dict[str, bytes]) -> bytes:
    """A tar file."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


def dumped(value: Any) -> bytes:
    """JSON."""
    return json.dumps(value, ensure_ascii=False).encode()


def lines(values: list[Any]) -> bytes:
    """JSON, one value a line."""
    return b"".join(dumped(value) + b"\n" for value in values)


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────

_ROWS = [
    {"id": 1, "q": "Where is my order?", "a": "On its way.", "at": "2025-03-04 10:00", "who": "c1"},
    {"id": 2, "q": 'A "quoted" word,\nand a line?', "a": "Größe 38: 19,90 €.", "at": "", "who": ""},
    {"id": 3, "q": "=1+1", "a": "It is a sum.", "at": "04.03.2025", "who": "c2"},
    {"id": 3, "q": "Again?", "a": "Yes.", "at": "2025-03-05T09:00:00+01:00", "who": "c2"},
]
_CSV = (
    "id,q,a,at,who\n1,Where is my order?,On its way.,2025-03-04 10:00,c1\n"
    '2,"A ""quoted"" word,\nand a line?",Größe 38: "19,90 €.",,\n3,=1+1,It is a sum.,04.03.2025,c2\n'
    "3,Again?,Yes.,2025-03-05T09:00:00+01:00,c2\n"
).encode()


def _parquet() -> bytes:
    held = io.BytesIO()
    pl.DataFrame(_ROWS).write_parquet(held)
    return held.getvalue()


def _sheet() -> bytes:
    held = io.BytesIO()
    pl.DataFrame(_ROWS).write_excel(held)
    return held.getvalue()


def _tickets() -> list[Target]:
    columns = {
        "question": "q", "answer": "a", "id": "id", "timestamp": "at", "customer": "who",
    }  # fmt: skip
    settings = {"kind": "tickets", "columns": columns}
    return [
        Target(settings, {name: content})
        for name, content in {
            "a.csv": _CSV, "a.jsonl": lines(_ROWS), "a.json": dumped(_ROWS),
            "a.parquet": _parquet(), "a.xlsx": _sheet(), "b.csv": _CSV.decode().encode("utf-16"),
        }.items()
    ]  # fmt: skip


def _tables() -> list[Target]:
    settings = {
        "kind": "table",
        "question": "{q}",
        "answer": "{a}",
        "schema": {"id": {"type": "integer", "unparsable": "null"}, "at": {"type": "time"}},
        "duplicates": {"by": ["id"]},
    }
    files = {"a.csv": _CSV, "a.parquet": _parquet(), "a.xlsx": _sheet()}
    database = {"kind": "database", "url": "sqlite:///data/a.db", "table": "t", "text": "{q} {a}"}
    return [
        *[Target(settings, {name: content}) for name, content in files.items()],
        Target(database, {"a.db": _database()}),
    ]


def _database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        with contextlib.closing(sqlite3.connect(path)) as base:
            base.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, q TEXT, a TEXT, at TEXT)")
            base.executemany(
                "INSERT INTO t (q, a, at) VALUES (?, ?, ?)",
                [(f"{row['q']} {n}", row["a"], row["at"]) for n in range(20) for row in _ROWS],
            )
            base.commit()
        return path.read_bytes()


# ── Talks ────────────────────────────────────────────────────────────────────────────────────────

_DISCOURSE = {
    "id": 5, "title": "Lost key", "post_stream": {"posts": [
        {"id": 1, "post_number": 1, "topic_id": 5, "username": "jane", "cooked": "<p>Where?</p>",
         "created_at": "2025-03-01T10:00:00Z"},
        {"id": 2, "post_number": 2, "topic_id": 5, "username": "ann", "cooked": "<p>Here.</p>",
         "created_at": "2025-03-01T11:00:00Z", "accepted_answer": True, "staff": True}]},
}  # fmt: skip
_ASKBOT = [
    {"id": 8, "title": "Lost key", "text": "Where?", "answer_ids": [9], "author": {"id": 1},
     "added_at": "1740823200", "tags": ["key"], "answers": [{"id": 9, "text": "Here."}]},
]  # fmt: skip
_BUGZILLA = (
    '<?xml version="1.0"?><bugzilla version="5"><bug><bug_id>3</bug_id>'
    "<creation_ts>2025-03-01 10:00:00 +0000</creation_ts><short_desc>Crash</short_desc>"
    "<bug_status>RESOLVED</bug_status><resolution>FIXED</resolution><product>P</product>"
    "<long_desc><commentid>1</commentid><who>jane</who><bug_when>2025-03-01 10:00:00 +0000</bug_when>"
    "<thetext>It crashes.</thetext></long_desc><long_desc><commentid>2</commentid><who>ann</who>"
    "<bug_when>2025-03-02 10:00:00 +0000</bug_when><thetext>Mended.</thetext></long_desc></bug></bugzilla>"
)
_STACK = (
    '<?xml version="1.0" encoding="utf-8"?><posts>'
    '<row Id="1" PostTypeId="1" AcceptedAnswerId="2" CreationDate="2025-03-01T10:00:00.000" '
    'Score="3" Title="Lost key" Body="&lt;p&gt;Where?&lt;/p&gt;" OwnerUserId="1" Tags="&lt;key&gt;" />'
    '<row Id="2" PostTypeId="2" ParentId="1" CreationDate="2025-03-01T11:00:00.000" Score="5" '
    'Body="&lt;p&gt;Here.&lt;/p&gt;" OwnerUserId="2" /></posts>'
)
_STACK_API = {
    "items": [{"question_id": 1, "title": "Lost key", "body": "<p>Where?</p>", "tags": ["key"],
               "creation_date": 1740823200, "owner": {"user_id": 1},
               "answers": [{"answer_id": 2, "question_id": 1, "body": "<p>Here.</p>", "score": 4,
                            "is_accepted": True, "creation_date": 1740823300}]}],
    "quota_max": 300,
}  # fmt: skip
_GITLAB = [
    {"id": 9, "iid": 1, "title": "Crash", "description": "It crashes.", "state": "closed",
     "author": {"username": "jane"}, "created_at": "2025-03-01T10:00:00Z", "labels": ["bug"]},
]  # fmt: skip
_NOTES = [
    {"id": 1, "noteable_type": "Issue", "noteable_iid": 1, "body": "Mended in 2.0.",
     "author": {"username": "ann"}, "created_at": "2025-03-02T10:00:00Z", "system": False},
]  # fmt: skip
_PHABRICATOR = {
    "result": {"data": [{"id": 4, "type": "TASK", "phid": "PHID-TASK-1", "fields": {
        "name": "Crash", "description": {"raw": "It crashes."}, "authorPHID": "PHID-USER-1",
        "status": {"value": "resolved"}, "dateCreated": 1740823200}}]},
    "error_code": None, "error_info": None,
}  # fmt: skip
_LAUNCHPAD = {
    "bug_data": {"id": 6, "title": "Crash", "description": "It crashes.", "owner_link": "~jane",
                 "date_created": "2025-03-01T10:00:00+00:00", "messages_collection_link": "x"},
    "messages_data": [{"content": "Mended.", "owner_link": "~ann", "subject": "Re",
                       "date_created": "2025-03-02T10:00:00+00:00"}],
}  # fmt: skip
_REDMINE = {
    "issue": {"id": 2, "subject": "Crash", "tracker": {"id": 1, "name": "Bug"}, "description": "No.",
              "status": {"name": "Closed"}, "author": {"id": 1, "name": "jane"},
              "created_on": "2025-03-01T10:00:00Z",
              "journals": [{"id": 3, "user": {"id": 2, "name": "ann"}, "notes": "Mended.",
                            "created_on": "2025-03-02T10:00:00Z", "details": []}]},
}  # fmt: skip


def _exports() -> list[Target]:
    made: dict[str, dict[str, bytes]] = {
        name: {f"{number}.json": dumped(part) for number, part in enumerate(parts)}
        for name, parts in SHAPES.items()
    }
    made |= {
        "lines": {"a.jsonl": lines([*SHAPES["zendesk_line"], {"id": 8}, *SHAPES["zendesk_line"]])},
        "discourse": {"a.json": dumped(_DISCOURSE)},
        "askbot": {"a.json": dumped(_ASKBOT)},
        "bugzilla": {"a.xml": _BUGZILLA.encode()},
        "stackexchange": {"Posts.xml": _STACK.encode()},
        "stackexchange_api": {"a.json": dumped(_STACK_API)},
        "gitlab": {"issues.json": dumped(_GITLAB), "notes.json": dumped(_NOTES)},
        "phabricator": {"a.json": dumped(_PHABRICATOR)},
        "launchpad": {"a.json": dumped(_LAUNCHPAD)},
        "redmine": {"a.json": dumped(_REDMINE)},
    }
    return [Target({"kind": "ticket_exports"}, files) for files in made.values()]


_HTML_MAIL = b"""From: Ann <ann@example.net>
To: help@shop.example
Subject: =?utf-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?=FCber?=
Date: Tue, 2 Jan 2024 10:00:00 +0100
Message-ID: <two@example.net>
In-Reply-To: <one@example.net>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_b1"

--=_b1
Content-Type: multipart/alternative; boundary=b2

--b2
Content-Type: text/plain; charset=iso-8859-15
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe=
 an alle.

> quoted
> words
--b2
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PGh0bWw+PGJvZHk+PHA+R3LDvMOfZSBhbiBhbGxlLjwvcD48L2JvZHk+PC9odG1sPg==
--b2--
--=_b1
Content-Type: message/rfc822

From: x@example.net
Subject: inner

Inner words.
--=_b1
Content-Type: application/pdf; name*0*=utf-8''Rech; name*1*=nung.pdf
Content-Disposition: attachment
Content-Transfer-Encoding: base64

JVBERi0=
--=_b1--
"""


def _mail() -> list[Target]:
    asked = mail(name="one@example.net")
    answered = mail(
        "Help <help@shop.example>", "On Mon, Ann wrote:\n> Where is my order?\n\nIt is here.\n-- \nH",
        to="ann@example.net", subject="Re: Order", answers=("one@example.net",), day=2,
    )  # fmt: skip
    settings = {"kind": "mail"}
    return [
        Target(settings, {"a.eml": asked, "b.eml": answered}),
        Target(settings, {"html.eml": _HTML_MAIL}),
        Target(settings, {"a.mbox": mbox([asked, answered, _HTML_MAIL])}),
        Target(settings, {"a.msg": _outlook()}),
    ]


def compound(streams: dict[str, bytes]) -> bytes:
    """An OLE compound file of few streams, each of at least 4,096 bytes and at most 8 sectors."""
    free, end = b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff"
    entries, table, data = [], [b"\xfd\xff\xff\xff"], b""
    directory_sectors = (len(streams) + 4) // 4
    table += [(n + 2).to_bytes(4, "little") for n in range(directory_sectors - 1)] + [end]

    def entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
        words = name.encode("utf-16-le")
        made = words.ljust(64, b"\0") + (len(words) + 2).to_bytes(2, "little") + bytes([kind, 1])
        for link in (-1, right, child):
            made += link.to_bytes(4, "little", signed=True)
        return made + bytes(36) + start.to_bytes(4, "little") + size.to_bytes(8, "little")

    entries.append(entry("Root Entry", 5, -1, 1, 0xFFFFFFFE, 0))
    for number, (name, content) in enumerate(sorted(streams.items()), 1):
        start, size = len(table), -(-len(content) // 512)
        right = number + 1 if number < len(streams) else -1
        entries.append(entry(name, 2, right, -1, start, len(content)))
        table += [(start + n + 1).to_bytes(4, "little") for n in range(size - 1)] + [end]
        data += content.ljust(size * 512, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + b"\x3e\0\x03\0\xfe\xff\x09\0\x06\0"
    head += bytes(10) + (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(4)
    head += (4096).to_bytes(4, "little") + end + bytes(4) + end + bytes(4) + bytes(4) + free * 108
    listed = b"".join(entries).ljust(directory_sectors * 512, b"\0")
    return head + b"".join(table).ljust(512, b"\xff") + listed + data


def _outlook() -> bytes:
    said = {
        "001A": "IPM.Note", "0037": "Order", "1000": "Where is my order?", "0C1A": "Ann",
        "0C1F": "ann@example.net", "0E04": "Help", "007D": "Date: Mon, 1 Jan 2024 10:00:00 +0100",
    }  # fmt: skip
    streams = {
        f"__substg1.0_{tag}001F": words.ljust(2048).encode("utf-16-le")
        for tag, words in said.items()
    }
    return compound(streams | {"__properties_version1.0": bytes(4096)})


def _chats() -> list[Target]:
    transcripts = [
        {"id": "L-1", "started_at": "2025-03-04T10:00:00+01:00", "rating": 5, "tags": ["vip"],
         "messages": [{"from": "customer", "text": "Where is my bill?"},
                      {"from": "agent", "text": "In your account.", "at": "2025-03-04T10:02:00"}]},
        {"id": "L-1", "original": [["customer", "q"], ["agent", "a"]]},
    ]  # fmt: skip
    slack = [
        {"type": "message", "user": "U1", "text": "Is it <@U2> or &lt;me&gt;?", "ts": "1740823200.1"},
        {"type": "message", "user": "U2", "text": "You.", "ts": "1740823260.2",
         "thread_ts": "1740823200.1"},
    ]  # fmt: skip
    users = [{"id": "U1", "name": "ann"}, {"id": "U2", "name": "bob", "is_bot": False}]
    parts = {
        "users.json": dumped(users),
        "channels.json": dumped([{"id": "C1", "name": "help"}]),
        "help/2025-03-01.json": dumped(slack),
    }
    files = {
        "a.json": dumped(transcripts),
        "a.jsonl": lines(transcripts),
        "a.zip": zipped(dict(parts)),
        "2025-03-01.log": b"[12:01] <ann> how do I sit?\n=== bob joined\n[12:02] <bob> ann: down\n"
        b"[12:03] * ann sits\n",
        "whatsapp.txt": "31.12.24, 23:59 - Ann: Wo?\nHier nicht\n01.01.25, 00:01 - Bob: Dort\u200e.\n".encode(),
        "zoom.txt": b"10:00:01\t From Ann to Everyone:\n\tWhere?\n10:00:05\t From Bob to Everyone: Here\n",
        "plain.txt": b"Ann: Where is it?\nBob: Here it is.\nAnn: Thanks.\n",
        "mattermost.jsonl": lines(
            [{"type": "version", "version": 1},
             {"type": "post", "post": {"team": "t", "channel": "c", "user": "ann", "message": "Where?",
                                       "create_at": 1740823200000,
                                       "replies": [{"user": "bob", "message": "Here.",
                                                    "create_at": 1740823300000}]}}]
        ),
    }  # fmt: skip
    settings = {"kind": "chats"}
    return [
        Target(settings, parts),
        *[Target(settings, {name: content}) for name, content in files.items()],
    ]


def _calls() -> list[Target]:
    files = {
        "a.vtt": b"WEBVTT - a call\n\nNOTE by a machine\n\n1\n00:00:01.000 --> 00:00:02.500\n"
        b"<v Ann>Support, <i>hello</i> &amp; welcome.</v>\n\n00:03.000 --> 00:04.000\nBob: It is lost.\n\n"
        b"00:00:05.000 --> 00:00:06.000\n<v Ann>Here it is.</v>\n",
        "a.srt": b"1\n00:00:01,000 --> 00:00:02,500\nAnn: Hello.\n\n2\n00:00:03,000 --> 00:00:04,000\n"
        b"Bob: It is lost.\n\n3\n00:00:05,000 --> 00:00:06,000\nAnn: Here.\n",
        "a.json": dumped(
            {"segments": [{"speaker": "S1", "start": 0.5, "end": 1.5, "text": "Hello."},
                          {"speaker": "S2", "start": 2, "end": 3, "text": "It is lost.",
                           "words": [{"word": "It", "start": 2, "end": 2.1}]},
                          {"speaker": "S1", "start": 4, "end": 5, "text": "Here."}]}
        ),
    }  # fmt: skip
    return [Target({"kind": "calls"}, {name: content}) for name, content in files.items()]


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────

_PAGE = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'><title>Care</title></head><body><nav>menu</nav>"
    "<main><h1>Care</h1><p>Rinse the <b>pump</b>.</p><ul><li>one<ul><li>two</li></ul></li></ul>"
    "<table><tr><th>a</th><td>b</td></tr></table><h2>Is it safe?</h2><p>Yes, &eacute;.</p>"
    "<pre><code>x = 1</code></pre><script>no()</script></main></body></html>"
)
_MARKDOWN = (
    "---\ntitle: Care\nlicense: CC-BY-4.0\ndate: 2025-03-04\n---\n# Care\n\nRinse the *pump*.\n\n"
    "## Is it safe?\n\nYes.\n\n```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n  - two\n"
)
_CONFLUENCE = (
    '<?xml version=\'1.0\'?><hibernate-generic><object class="Page" package="p"><id name="id">1</id>'
    '<property name="title"><![CDATA[Care]]></property>'
    '<property name="contentStatus"><![CDATA[current]]></property></object>'
    '<object class="BodyContent" package="p"><id name="id">91</id><property name="body">'
    "<![CDATA[<h1>Care</h1><p>Rinse <ac:link><ri:page ri:content-title='x'/></ac:link> it.</p>]]>"
    '</property><property name="content" class="Page"><id name="id">1</id></property></object>'
    "</hibernate-generic>"
)
_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def pdf(*pages: str, more: str = "") -> bytes:
    """A PDF whose pages each have one line."""
    objects = [b"", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for words in pages:
        content = f"BT /F 10 Tf 50 700 Td ({words}) Tj ET".encode("latin-1")
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        kids.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>>>>>" % len(objects)
        )
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<</Type/Pages/Kids[{listed}]/Count {len(kids)}>>".encode()
    raw, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(raw))
        raw += b"%d 0 obj" % number + body + b"endobj\n"
    start = len(raw)
    raw += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    raw += b"".join(b"%010d 00000 n \n" % place for place in places)
    return raw + (
        f"trailer<</Size {len(objects) + 1}/Root 1 0 R{more}>>\nstartxref\n{start}\n%%EOF".encode()
    )


def _slides() -> bytes:
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    shape = (
        "<p:sp><p:nvSpPr><p:cNvPr id='2' name='T'/><p:nvPr><p:ph type='title'/></p:nvPr></p:nvSpPr>"
        "<p:txBody><a:p><a:r><a:t>Care</a:t></a:r></a:p><a:p><a:r><a:t>Rinse.</a:t></a:r></a:p>"
        "</p:txBody></p:sp>"
    )
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "docProps/core.xml": CORE,
            "ppt/presentation.xml": f"<p:presentation xmlns:p='{_SLIDES}' xmlns:r='{relation}'>"
            "<p:sldIdLst><p:sldId id='256' r:id='r1'/></p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": f"<Relationships xmlns='{package}'><Relationship "
            f"Id='r1' Type='{relation}/slide' Target='slides/slide1.xml'/></Relationships>",
            "ppt/slides/slide1.xml": f"<p:sld xmlns:p='{_SLIDES}' xmlns:a='{_DRAWING}'><p:cSld>"
            f"<p:spTree>{shape}</p:spTree></p:cSld></p:sld>",
        }
    )


def _open_text() -> bytes:
    content = (
        '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:text>'
        '<t:h t:outline-level="2">Care</t:h><t:p>Rinse<t:s t:c="3"/>it.</t:p>'
        "<t:list><t:list-item><t:p>one</t:p></t:list-item></t:list></o:text></o:body>"
        "</o:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    return zipped({"mimetype": kind, "content.xml": content})


def _pages() -> list[Target]:
    table = (
        "<w:tbl><w:tr><w:tc>" + paragraph("a") + "</w:tc><w:tc>" + paragraph("b") + "</w:tc></w:tr>"
    )
    document = word(
        paragraph("Care", '<w:pStyle w:val="Mine"/>') + paragraph("Rinse it.") + table + "</w:tbl>"
    )
    document["word/footnotes.xml"] = f"<w:footnotes {W}></w:footnotes>"
    chapters = book(one="<h1>Oaks</h1><p>They grow.</p>")
    rest = {"_links": {}, "results": [{"id": "7", "type": "page", "title": "Care", "status": "current",
                         "body": {"storage": {"value": "<p>Rinse it.</p>"}}}]}  # fmt: skip
    files: dict[str, bytes] = {
        "a.html": _PAGE.encode(), "a.md": _MARKDOWN.encode(), "a.txt": "Care\n\nGröße.\n".encode("cp1252"),
        "a.pdf": pdf("Rinse the pump.", "Every month."), "a.docx": zipped(dict(document)),
        "a.pptx": _slides(), "a.xlsx": _sheet(), "a.odt": _open_text(),
        "a.epub": zipped(dict(chapters)), "a.rtf": rb"{\rtf1\ansi{\b Care}\par Rinse \u233? it.\par}",
        "entities.xml": _CONFLUENCE.encode(), "a.zip": zipped({"entities.xml": _CONFLUENCE}),
        "a.json": dumped(rest),
        "html.zip": zipped({"KB/index.html": "<p>All</p>", "KB/Care_77.html": _PAGE}),
    }  # fmt: skip
    return [Target({"kind": "pages"}, {name: content}) for name, content in files.items()]


# ── Outside ──────────────────────────────────────────────────────────────────────────────────────


def capture(number: int, body: str = _PAGE, more: str = "", kind: str = "response") -> bytes:
    """A record of a web archive."""
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{more}\r\n{body}".encode()
    page = http if kind == "response" else body.encode()
    media = "application/http; msgtype=response" if kind == "response" else "text/plain"
    return (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:{number}>\r\n"
        f"WARC-Target-URI: http://a.example/{number}\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
        f"Content-Type: {media}\r\nContent-Length: {len(page)}\r\n\r\n"
    ).encode() + page + b"\r\n\r\n"  # fmt: skip


_WIKI = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/"><siteinfo>'
    "<base>https://en.wikipedia.org/wiki/Main_Page</base><namespaces>"
    '<namespace key="6">File</namespace></namespaces></siteinfo>'
    "<page><title>A &amp; B</title><ns>0</ns><id>7</id><revision><id>9</id>"
    "<timestamp>2024-05-06T07:08:09Z</timestamp><model>wikitext</model><text>'''A''' is [[b|c]].\n"
    "== More ==\n{{Infobox|a={{b}}}} {| class=x\n|-\n| one || two\n|}\n* [http://x y]&lt;ref&gt;z&lt;/ref&gt;"
    "</text></revision></page><page><title>C</title><ns>0</ns><id>8</id><redirect title='A'/><revision>"
    "<text>#REDIRECT [[A]]</text></revision></page></mediawiki>"
)
_TEX = rb"""\documentclass{article} % a comment
\newcommand{\ours}[1]{\textsc{#1}}
\title[short]{A {\em Fine} Title}\author{Somebody}
\begin{document}\maketitle
\begin{abstract}We show 5\% more.\end{abstract}
\section{Introduction}\label{sec:a} M\"uller \& co~\cite{x} use \ours{Ours} and $a_1 + b$.
\input{part}
\begin{tabular}{ll} a & b \\ c & d \end{tabular}
\begin{equation} e = mc^2 \end{equation}\verb|x|
\end{document} never"""
_JATS = (
    '<?xml version="1.0"?><article><front><article-meta><article-id pub-id-type="doi">10.1/x</article-id>'
    "<title-group><article-title>A Title</article-title></title-group><pub-date><year>2024</year></pub-date>"
    '<permissions><license xmlns:x="http://www.w3.org/1999/xlink" x:href="https://creativecommons.org/licenses/by/4.0/"/>'
    "</permissions><abstract><p>We show.</p></abstract></article-meta></front><body><sec><title>One</title>"
    "<p>Words <xref>1</xref>.</p><sec><title>Two</title><p>More.</p></sec></sec></body></article>"
)
_S2ORC = {
    "paper_id": "p1", "title": "A Title", "year": 2024, "authors": [{"first": "A", "middle": [], "last": "B"}],
    "abstract": "We show.", "pdf_parse": {"body_text": [
        {"section": "One", "sec_num": "1", "text": "Words."}, {"section": "Two", "text": "More."}]},
}  # fmt: skip
_REST = "Care\n====\n\nRinse the **pump**.\n\n.. code-block:: python\n\n   x = 1\n\n.. note:: Take care.\n"
_ADOC = "= Care\n\nRinse the *pump*.\n\n[source,python]\n----\nx = 1\n----\n\n|===\n|a |b\n|===\n"
_NOTEBOOK = {
    "nbformat": 4, "metadata": {}, "cells": [
        {"cell_type": "markdown", "source": ["# Care\n", "Rinse."]},
        {"cell_type": "code", "source": "x = 1", "outputs": [{"text": ["1"]}]}],
}  # fmt: skip


def _outside() -> list[Target]:
    records = [
        capture(0, "x", kind="warcinfo"),
        capture(1),
        capture(2, "plain words", kind="conversion"),
        capture(3, "5\r\n<p>ab\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"),
        capture(4),
    ]
    arc = (
        b"filedesc://a.arc 0.0.0.0 20240518015810 text/plain 9\n1 0 Test\n\n"
        b"http://a.example/ 1.2.3.4 20240518015811 text/html 58\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Words.</p>\n\n\n"
    )
    tree = {
        "t/LICENSE": b"MIT License\n\nPermission is hereby granted, free of charge, to any person",
        "t/README.md": _MARKDOWN.encode(),
        "t/a.rst": _REST.encode(),
        "t/a.adoc": _ADOC.encode(),
        "t/a.html": _PAGE.encode(),
        "t/a.ipynb": dumped(_NOTEBOOK),
        "t/a.py": b"x = 1",
    }
    single: dict[str, dict[str, bytes]] = {
        "web_archive": {
            "a.warc": b"".join(records), "a.warc.gz": b"".join(map(gzip.compress, records)),
            "whole.warc.gz": gzip.compress(b"".join(records)), "a.arc": arc,
            "a.wet.gz": b"".join(map(gzip.compress, records[::2])),
        },
        "wikipedia": {
            "a.xml": _WIKI.encode(), "a.xml.bz2": bz2.compress(_WIKI.encode()),
            "b.xml": _WIKI.encode("utf-16"),
        },
        "papers": {
            "a.tex": _TEX, "a.nxml": _JATS.encode(), "a.json": dumped(_S2ORC),
            "a.tar.gz": gzip.compress(tarred({"a.tex": _TEX, "part.tex": b"The part."})),
            "a.zip": zipped({"a.tex": _TEX, "part.tex": b"The part."}),
        },
        "hub": {
            "a.parquet": _hub("parquet"), "a.arrow": _hub("arrow"), "a.csv": b"question,answer\nq,a\n",
            "a.jsonl": lines([{"question": "q", "answer": "a"}, {"text": "words"}]),
            "a.json": dumped([{"instruction": "do", "input": "", "output": "done"}]),
        },
        "docs_tree": {
            "a.tar.gz": gzip.compress(tarred(tree)), "a.zip": zipped(dict(tree)),
        },
    }  # fmt: skip
    return [
        *[
            Target({"kind": kind}, {name: content})
            for kind, files in single.items()
            for name, content in files.items()
        ],
        Target({"kind": "docs_tree"}, tree),
        Target(
            {"kind": "hub"},
            {"README.md": b"---\nlicense: cc-by-4.0\n---\n# A set\n", "a.arrow": _hub("arrow")},
        ),
    ]


def _hub(form: str) -> bytes:
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    frame = pl.DataFrame({"messages": [messages, messages[::-1]], "id": [1, 2]})
    held = io.BytesIO()
    if form == "parquet":
        frame.write_parquet(held)
    else:
        frame.write_ipc_stream(held)
    return held.getvalue()


def _web() -> list[Target]:
    """A site of four pages whose server answers with the files."""
    sitemap = (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<url><loc>http://a.example/page.html</loc></url></urlset>"
    )
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap>'
        "<loc>http://a.example/sitemap.xml</loc></sitemap></sitemapindex>"
    )
    settings = {
        "kind": "web", "pages": "data/list.txt", "sitemaps": ["http://a.example/index.xml"],
        "requests_per_second": 100.0, "max_delay_s": 0.001, "contact": "mailto:a@a.example",
        "max_pages": 20,
    }  # fmt: skip
    files = {
        "robots.txt": b"User-agent: *\nDisallow: /private/*$\nCrawl-delay: 0\nSitemap: x\n",
        "index.xml": index.encode(),
        "sitemap.xml": gzip.compress(sitemap.encode()),
        "page.html": _PAGE.encode(),
        "care.md": _MARKDOWN.encode(),
        "list.txt": b"# pages\nhttp://a.example/care.md\n\nhttp://a.example/moved\n",
        "moved.head": b"/page.html\ttext/html",
    }
    return [Target(settings, files, within=_served)]


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[None]:
    from tunesmith.collect.outside.fetch import Answer, Fetcher

    def ask(_: Any, url: str, *__: Any, **___: Any) -> Answer:
        name = url.rpartition("/")[2]
        path = folder / "data" / (name or "none")
        if name == "moved":
            place, _, kind = (folder / "data/moved.head").read_text("latin-1").partition("\t")
            return Answer(url, 302, {"location": place, "content-type": kind}, b"")
        if not name.isascii() or "\0" in name or len(name) > 50 or not path.is_file():
            return Answer(url, 404, {}, b"")
        kind = "text/markdown" if name.endswith(".md") else "text/html"
        return Answer(url, 200, {"content-type": kind}, path.read_bytes())

    with patch.object(Fetcher, "_ask", ask):
        yield


def _licenses() -> list[Target]:
    from tunesmith.collect.licenses import spdx_of, spdx_of_text

    def read(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        return spdx_of(text), spdx_of_text(text)

    files = {
        "LICENSE": b"MIT License\n\nPermission is hereby granted, free of charge, to any person",
        "address": b"https://creativecommons.org/licenses/by-sa/3.0/de/legalcode",
        "words": b"Apache License, Version 2.0 OR GPL-3.0-only WITH Classpath-exception-2.0",
    }
    return [
        Target({"kind": "licenses"}, {name: content}, by=read) for name, content in files.items()
    ]
