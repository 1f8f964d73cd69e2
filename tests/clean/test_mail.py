from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from factory import pairs
from tunesmith.clean.mail import QuotedReplies, Signatures
from tunesmith.step import Transform, apply


def cleaned(step: Transform, text: str) -> str:
    return apply([step], pairs({"answer": text})).frame["answer"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes.\n\nOn Mon, 3 May 2021 at 10:01, Jane <j@x.com> wrote:\n> can I?\n> so", "Yes."),
        ("Yes.\n\nOn Mon, 3 May 2021 at 10:01, Jane Doe\n<j@x.com> wrote:\n\ncan I?\nso", "Yes."),
        ("Ja.\n\nAm 3.5.2021 um 10:01 schrieb Jane Doe:\n> geht das?", "Ja."),
        ("Oui.\n\nLe 3 mai 2021 à 10:01, Jane a écrit :\n> alors?", "Oui."),
        ("> can I?\nYes.\n\n> and now?\n\nNo.", "Yes.\n\nNo."),
        ("Hi\n\n-----Original Message-----\nFrom: a\nold", "Hi"),
        ("Hi\n\nFrom: A\nSent: Monday\nTo: C\nSubject: x\n\nold", "Hi"),
        ("##- Please type your reply above this line -##\nHello", "Hello"),
        ("Hello\n--- Reply above this line ---\nold", "Hello"),
        ("On 3 May 2021 Jane wrote:\n> q\n\nmy answer", "my answer"),
    ],
)
def test_quotes_go(text, expected) -> None:
    assert cleaned(QuotedReplies(), text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "> all of it\n> is quoted",
        "On the whole, she wrote:\nplease come",
        "On 3 May 2021 Jane wrote:\nplease come",
        "From: the shop\nto the door",
        "run\n\n```\n> SELECT 1\n```\nthen a -> b",
        "x > y\n    > z",
    ],
)
def test_what_is_no_quote_stays(text) -> None:
    assert cleaned(QuotedReplies(), text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Done.\n\nKind regards,\nJane Doe\nSupport Agent, Acme Inc.\n+1 212 555 0100",
            "Done.\n\nKind regards,",
        ),
        ("ok\n-- \nJane\nx", "ok"),
        ("Where is it?\n\nSent from my iPhone", "Where is it?"),
        ("Hilfe!\n\nVon meinem iPhone gesendet", "Hilfe!"),
        ("Thanks!\njane\n\nGet Outlook for iOS", "Thanks!"),
        ("a\n\nMit freundlichen Grüßen\nJürgen Groß", "a\n\nMit freundlichen Grüßen"),
    ],
)
def test_signatures_go(text, expected) -> None:
    assert cleaned(Signatures(), text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Thanks,\nOrder 12345 is here",
        "Sent from my iPhone",
        "Please do it.\nThanks",
        "Best,\nThe shop is closed on Monday. Please come later.",
        "I sent from my phone a picture\nof it",
        "a\n--\n" + "line of a long text\n" * 30 + "end",
        "usage:\n\n```\nrm --\n--\nx\n```",
        "Regards,\n`code`\n12 is the answer",
    ],
)
def test_what_is_no_signature_stays(text) -> None:
    assert cleaned(Signatures(), text) == text


def test_the_lines_below_a_greeting_may_stay() -> None:
    text = "Done.\n\nRegards,\nJane Doe"
    assert cleaned(Signatures(after_closing=False), text) == text


def test_pages_keep_their_quotations_unless_asked() -> None:
    frame = pairs({"kind": "document", "text": "a\n> b", "question": None, "answer": None})
    assert apply([QuotedReplies()], frame).frame["text"][0] == "a\n> b"
    assert apply([QuotedReplies(columns=("text",))], frame).frame["text"][0] == "a"


def bodies(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.glob("easy-ham-*/*")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        part = message.get_body(("plain",))
        if part is not None:
            data = part.get_payload(decode=True)
            found.append(data.decode("utf-8", "replace").replace("\r\n", "\n"))
    return found


def test_real_mails(shared_data) -> None:
    texts = bodies(shared_data / "spamassassin-email")
    assert len(texts) > 150
    frame = pairs(*({"answer": text} for text in texts))
    done = apply([QuotedReplies(), Signatures()], frame).frame["answer"].to_list()
    quoted = [place for place, text in enumerate(texts) if "\n> " in text]
    assert len(quoted) > 50
    for text, new in zip(texts, done, strict=True):
        assert new.strip()
        # What is left are lines of the mail, in their order.
        lines = iter(text.split("\n"))
        assert all(any(line == other.rstrip() or line == other for other in lines)
                   for line in new.split("\n") if line.strip())  # fmt: skip
    left = [place for place in quoted if "\n> " in done[place]]
    assert len(left) <= 0.02 * len(quoted)
    assert sum("\n-- \n" in new or "\n--\n" in new for new in done) <= 0.02 * len(done)
