from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mails import mail, mbox
from tunesmith.collect.mail.boundaries import form_of, mails

MARK = b"From x@example.net Mon Jan  1 10:00:00 2024\n"


def cut(tmp_path: Path, data: bytes, *, max_bytes: int = 1 << 25) -> list[bytes]:
    path = tmp_path / "a.mbox"
    path.write_bytes(data)
    found = list(mails(path, "mbox", max_bytes=max_bytes))
    parts = [data[one.start : one.end] for one in found]
    for one, part in zip(found, parts, strict=True):
        assert one.digest == hashlib.blake2b(part, digest_size=16).digest()
        assert part.startswith(one.head)
    assert b"".join(parts) == data
    return parts


def test_an_mbox_is_cut_at_its_from_lines(tmp_path) -> None:
    one, two = mbox([mail(text="one")]), mbox([mail(text="two")])
    assert cut(tmp_path, one + two) == [one, two]


@pytest.mark.parametrize(
    ("between", "count"),
    [
        (b"\nFrom here on it works.\n", 1),  # a sentence
        (b"\nFrom 10:30 to 2024 meters\n", 2),  # a time and a year after a blank line
        (b"text\nFrom 10:30 to 2024 meters\n", 1),  # within a paragraph
        (b"\n>From here on it works.\nTo: me\n", 1),  # escaped
        (b"\nFrom the start:\nTo: me\n", 2),  # headers after it
        (b"text\n" + MARK + b"Subject: no blank line before\n", 2),
        (b"text\r\n\r\n" + MARK + b"\n", 2),
    ],
)
def test_what_a_from_line_is(tmp_path, between: bytes, count: int) -> None:
    assert len(cut(tmp_path, MARK + b"Subject: a\n\nbody\n" + between + b"more\n")) == count


def test_a_mail_over_blocks_and_limits_is_not_held(tmp_path) -> None:
    long = MARK + b"Subject: a\n\n" + b"x" * (20 << 20) + b"\n\n"
    short = mbox([mail()])
    assert cut(tmp_path, short + long + short, max_bytes=1 << 20) == [short, long, short]


def test_from_lines_at_every_place_of_a_block(tmp_path) -> None:
    first = MARK + b"Subject: a\n\n"
    for size in range((1 << 20) - len(first) - 120, (1 << 20) - len(first) + 8, 7):
        parts = cut(tmp_path, first + b"x" * size + b"\n\n" + mbox([mail()]))
        assert len(parts) == 2, size


def test_what_a_file_is(tmp_path) -> None:
    for name, data, form in (
        ("a.eml", mail(), "mail"),
        ("b.eml", MARK + mail(), "mail"),
        ("c", MARK + mail(), "mbox"),
        ("d.mbox", b"torn", "mbox"),
        ("1704.M1.host:2,S", mail(), "mail"),
        ("e.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "outlook"),
        ("f.mbox", b"", "mbox"),
    ):
        (tmp_path / name).write_bytes(data)
        assert form_of(tmp_path / name) == form, name
