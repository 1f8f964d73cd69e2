from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tunesmith.collect.mail.headers import (
    MAX_REFERENCES,
    Head,
    answers,
    base_subject,
    envelope,
    moment,
    words,
    writer,
)


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("=?ISO-8859-1?Q?Germ=E1n_Poo?=", "Germán Poo"),
        ("=?utf-8?b?4oKs?= =?utf-8?b?4oKs?= due", "€€ due"),
        ("=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"),  # a letter that lies in two words
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?koi8-r?Q?=F0=D2=C9=D7=C5=D4?= there", "Привет there"),
        ("=?no-such?Q?caf=E9_au_lait?=", "café au lait"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),  # broken
        ("=?iso-8859-1*de?Q?Gr=FC=DFe?=", "Grüße"),
        ("plain", "plain"),
    ],
)
def test_encoded_words(encoded: str, text: str) -> None:
    assert words(encoded) == text


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("Ann B <Ann@Example.net>", "Ann B", "ann@example.net"),
        ('"B, Ann" <a@b.c>', "B, Ann", "a@b.c"),
        ("a@b.c", None, "a@b.c"),
        ("goran at domain.com (=?ISO-8859-1?Q?G=F6ran?=)", "Göran", "goran@domain.com"),
        ("a@b.c (Ann)", "Ann", "a@b.c"),
        ("Ann", None, None),
        ("", None, None),
        ("<" * 5000, None, None),
    ],
)
def test_writers(value: str, name: str | None, address: str | None) -> None:
    found_name, found_address = writer(value)
    assert found_address == address
    if value != "Ann":  # a word alone is a local address to some and a name to others
        assert found_name == name


@pytest.mark.parametrize(
    ("subject", "base", "reply"),
    [
        ("Re: AW: Fwd: Order", "order", True),
        ("RE[2]: [shop-help] Re: Order  4711", "order 4711", True),
        ("[shop-help] Order", "order", False),
        ("[#4711] Order", "[#4711] order", False),  # tells tickets apart
        ("Order (fwd)", "order", True),
        ("Antwort: Bestellung", "bestellung", True),
        ("Regarding: x", "regarding: x", False),
        ("[a]", "[a]", False),
        ("", "", False),
    ],
)
def test_base_subjects(subject: str, base: str, reply: bool) -> None:
    assert base_subject(subject) == (base, reply)


@pytest.mark.parametrize(
    ("text", "hour", "zone"),
    [
        ("Mon, 1 Jan 2024 10:00:00 +0200", 8, "+02:00"),
        ("1 Jan 2024 10:00 -0330", 13, "-03:30"),
        ("Mon, 01 Jan 2024 10:00:00 GMT", 10, "+00:00"),
        ("Mon Jan  1 10:00:00 2024", 10, None),
        ("Mon, 1 Jan 2024 10:00:00 -0000", 10, None),
    ],
)
def test_times(text: str, hour: int, zone: str | None) -> None:
    found = moment(text)
    assert found is not None
    assert found[0].replace(minute=0) == datetime(2024, 1, 1, hour, tzinfo=UTC)
    assert found[1] == zone


@pytest.mark.parametrize(
    "text",
    [
        "", "Mon, 1 Jan 0 10:00:00 +0000", "1 Jan 0000 10:00", "1 Jan 99999 10:00", "31 Feb 2024 10:00:00 +0000",
        "1 Jan 2024 10:00:00 +9959", "1 Jan 2024 25:99:00", "x" * 100_000, "1 1 1 1 1 1 1",
        "Mon, 1 Jan 2024 10:00:00 +99999999999999999999",
    ],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    assert moment(text) is None


def test_the_time_of_arrival_where_the_date_cannot_be_read() -> None:
    head = Head(
        b"Received: from a by b; Mon, 1 Jan 2024 10:00:00 +0000\nDate: yesterday\nFrom: a@b.c\n\n"
    )
    assert envelope(head).at == datetime(2024, 1, 1, 10, tzinfo=UTC)
    head = Head(b"From a@b.c Mon Jan  1 10:00:00 2024\nFrom: a@b.c\n\n")
    assert envelope(head).at == datetime(2024, 1, 1, 10, tzinfo=UTC)


def test_references_are_held_to_a_number_with_the_first_and_the_last() -> None:
    found = answers(" ".join(f"<{n}@x>" for n in range(100_000)), "<parent@x> <other@x>")
    assert len(found) == MAX_REFERENCES + 1
    assert found[0] == "0@x"
    assert found[-2:] == ("99999@x", "parent@x")


def test_headers_with_folds_eight_bits_and_nul() -> None:
    head = Head("Subject: Grüße\n\tan\0 alle\nFROM : a@b.c\nbroken line\nX: y\n\nbody".encode())
    assert head.text("subject") == "Grüße an alle"
    assert head.raw("from") == "a@b.c"
    assert head.raw("x") == "y"
    assert Head("Subject: Grüße\n\n".encode("latin-1")).text("subject") == "Grüße"


def test_text_that_only_looks_like_headers_is_no_mail() -> None:
    assert not Head(b"Note: this is a text.\n\nMore.").of_a_mail
    assert not Head(b"\x89PNG\r\n\x1a\n\0\0").of_a_mail
    assert Head(b"Subject: a\n\nb").of_a_mail


@pytest.mark.parametrize("value", ["(" * 1_000, "((((" * 200 + "x) ann@example.net", "<(" * 500])
def test_writers_nested_deep(value: str) -> None:
    name, address = writer(value)
    assert address in {None, "ann@example.net"}
    assert name is None or "(" not in name
