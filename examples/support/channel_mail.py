"""Mail of Brindlemoss: an mbox of threads, and four ``.eml`` files."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from channel_talk import HOME, Exchange, Person, Talk
from mail_message import Mail, mail_bytes, mbox_bytes
from slots import PHONES

Json = dict[str, object]
CREW = Person("crew", "Brindlemoss Shed Crew", f"crew@{HOME}")
DAEMON = Person("daemon", "Mail Delivery System", f"mailer-daemon@{HOME}")
DISCLAIMER = (
    "This e-mail and any attachments are confidential and intended solely for the addressee. If "
    "you have received it in error, please notify the sender and delete it."
)
ACKNOWLEDGED = (
    "Your message has reached the Potting Shed. This is an automatic reply, please don't answer "
    "it. Somebody of the Shed Crew writes back within 1 working day."
)
AWAY = (
    "I am out of the office until Monday. For anything urgent please ring my colleague on {phone}.",
    "Out of office: I'm on leave, and will read your message when I return.",
)
THANKS = (
    "That did it, thank you so much!",
    "Perfect, exactly what I needed. You're a kind lot in that shed.",
)
CODINGS = (
    ("us-ascii", "7bit"), ("utf-8", "quoted-printable"), ("iso-8859-1", "quoted-printable"),
    ("windows-1252", "8bit"), ("utf-8", "base64"), ("iso-8859-1", "8bit"),
    ("windows-1252", "quoted-printable"), ("utf-8", "8bit"), ("windows-1252", "base64"),
)  # fmt: skip


def _at_work(sent: datetime) -> datetime:
    """Move a time of the night to nine o'clock, when the crew is back."""
    if sent.hour >= 18:
        sent += timedelta(days=1)
    return sent if 8 <= sent.hour < 18 else sent.replace(hour=9)


class Mailroom:
    """Writes threads of mail."""

    def __init__(self, talk: Talk) -> None:
        self.talk, self.dice = talk, talk.dice
        self._subjects: set[str] = set()
        self._number = 60000

    def _next(self) -> int:
        self._number += self.dice.between(1, 9)
        return self._number

    def _subject(self, exchange: Exchange) -> str:
        """Give each thread a subject of its own, so that a subject alone can join one."""
        subject = exchange.subject.replace("\n", " ")
        if subject in self._subjects:
            subject = f"{subject} (BM-{self._next()})"
        self._subjects.add(subject)
        return subject

    def ask(self, exchange: Exchange, who: Person, sent: datetime) -> Mail:
        signature = ""
        if self.dice.chance(0.5):
            line = self.dice.pick((who.city, self.dice.pick(PHONES)))
            signature = f"-- \n{who.name}\n{line}"
        zone = timezone(timedelta(hours=self.dice.pick((-5, -6, -7, -8))))
        return Mail(
            "question", sent.astimezone(zone), who, CREW, self._subject(exchange), self._next(),
            exchange.question, exchange.rule, signature=signature, coding=self._coding(),
        )  # fmt: skip

    def _coding(self) -> tuple[str, str]:
        charset = self.talk.writer.deal("codings", [" ".join(coding) for coding in CODINGS])
        name, transfer = charset.split()
        return name, transfer

    def reply(self, to: Mail, kind: str, said: str, sender: Person, rule: str = "") -> Mail:
        """Answer a mail, some hours later, under its subject."""
        sent = to.sent + timedelta(minutes=self.dice.between(25, 1500), seconds=self._next() % 60)
        subject = to.subject if to.subject.startswith("Re: ") else f"Re: {to.subject}"
        if HOME in sender.address:
            sent = _at_work(sent.astimezone(timezone(timedelta(hours=-5))))
        else:
            sent = sent.astimezone(to.sent.tzinfo)
        return Mail(
            kind, sent, sender, to.sender, subject, self._next(), said, rule, to,
            coding=self._coding(), wrapped=self.dice.chance(0.5),
        )  # fmt: skip

    def answer(self, to: Mail, exchange: Exchange) -> Mail:
        agent = self.talk.agent()
        sender = agent if self.dice.chance(0.4) else CREW
        mail = self.reply(to, "answer", exchange.answer, sender, exchange.rule)
        signature = (
            f"-- \n{agent.first} of the Shed Crew\nBrindlemoss, 1 Kiln Lane, Hollowbrook\n"
            f"{CREW.address}"
        )
        return replace(mail, signature=signature)

    def thread(self, rounds: int, **shapes: str) -> list[Mail]:
        """Write question and answer, ``rounds`` times, between one customer and the crew."""
        talk, who, sent = (
            self.talk,
            self.talk.customer(),
            self.talk.moment(20, 300) + timedelta(hours=7),
        )
        mails: list[Mail] = []
        for turn, exchange in enumerate(
            talk.exchanges(rounds, who, sent, category=shapes.get("category", ""))
        ):
            if turn:
                mail = self.reply(mails[-1], "question", exchange.question, who, exchange.rule)
            else:
                mail = self.ask(exchange, who, sent)
            mails += [mail, self.answer(mail, exchange)]
        return mails

    def mbox_threads(self) -> list[list[Mail]]:
        """Write the threads of the mbox, without the torn message."""
        threads = [self.thread(1) for _ in range(19)]
        long = [self.thread(2) for _ in range(8)]
        # The second question of one customer came from a mailer that forgets what it answers.
        question, answer, again, last = long[0]
        again = replace(again, linked=False, quote="none")
        long[0] = [question, answer, again, replace(last, parent=again)]
        for at in (1, 2):
            again = replace(long[at][2], quote="bottom")
            long[at][2:] = [again, replace(long[at][3], parent=again)]
        thanks = [self.thread(1) for _ in THANKS]
        for thread, said in zip(thanks, THANKS, strict=True):
            thread.append(self.reply(thread[-1], "thanks", said, thread[0].sender))
        threads[0][1] = replace(threads[0][1], quote="outlook")
        return [*threads, *long, *thanks, *self._automatic(), self._bounced(), *self._open()]

    def _automatic(self) -> list[list[Mail]]:
        threads = [self.thread(1) for _ in range(3)]
        for thread, text in zip(threads[:2], AWAY, strict=True):
            said = text.format(phone=self.dice.pick(PHONES))
            mail = self.reply(thread[-1], "auto_reply", said, thread[0].sender)
            subject = f"Automatic reply: {thread[0].subject}"
            headers = ("Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All")
            thread.append(replace(mail, subject=subject, headers=headers, quote="none"))
        first = threads[2][0]
        mail = self.reply(first, "auto_reply", ACKNOWLEDGED, CREW)
        headers = ("Auto-Submitted: auto-replied", "Precedence: bulk")
        sent = first.sent + timedelta(seconds=41)
        threads[2].append(replace(mail, headers=headers, quote="none", sent=sent))
        return threads

    def _bounced(self) -> list[Mail]:
        thread = self.thread(1)
        said = f"Your message to {thread[0].sender.address} could not be delivered: mailbox full."
        mail = self.reply(thread[-1], "bounce", said, DAEMON)
        headers = ("Return-Path: <>", "Auto-Submitted: auto-generated")
        subject = "Undelivered Mail Returned to Sender"
        sent = thread[-1].sent + timedelta(seconds=9)
        bounce = replace(
            mail, to=CREW, subject=subject, headers=headers, shape="report", quote="none",
            sent=sent, wrapped=False, coding=("us-ascii", "7bit"),
        )  # fmt: skip
        return [*thread, bounce]

    def _open(self) -> list[list[Mail]]:
        """Write two questions that nobody answers in the mbox."""
        return [self.thread(1)[:1], self.thread(1)[:1]]

    def dressed(self, threads: list[list[Mail]]) -> list[list[Mail]]:
        """Give some messages HTML, an attachment or a disclaimer; later ones keep quoting them."""
        plain = [i for i, thread in enumerate(threads) if len(thread) == 2]
        for i in plain[1:9]:
            threads[i] = [replace(mail, shape="alternative") for mail in threads[i]]
        for i in plain[9:11]:
            question = replace(threads[i][0], shape="html", coding=("utf-8", "quoted-printable"))
            threads[i] = [question, replace(threads[i][1], parent=question)]
        for i in plain[11:15]:
            question = threads[i][0]
            sign = question.signature or f"-- \n{question.sender.name}"
            question = replace(question, signature=f"{sign}\n\n{DISCLAIMER}", shape="plain")
            threads[i] = [question, replace(threads[i][1], parent=question)]
        question = threads[plain[15]][0]
        question = replace(question, shape="photo", said=f"{question.said}\nA photo is attached.")
        threads[plain[15]] = [question, replace(threads[plain[15]][1], parent=question)]
        # A line that begins with the word "From" must be escaped in an mbox.
        question = threads[plain[16]][0]
        said = f"{question.said}\nFrom what I read on your help pages I could not tell."
        question = replace(question, said=said, coding=("utf-8", "8bit"))
        threads[plain[16]] = [question, replace(threads[plain[16]][1], parent=question)]
        return threads


def escalations(room: Mailroom, waiting: Mail) -> dict[str, list[Mail]]:
    """Write four mails saved one by one: a pair, an answer to the mbox, and an internal one."""
    talk = room.talk
    question, answer = room.thread(1, category="warranty")
    exchange = Exchange("", waiting.rule, "", waiting.said, "")
    topic = next(t for t in talk.writer.topics if t.rule == exchange.rule)
    slots = talk.slots(waiting.sender, waiting.sent, topic.category)
    said = talk.writer.answer(topic, slots, waiting.said)
    late = room.answer(waiting, replace(exchange, answer=said))
    fern, bracken = talk.agents["fern"], talk.agents["bracken"]
    note = "[internal] escalate to T2: their second mail, please answer before the weekend."
    internal = room.reply(answer, "internal_note", note, fern)
    internal = replace(internal, to=bracken, subject=f"Fwd: {question.subject}", quote="top")
    return {
        "escalation-1.eml": [replace(question, shape="alternative")],
        "escalation-2.eml": [replace(answer, coding=("iso-8859-1", "quoted-printable"))],
        "escalation-3.eml": [late],
        "escalation-4.eml": [replace(internal, coding=("windows-1252", "base64"))],
    }


def write_mail(talk: Talk) -> tuple[dict[str, bytes], Json]:
    """Write the mbox and the ``.eml`` files; say by file what is planted in them."""
    room = Mailroom(talk)
    threads = room.dressed(room.mbox_threads())
    mails = sorted((mail for thread in threads for mail in thread), key=lambda mail: mail.sent)
    torn = room.ask(talk.exchanges(1, talk.customer(), mails[-1].sent)[0], talk.customers[-1],
                    mails[-1].sent + timedelta(hours=5))  # fmt: skip
    whole = mail_bytes(torn)
    cut = whole.index(b"MIME-Version") + 7
    stamp = f"From {torn.sender.address} {torn.sent:%a %b %d %H:%M:%S %Y}\n".encode()
    files = {"raw/mail/shed-crew-2025.mbox": mbox_bytes(mails, stamp + whole[:cut] + b"\n")}
    waiting = threads[-1][0]
    single = escalations(room, waiting)
    for name, (mail,) in single.items():
        data = mail_bytes(mail).replace(b"\n", b"\r\n")
        files[f"raw/mail/escalations/{name}"] = data
    mbox = files["raw/mail/shed-crew-2025.mbox"]
    escaped = sum(line.startswith(b">From ") for line in mbox.splitlines())
    count = Counter(mail.kind for mail in mails)
    shapes = Counter(mail.shape for mail in mails)
    truth: Json = {
        "raw/mail/shed-crew-2025.mbox": {
            "messages": len(mails) + 1, "threads": len(threads) + 1,
            "questions": count["question"], "answers": count["answer"],
            "exchanges": count["answer"], "unanswered_threads": 2,
            "auto_replies": count["auto_reply"], "bounces": count["bounce"],
            "thanks": count["thanks"], "torn_messages": 1,
            "joined_by_subject_alone": 1, "outlook_quotes": 1, "bottom_posts": 2,
            "disclaimers": 4, "escaped_from_lines": escaped, "attachments": shapes["photo"],
            "html_alternatives": shapes["alternative"], "html_only": shapes["html"],
            "torn_message_id": torn.id,
            "subject_alone_message_id": next(m.id for m in mails if m.parent and not m.linked),
            "rules": {mail.id: mail.rule for mail in mails if mail.kind == "answer"},
        },
        "raw/mail/escalations": {
            "messages": len(single), "threads": 1, "replies_to_the_mbox": 1, "exchanges": 1,
            "exchanges_with_the_mbox": 2, "internal_notes": 1,
            "answers_in_mbox": {single["escalation-3.eml"][0].id: waiting.id},
            "rules": {m.id: m.rule for (m,) in single.values() if m.kind == "answer"},
        },
    }  # fmt: skip
    return files, truth
