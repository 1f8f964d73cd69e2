from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tunesmith.collect.chats.logs import LogRules, format_of, read
from tunesmith.collect.chats.post import Post
from tunesmith.collect.encoding import detect

UTC_ZONE = ZoneInfo("UTC")


def posts(tmp_path, text, name="a.txt", **rules):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    encoding = detect(path)
    form = format_of(path, encoding, 1 << 20)
    assert form is not None
    given = LogRules(**({"zone": UTC_ZONE} | rules))
    return form, list(read(path, name, form, encoding, given))


def said(found) -> list[tuple]:
    return [(p.author, p.text) if isinstance(p, Post) else p.reason for p in found]


@pytest.mark.parametrize(
    "text",
    [
        "[12:34] <ann> hello\n[12:35] * bob waves\n=== cid has joined #x\n",
        "12:34 <@ann> hello\n12:35 * bob waves\n--- cid has joined #x\n",
        "2012-10-17T09:16:21+0000  <ann> hello\n2012-10-17T09:16:22+0000  * bob waves\n*** cid\n",
        "<ann> hello\n* bob waves\n*** cid has joined #x\n",
    ],
)
def test_irc(tmp_path, text) -> None:
    form, found = posts(tmp_path, text)
    assert form == "irc"
    assert said(found)[:2] == [("ann", "hello"), ("bob", "waves")]
    assert [one.system for one in found] == [False, False, True]


def test_the_name_gives_the_day_and_midnight_the_next(tmp_path) -> None:
    text = "[23:58] <ann> a\n[23:50] <ann> b\n[00:01] <bob> c\n[00:05] <bob> d\n"
    _, found = posts(tmp_path, text, name="2004-12-31.txt")
    assert [p.at for p in found] == [
        datetime(2004, 12, 31, 23, 58, tzinfo=UTC),
        datetime(2004, 12, 31, 23, 50, tzinfo=UTC),  # the clock was set back
        datetime(2005, 1, 1, 0, 1, tzinfo=UTC),
        datetime(2005, 1, 1, 0, 5, tzinfo=UTC),
    ]


def test_zones_and_days_by_setting(tmp_path) -> None:
    _, found = posts(
        tmp_path, "[12:00] <ann> a\n", day=date(2025, 7, 1), zone=ZoneInfo("Europe/Berlin")
    )
    assert (found[0].at, found[0].zone) == (datetime(2025, 7, 1, 10, tzinfo=UTC), "+02:00")


def test_without_a_day_there_is_a_clock_but_no_time(tmp_path) -> None:
    _, found = posts(tmp_path, "[23:59] <ann> a\n[00:01] <bob> b\n")
    assert [p.at for p in found] == [None, None]
    assert found[1].seconds - found[0].seconds == 120


def test_irssi_says_when_a_day_changes(tmp_path) -> None:
    text = (
        "--- Log opened Sun Dec 05 12:00:01 2004\n12:34 <ann> a\n"
        "--- Day changed Mon Dec 06 2004\n00:01 <bob> b\n"
    )
    _, found = posts(tmp_path, text)
    assert found[1].at == datetime(2004, 12, 5, 12, 34, tzinfo=UTC)
    assert found[3].at == datetime(2004, 12, 6, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        (
            ["12/03/25, 14:05 - Anna: hi", "13/03/25, 14:06 - Bob: ho"],
            datetime(2025, 3, 12, 14, 5, tzinfo=UTC),
        ),
        (
            ["03/12/25, 2:05 PM - Anna: hi", "03/13/25, 2:06 PM - Bob: ho"],
            datetime(2025, 3, 12, 14, 5, tzinfo=UTC),
        ),
        (
            ["[12.03.2025, 14:05:33] Anna: hi", "[13.03.2025, 14:06:00] Bob: ho"],
            datetime(2025, 3, 12, 14, 5, 33, tzinfo=UTC),
        ),
        (
            ["2025-03-12, 14:05 - Anna: hi", "2025-03-13, 14:06 - Bob: ho"],
            datetime(2025, 3, 12, 14, 5, tzinfo=UTC),
        ),
        (["03/04/25, 14:05 - Anna: hi", "03/05/25, 14:06 - Bob: ho"], None),
    ],
)
def test_whatsapp(tmp_path, lines, at) -> None:
    form, found = posts(tmp_path, "\n".join(lines) + "\n")
    assert form == "whatsapp"
    assert said(found) == [("Anna", "hi"), ("Bob", "ho")]
    assert found[0].at == at


def test_an_unclear_date_by_setting(tmp_path) -> None:
    _, found = posts(tmp_path, "03/04/25, 14:05 - Anna: hi\n", order="mdy")
    assert found[0].at == datetime(2025, 3, 4, 14, 5, tzinfo=UTC)


def test_whatsapp_lines_go_on_and_say_nothing(tmp_path) -> None:
    text = (
        "13/03/25, 14:04 - Messages are end-to-end encrypted\n"
        "13/03/25, 14:05 - Anna: one\ntwo: three\n\n"
        "13/03/25, 14:06 - Bob: <Media omitted>\n13/03/25, 14:07 - Bob: This message was deleted\n"
    )
    _, found = posts(tmp_path, text)
    assert [p.system for p in found] == [True, False, False, False]
    assert found[1].text == "one\ntwo: three"
    assert [p.automatic for p in found[2:]] == ["an attachment without words", "a deleted message"]


def test_the_chat_of_a_meeting(tmp_path) -> None:
    text = (
        "00:01:00\tAnn B:\tIs it recorded?\n00:01:05\tBob:\tunrelated\n"
        '00:01:09\tCid:\tReplying to "Is it rec..."\n\nyes, it is\n'
        '00:01:10\tDan:\tReacted to "yes, it is" with 👍\n'
    )
    form, found = posts(tmp_path, text)
    assert form == "zoom"
    assert said(found)[:3] == [
        ("Ann B", "Is it recorded?"),
        ("Bob", "unrelated"),
        ("Cid", "yes, it is"),
    ]
    assert found[2].thread == found[0].id
    assert [p.automatic for p in found] == [None, None, None, "a reaction"]
    assert found[0].at is None
    assert found[0].clock == 60


def test_older_chats_of_meetings(tmp_path) -> None:
    text = "12:01:33 From Ann to Everyone:\n\thello\n12:01:40 From  Bob : hi\n"
    form, found = posts(tmp_path, text)
    assert form == "zoom"
    assert said(found) == [("Ann", "hello"), ("Bob", "hi")]


@pytest.mark.parametrize(
    "text",
    [
        "12:01 Anna: hello\n12:02 Bob: hi\n",
        "[12:01] Anna: hello\n[12:02] Bob: hi\n",
        "2025-03-12 12:01:05 Anna: hello\n2025-03-12 12:01:06 Bob: hi\n",
        "Anna (12:01): hello\nBob (12:02): hi\n",
        "Anna: hello\nBob: hi\nAnna: ok\nBob: bye\n",
    ],
)
def test_plain_logs(tmp_path, text) -> None:
    form, found = posts(tmp_path, text)
    assert form == "log"
    assert said(found)[:2] == [("Anna", "hello"), ("Bob", "hi")]


@pytest.mark.parametrize(
    "text", ["set: x\nrepository: y\nlicence: z\nrows: 3\n", "# A page\n\nwith words\n", "", "\n\n"]
)
def test_what_is_no_log(tmp_path, text) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    assert format_of(path, detect(path), 1 << 20) is None


def test_bad_lines_do_not_stop_a_log(tmp_path) -> None:
    text = b"[12:01] <ann> a\nwhat is this\n[12:02] <bob> \0\n[99:99] <bob> b\n[12:03] <ann> c\n"
    _, found = posts(tmp_path, text, name="2025-01-01.log")
    assert said(found) == [
        ("ann", "a"),
        "not a line of an IRC log",
        "NUL byte at byte 15 of the line",
        ("bob", "b"),
        ("ann", "c"),
    ]
