from __future__ import annotations

from pathlib import Path

import pytest

from mails import mail
from tunesmith.collect.base import Stretch
from tunesmith.collect.mail.conversation import (
    Agents,
    Placed,
    in_order,
    talk_of,
    thread_id,
    without_copies,
)
from tunesmith.collect.mail.headers import Head, envelope
from tunesmith.collect.mail.reading import Mail

HELP = "Help <help@shop.example>"


def placed(raw: bytes, number: int = 1, file: str = "a.mbox") -> Placed:
    head = Head(raw)
    found = Mail(envelope(head), raw[head.body :].decode().strip())
    return Placed(found, Stretch(Path(file), file, number=number), raw[-16:].rjust(16))


def texts(mails: list[Placed]) -> list[str]:
    return [one.mail.text for one in mails]


def test_no_mail_before_the_one_that_it_answers() -> None:
    asked = mail(name="1@x", text="asked", day=5)
    early = mail(HELP, "answered by a clock that is slow", name="2@x", answers=("1@x",), day=1)
    thanks = mail(text="thanks", name="3@x", answers=("1@x", "2@x"), day=6)
    undated = mail(HELP, "welcome", answers=("3@x",)).replace(b"Date:", b"X-Date:")
    mails = [placed(one) for one in (undated, thanks, early, asked)]
    expected = ["asked", "answered by a clock that is slow", "thanks", "welcome"]
    assert texts(in_order(mails)) == expected
    assert texts(in_order(mails[::-1])) == expected


def test_mails_that_answer_each_other_in_a_circle_are_all_there() -> None:
    one = mail(text="one", name="1@x", answers=("2@x",), day=1)
    two = mail(text="two", name="2@x", answers=("1@x",), day=2)
    own = mail(text="own", name="3@x", answers=("3@x",), day=3)
    assert texts(in_order([placed(raw) for raw in (own, two, one)])) == ["own", "one", "two"]


def test_copies_are_one_mail() -> None:
    one = placed(mail(name="1@x"), 1, "inbox")
    two = placed(b"Received: by b\n" + mail(name="1@x"), 4, "sent")
    other = placed(mail("eve@example.net", "something else", name="1@x"), 2, "inbox")
    kept, copies = without_copies([two, other, one])
    assert {one.stretch.name for one in copies} == {"sent"}
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("pattern", "address", "one"),
    [
        ("help@shop.com", "help@shop.com", True),
        ("Help@Shop.com", "help@shop.com", True),
        ("help@shop.com", "other@shop.com", False),
        ("shop.com", "other@shop.com", True),
        ("@shop.com", "other@shop.com", True),
        ("*@shop.com", "other@shop.com", True),
        ("shop.com", "other@eu.shop.com", False),
        ("*.shop.com", "other@eu.shop.com", True),
        ("*.shop.com", "other@shop.com", True),
        ("shop.com", "other@bookshop.com", False),
        ("*.shop.com", "other@bookshop.com", False),
    ],
)
def test_who_answers(pattern: str, address: str, one: bool) -> None:
    assert (address in Agents((pattern,))) is one


def test_a_talk_has_roles_subject_people_and_a_lasting_identifier() -> None:
    asked = placed(mail(name="1@x", subject="[shop] Where is it?"))
    answered = placed(
        mail(HELP, "There.", subject="Re: Where is it?", name="2@x", answers=("1@x",))
    )
    talk = talk_of([answered, asked], Agents(("shop.example",)))
    assert [message.role for message in talk.messages] == ["customer", "agent"]
    assert talk.subject == "Where is it?"
    assert talk.extra == [("person 1", "Ann"), ("person 2", "Help")]
    assert talk.id == thread_id("1@x")
    assert talk_of([answered], Agents(("shop.example",))).id == talk.id
    assert talk.messages[0].author == "ann@example.net"


def test_without_agents_the_first_who_writes_asks() -> None:
    mails = [
        mail("Bob <b@b.net>", name="1@x"),
        mail("Carl <c@c.net>", name="2@x", answers=("1@x",), day=2),
        mail("Bob <b@b.net>", name="3@x", answers=("1@x",), day=3),
    ]
    talk = talk_of([placed(raw) for raw in mails], None)
    assert [message.role for message in talk.messages] == ["customer", "agent", "customer"]
