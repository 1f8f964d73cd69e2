"""Whatever the bytes, every mail that is indexed ends once: in a row, or with a reason."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mails import Collected, collected, mail, mbox
from tunesmith.collect.talk import Gone, Message, TalkRules, exchanges

#: What mails are made of, right and wrong.
PIECES = st.sampled_from(
    [
        b"From x@y.z Mon Jan  1 10:00:00 2024\n", b"From: a@b.c\n", b"Subject: Re: Order\n",
        b"Message-ID: <1@x>\n", b"References: <1@x> <2@x>\n", b"In-Reply-To: <1@x>\n",
        b"Content-Type: multipart/mixed; boundary=x\n", b"--x\n", b"--x--\n", b"\n\n", b"\n",
        b"Content-Type: text/plain; charset=utf-8\n", b"Content-Type: text/plain; charset=utf-16\n",
        b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n",
        b"Content-Transfer-Encoding: x-uuencode\n", b"Date: Mon, 1 Jan 2024 10:00:00 +0100\n",
        b"Date: 31 Feb 0000 99:99 +9999\n", b"Auto-Submitted: auto-replied\n", b"=?utf-8?b?4oKs?=",
        b"Content-Type: message/rfc822\n", b"begin 644 a\n", b"words\n", b"> quoted\n", b"-- \n",
        b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\r", b">From x\n", b"=C3=A9=\n", b"d29yZHM=\n",
        b"Content-Type: ; charset=\"\n", b"Content-Disposition: attachment; filename*0*=a''%ff\n",
    ]
)  # fmt: skip
BYTES = st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=30).map(b"".join))


def take(files: dict[str, bytes], **given_settings) -> Collected:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "in"
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return collected(folder, Path(temporary) / "cache", **given_settings)


def ends(found: Collected) -> Counter[tuple[str | None, str | None]]:
    """How often each mail ends in a row, a drop or quarantine."""
    ended: Counter[tuple[str | None, str | None]] = Counter()

    def add(message: Message) -> None:
        ended[message.file, message.position] += 1

    for talk in found.talks:
        for one in exchanges(talk, TalkRules()):
            for message in [one.message] if isinstance(one, Gone) else one.asked + one.answered:
                add(message)
    for unread in found.unread:
        ended[unread.file, unread.position] += 1
    return ended


def conserved(found: Collected) -> None:
    indexed = Counter(
        (stretch.name, f"message {stretch.number}")
        for piece in found.pieces
        for stretch in piece.stretches
    )
    assert ends(found) == indexed
    assert set(indexed.values()) == {1}


@settings(max_examples=150)
@given(BYTES, st.sampled_from(["a.eml", "a.mbox", "a", "a.msg"]))
@example(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.msg")
def test_any_bytes_end_as_rows_or_reasons(data: bytes, name: str) -> None:
    conserved(take({name: data, "good.eml": mail(name="good@x")}))


WORDS = st.sampled_from(["Order", "Re: Order", "AW: Bill", ""])
NAMES = st.sampled_from(["1@x", "2@x", "3@x", "4@x", None])
MAILS = st.builds(
    mail,
    st.sampled_from(["ann@a.net", "Bob <bob@b.net>", "help@shop.example", ""]),
    st.sampled_from(["one", "two", "three\n> quoted", "\nFrom here\nTo there", ""]),
    subject=WORDS,
    name=NAMES,
    answers=st.lists(st.sampled_from(["1@x", "2@x", "3@x", "5@x"]), max_size=2).map(tuple),
    day=st.integers(1, 28),
    more=st.sampled_from(["", "", "Auto-Submitted: auto-replied\n", "List-Id: <a>\n"]),
)


def said(found: Collected) -> Counter[tuple]:
    """The talks without their places."""
    return Counter(
        (
            talk.id,
            talk.subject,
            tuple((m.role, m.text, m.author, m.at, m.automatic) for m in talk.messages),
        )
        for talk in found.talks
    )


@settings(max_examples=60)
@given(st.lists(MAILS, min_size=2, max_size=12), st.integers(1, 11), st.booleans())
def test_one_mailbox_or_several_in_any_order_give_the_same_talks(
    mails: list[bytes], at: int, agents: bool
) -> None:
    given_settings = {"agents": ("shop.example",)} if agents else {}
    at = min(at, len(mails) - 1)
    whole = take({"a.mbox": mbox(mails)}, **given_settings)
    parts = {"b.mbox": mbox(mails[:at]), "a.mbox": mbox(mails[at:])}
    several = take(parts, **given_settings)
    backwards = take({"a.mbox": mbox(mails[::-1])}, **given_settings)
    for found in (whole, several, backwards):
        conserved(found)
        assert said(found) == said(whole)
