from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from conftest import SHARED_DATA
from mails import Collected, collected, mail, mbox
from tunesmith.collect.mail.source import MailSource

HELP = "Help <help@shop.example>"


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


def take(folder: Path, **settings) -> Collected:
    return collected(folder, folder.parent / "cache", **settings)


def reasons(found: Collected) -> dict[str, str]:
    columns = found.fates.select("file", "position", "reason").rows()
    return {f"{file.removeprefix('in/')} {position}": reason for file, position, reason in columns}


def test_a_thread_over_files_becomes_rows_with_their_provenance(folder) -> None:
    asked = mail(name="1@x", text="Where is my order?\n\n-- \nAnn\n+49 30 123")
    answered = mail(
        HELP,
        "On its way.\n\nOn 1 Jan 2024, Ann wrote:\n> Where is my order?\n> \n\nThis e-mail and any "
        "attachments are confidential.",
        to="ann@example.net",
        subject="Re: Order",
        name="2@x",
        answers=("1@x",),
        day=2,
    )
    (folder / "inbox.mbox").write_bytes(mbox([mail(name="0@x", subject="Else"), asked]))
    (folder / "answer.eml").write_bytes(answered)
    found = take(folder, agents="shop.example")
    (row,) = found.frame.rows(named=True)
    assert row["question"] == "Order\n\nWhere is my order?"
    assert row["answer"] == "On its way."
    assert (row["file"], row["position"], row["line"]) == ("in/inbox.mbox", "message 2", None)
    assert (row["customer"], row["author"]) == ("ann@example.net", "help@shop.example")
    assert (row["role"], row["zone"]) == ("agent", "+01:00")
    assert row["extra"][1:] == [
        {"key": "person 1", "value": "Ann"},
        {"key": "person 2", "value": "Help"},
    ]
    assert reasons(found) == {"inbox.mbox message 1": "a question that was not answered"}


def test_escaped_from_lines_are_restored_in_mailboxes_only(folder) -> None:
    (folder / "a.mbox").write_bytes(mbox([mail(text="From now on\n>From then on")]))
    (folder / "b.eml").write_bytes(mail(text=">From now on", subject="B"))
    texts = {talk.messages[0].text for talk in take(folder, strip={"quoted_replies": False}).talks}
    assert texts == {"From now on\n>From then on", ">From now on"}


def test_html_is_read_without_what_it_quotes(folder) -> None:
    html = (
        "<html><body><p>Turn it <b>off</b>.</p><ul><li>and on</li></ul><div class='gmail_quote'>"
        "<p>old words</p></div><script>x()</script></body></html>"
    )
    (folder / "a.eml").write_bytes(mail(text=html, more="Content-Type: text/html\n"))
    deep = "<div>" * 3_000 + "words"
    (folder / "b.eml").write_bytes(mail(text=deep, subject="B", more="Content-Type: text/html\n"))
    found = take(folder)
    (message,) = next(talk.messages for talk in found.talks if talk.subject == "Order")
    assert message.text == "Turn it off.\n\n- and on"
    assert found.mails == 2 == len(found.talks) + len(found.unread)


def test_what_nobody_wrote_is_left_out_or_kept_as_the_recipe_says(folder) -> None:
    away = mail(
        HELP, "I am away.", name="2@x", answers=("1@x",), more="Auto-Submitted: auto-replied\n"
    )
    listed = mail("bob@b.net", "All in!", name="3@x", answers=("1@x",), more="List-Id: <a>\n")
    (folder / "a.mbox").write_bytes(mbox([mail(name="1@x"), away, listed]))
    assert reasons(take(folder)) == {
        "a.mbox message 1": "a question that was not answered",
        "a.mbox message 2": "an automatic reply",
        "a.mbox message 3": "list or bulk mail",
    }
    assert take(folder, lists="keep").frame["answer"].to_list() == ["All in!"]
    kept = take(folder, talk={"automatic": "keep"})
    assert kept.frame["answer"].to_list() == ["I am away.\n\nAll in!"]


def test_attachments_are_listed_with_the_row(folder) -> None:
    body = (
        "--x\n\nLook.\n--x\nContent-Type: image/png; name=a.png\n\nabc\n"
        "--x\nContent-Type: image/png; name=b.png\n\nabcd\n--x--"
    )
    more = "Content-Type: multipart/mixed; boundary=x\n"
    answer = mail(HELP, "Seen.", name="2@x", answers=("1@x",), day=2)
    (folder / "a.mbox").write_bytes(mbox([mail(text=body, name="1@x", more=more), answer]))
    (row,) = take(folder).frame.rows(named=True)
    extra = {item["key"]: item["value"] for item in row["extra"]}
    assert extra["attachment"] == "a.png, image/png, 3 bytes"
    assert extra["attachment 2"] == "b.png, image/png, 4 bytes"


def test_maildir_with_its_hidden_folders(folder) -> None:
    for place in ("cur", "new", "tmp", ".Sent/cur"):
        (folder / place).mkdir(parents=True)
    (folder / "cur/1.host:2,S").write_bytes(mail(name="1@x"))
    (folder / "tmp/3.host").write_bytes(mail(text="on its way", name="3@x"))
    (folder / ".Sent/cur/2.host:2,S").write_bytes(mail(HELP, "There.", answers=("1@x",), day=2))
    found = take(folder)
    assert found.frame["answer"].to_list() == ["There."]
    assert found.mails == 2


# ── Bad input ────────────────────────────────────────────────────────────────────────────────────


def test_bad_files_are_quarantined_and_the_rest_comes_in(folder) -> None:
    good = [mail(name="1@x"), mail(HELP, "There.", name="2@x", answers=("1@x",), day=2)]
    torn = mail(
        text="--x\n\nhalf of wha", name="t@x", more="Content-Type: multipart/mixed; boundary=x\n"
    )
    nested = mail(name="n@x", more="Content-Type: multipart/mixed; boundary=b0\n")[:-20]
    for depth in range(10_000):
        nested += b"\n--b%d\nContent-Type: multipart/mixed; boundary=b%d\n" % (depth, depth + 1)
    bomb = mail(
        name="b@x", more="References: " + " ".join(f"<{n}@y>" for n in range(100_000)) + "\n"
    )
    (folder / "a.mbox").write_bytes(
        mbox([*good, torn, nested, bomb, mail(text="x" * 3_000_000, name="long@x")])
    )
    (folder / "binary.eml").write_bytes(bytes(range(256)) * 500)
    (folder / "empty.eml").write_bytes(b"")
    (folder / "empty.mbox").write_bytes(b"\n\n")
    (folder / "nul.eml").write_bytes(mail(subject="a\0b", text="c\0d", name="nul@x"))
    for year in ("0", "99999"):
        dated = mail(text=year, name=f"{year}@x").replace(b" 2024 ", b" %s " % year.encode())
        (folder / f"year-{year}.eml").write_bytes(dated)
    garbage = mail(text="!!!! ????", more="Content-Transfer-Encoding: base64\n", name="g@x")
    (folder / "garbage.eml").write_bytes(garbage)
    (folder / "cut.mbox").write_bytes(mbox([mail(name="c@x")])[:100])
    start = time.process_time()
    found = take(folder, max_message_mib=2)
    assert time.process_time() - start < 20
    assert found.frame["answer"].to_list() == ["There."]
    open_question = "a question that was not answered"
    no_mail = "it does not begin with the headers of a mail"
    assert reasons(found) == {
        "a.mbox message 3": "it is torn: no boundary ends the part with its text",
        "a.mbox message 4": "its parts lie more than 24 deep in each other",
        "a.mbox message 5": open_question,
        "a.mbox message 6": "it has 3,000,170 bytes, more than the limit of 2,097,152",
        "cut.mbox message 1": "it is torn: it ends within its headers",
        "binary.eml message 1": no_mail,
        "empty.eml message 1": "it is empty",
        "empty.mbox message 1": "it is empty",
        "nul.eml message 1": open_question,
        "year-0.eml message 1": open_question,
        "year-99999.eml message 1": open_question,
        "garbage.eml message 1": "its base64 is damaged",
    }
    times = {talk.messages[0].text: talk.messages[0] for talk in found.talks}
    assert times["0"].at is None
    assert times["99999"].notes == ("its date cannot be read",)


def test_settings_are_checked() -> None:
    for agents in (("help shop.com",), ("*",), ("",), ("help@",)):
        with pytest.raises(ValidationError, match="no address"):
            MailSource(name="m", path="x", agents=agents)


def test_problems(tmp_path) -> None:
    source = MailSource(name="m", path="none")
    assert source.problems(tmp_path) == [("path", "there is no file or folder 'none'")]
    (tmp_path / "none").mkdir()
    (tmp_path / "none/a.eml").write_bytes(mail())
    assert source.problems(tmp_path) == []


# ── What changes from run to run ─────────────────────────────────────────────────────────────────


def many(count: int) -> list[bytes]:
    made = []
    for number in range(count):
        name = f"{number}@x"
        made.append(mail(f"c{number}@a.net", f"ask {number}", name=name, day=1 + number % 28))
        answers = (name,)
        made.append(
            mail(HELP, f"say {number}", name=f"a{name}", answers=answers, day=1 + number % 28)
        )
    return made


def digests(found: Collected) -> Counter[str]:
    return Counter(piece.digest for piece in found.pieces)


def test_new_mail_changes_only_the_pieces_it_falls_into(folder, monkeypatch) -> None:
    monkeypatch.setattr("tunesmith.collect.mail.cuts.USUAL_MAILS", 20)
    first = many(300)
    path = folder / "a.mbox"
    path.write_bytes(mbox(first))
    before = take(folder)
    assert len(before.pieces) > 15
    path.write_bytes(mbox([*first, mail("new@a.net", "a new thread", name="new@x", day=3)]))
    os.utime(path, (1, 1))
    after = take(folder)
    assert sum((digests(after) - digests(before)).values()) <= 2
    late = mail("c7@a.net", "thanks", name="late@x", answers=("7@x", "a7@x"), day=30)
    path.write_bytes(mbox([*first, late]))
    replied = take(folder)
    assert sum((digests(replied) - digests(before)).values()) <= 2
    assert set(before.frame["id"]) <= set(after.frame["id"])


def test_the_index_is_read_again_only_when_the_file_was_written(folder, monkeypatch) -> None:
    path = folder / "a.mbox"
    path.write_bytes(mbox(many(5)))
    time.sleep(0.3)  # `Seen` does not trust a file that was written just now
    first = take(folder)
    monkeypatch.setattr(MailSource, "_indexed", lambda *_: pytest.fail("read again"))
    assert digests(take(folder)) == digests(first)
    monkeypatch.undo()
    (folder.parent / "cache/mail.index").unlink()
    assert digests(take(folder)) == digests(first)


# ── Real mail ────────────────────────────────────────────────────────────────────────────────────

needs_data = pytest.mark.skipif(not SHARED_DATA.exists(), reason="the public data are not there")


def real(tmp_path: Path, path: str, **settings) -> tuple[Collected, Counter[str]]:
    found = collected(SHARED_DATA / path, tmp_path / "cache", **settings)
    counted = Counter(found.fates["reason"])
    messages = sum(len(talk.messages) for talk in found.talks)
    assert messages + len(found.unread) == found.mails
    return found, counted


@needs_data
def test_the_mails_of_spamassassin(tmp_path) -> None:
    found, counted = real(tmp_path, "spamassassin-email/*/*.eml")
    assert found.mails == 384
    assert found.frame.height == 1
    assert counted == {
        "list or bulk mail": 212,
        "a question that was not answered": 167,
        "it is torn: no boundary ends the part with its text": 3,
    }
    kept, counted = real(tmp_path, "spamassassin-email/*/*.eml", lists="keep")
    assert kept.frame.height == 11
    assert counted["a question that was not answered"] == 359
    texts = [message.text for talk in kept.talks for message in talk.messages]
    assert not any("\0" in text for text in texts)
    assert sum("\N{REPLACEMENT CHARACTER}" in text for text in texts) <= 1


@needs_data
def test_the_mailboxes_of_ticket_exports(tmp_path) -> None:
    found, counted = real(tmp_path, "ticket-exports/*/*.mbox")
    assert found.mails == 26
    assert counted == {
        "a question that was not answered": 9,
        "a copy of another mail": 7,
        "list or bulk mail": 5,
    }
    assert found.frame["question"].str.split("\n").list.first().to_list() == [
        "Docker and MetricsGrimoire",
        "Presenting GrimoireLab",
    ]
    assert not found.frame["answer"].str.contains("attachment was scrubbed").any()


def test_the_mail_of_the_example(tmp_path) -> None:
    folder = Path(__file__).parents[3] / "examples/support/raw/mail"
    found = collected(folder, tmp_path / "cache", agents="brindlemoss.example")
    assert (found.mails, found.frame.height) == (95, 43)
    assert Counter(found.fates["reason"]) == {
        "an automatic reply": 3,
        "a question that was not answered": 3,
        "a delivery report": 1,
        "it is torn: it ends within its headers": 1,
    }
    words = "\n".join([*found.frame["question"], *found.frame["answer"]])
    for added in (" wrote:", "Original Message", "\n>", "confidential", "1 Kiln Lane", "\n-- "):
        assert added not in words, added


HEADERS = b"Message-ID: <9@example.net>\nFrom: Ann <ann@example.net>\nSubject: Late"


@pytest.mark.parametrize("cut", [b"\nMIME-Ve\n", b"\nMIME-Ve", b"", b"\nX-Long: a\n b"])
def test_a_mailbox_that_ends_within_the_headers_of_a_mail(tmp_path, cut: bytes) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    whole = mbox([mail(name="1@example.net"), mail(name="2@example.net", day=2)])
    (folder / "a.mbox").write_bytes(
        whole + b"From x@example.net Mon Jan  1 10:00:00 2024\n" + HEADERS + cut
    )
    found = collected(folder, tmp_path / "cache")
    assert found.mails == 3
    [torn] = [one for one in found.unread if not one.dropped]
    assert torn.reason == "it is torn: it ends within its headers"
    assert torn.file == "in/a.mbox"
    assert torn.position is not None


def test_an_html_mail_that_is_nested_deep(tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    head = b"From: a@example.net\nSubject: x\nContent-Type: text/html\n\n"
    (folder / "deep.eml").write_bytes(head + b"<div>" * 100_000 + b"x")
    (folder / "good.eml").write_bytes(mail(name="1@example.net"))
    start = time.monotonic()
    found = collected(folder, tmp_path / "cache")
    assert time.monotonic() - start < 30
    assert found.mails == 2
    assert [one.reason for one in found.unread if not one.dropped] == ["it is nested too deep"]
