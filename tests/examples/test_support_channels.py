"""Mail, chats, calls, documents and tables of the shipped example are what its script writes."""

import email
import json
import mailbox
import re
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

import pytest

SUPPORT = Path(__file__).parents[2] / "examples" / "support"
RAW, HANDBOOK = SUPPORT / "raw", SUPPORT / "handbook"
README = (SUPPORT / "README.md").read_text("utf-8")
TRUTH: dict[str, dict[str, Any]] = json.loads((SUPPORT / "channels.json").read_text("utf-8"))[
    "files"
]
WRITTEN = ("raw/mail", "raw/slack", "raw/calls")
BY_HAND = {"faq.html", "growing-guide.md"}
MAIL, SLACK, CHAT = TRUTH["raw/mail/shed-crew-2025.mbox"], TRUTH["raw/slack"], "raw/livechat.json"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def parsed(file: BinaryIO) -> EmailMessage:
    return email.message_from_binary_file(file, policy=default)  # type: ignore[return-value]


def mbox() -> dict[str, EmailMessage]:
    box = mailbox.mbox(RAW / "mail" / "shed-crew-2025.mbox", factory=parsed, create=False)
    try:
        messages = list(box)
    finally:
        box.close()
    assert len(messages) == MAIL["messages"]
    return {str(message["Message-ID"]): message for message in messages}  # type: ignore[misc]


def single_mails() -> dict[str, EmailMessage]:
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=default)
        for path in sorted((RAW / "mail" / "escalations").iterdir())
    ]
    return {str(mail["Message-ID"]): mail for mail in mails}  # type: ignore[misc]


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain", "html"))
    return "" if part is None else part.get_content()


def signed(text: str, rule: str) -> bool:
    return f"(Rule {rule}) Happy growing!" in " ".join(text.split())


def days() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((RAW / "slack").glob("*/*.json")):
        for message in json.loads(path.read_text("utf-8")):
            yield path.parent.name, message


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    write(folder)
    return folder


def write(folder: Path) -> None:
    command = [sys.executable, str(SUPPORT / "make_channels.py"), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def test_the_script_writes_the_committed_bytes(again: Path) -> None:
    names = {p.relative_to(again).as_posix() for p in again.rglob("*") if p.is_file()}
    committed = {
        p.relative_to(SUPPORT).as_posix()
        for folder in WRITTEN
        for p in (SUPPORT / folder).rglob("*")
        if p.is_file()
    }
    committed |= {f"handbook/{p.name}" for p in HANDBOOK.iterdir()}
    committed -= {f"handbook/{name}" for name in BY_HAND}
    assert names == committed | {"channels.json", "raw/livechat.json", "raw/shop.sqlite"}
    for name in sorted(names - {"raw/shop.sqlite"}):
        assert (again / name).read_bytes() == (SUPPORT / name).read_bytes(), name


def test_the_database_is_the_same_on_every_run(again: Path, tmp_path: Path) -> None:
    write(tmp_path)
    first, second = (folder / "raw" / "shop.sqlite" for folder in (again, tmp_path))
    assert first.read_bytes() == second.read_bytes()
    dumps = []
    for path in (first, RAW / "shop.sqlite"):
        # Which SQLite wrote the file is not told.
        assert struct.unpack(">I", path.read_bytes()[96:100]) == (3_045_001,)
        base = sqlite3.connect(path)
        dumps.append(list(base.iterdump()))
        base.close()
    assert dumps[0] == dumps[1]


def test_the_files_stay_small() -> None:
    size = sum(
        path.stat().st_size
        for folder in (*(SUPPORT / name for name in WRITTEN), HANDBOOK)
        for path in folder.rglob("*")
        if path.is_file()
    )
    size += sum((RAW / name).stat().st_size for name in ("livechat.json", "shop.sqlite"))
    assert 100_000 < size < 400_000


def test_the_mbox_holds_the_threads_that_are_counted() -> None:
    mails = mbox()
    roots: dict[str, str] = {}
    for name, mail in sorted(mails.items(), key=lambda item: len(str(item[1]["References"]))):
        parent = str(mail["In-Reply-To"] or "")
        assert not parent or parent in mails
        roots[name] = roots[parent] if parent else name
    alone = MAIL["subject_alone_message_id"]
    assert roots[alone] == alone
    subjects = {str(mails[root]["Subject"]): root for root in set(roots.values())}
    assert len(subjects) == MAIL["threads"] + MAIL["joined_by_subject_alone"]
    assert str(mails[alone]["Subject"]).removeprefix("Re: ") in subjects
    answered = {roots[name] for name in MAIL["rules"]}
    asked = {root for root in roots.values() if root != MAIL["torn_message_id"]}
    assert len(asked - answered) == MAIL["unanswered_threads"]
    assert len(MAIL["rules"]) == MAIL["answers"] == MAIL["exchanges"]
    for name, rule in MAIL["rules"].items():
        assert str(mails[name]["From"]).endswith("@brindlemoss.example>")
        assert signed(body(mails[name]), rule), name


def test_the_mbox_holds_the_mess_that_is_counted() -> None:
    mails = mbox()
    torn = mails.pop(MAIL["torn_message_id"])
    # Python takes the half header for the body, and says so.
    assert [type(defect).__name__ for defect in torn.defects] == [
        "MissingHeaderBodySeparatorDefect"
    ]
    assert body(torn).strip() == "MIME-Ve"
    assert (RAW / "mail" / "shed-crew-2025.mbox").read_bytes().endswith(b"\nMIME-Ve\n")
    submitted = Counter(str(mail["Auto-Submitted"] or "no") for mail in mails.values())
    assert submitted["auto-replied"] == MAIL["auto_replies"]
    assert submitted["auto-generated"] == MAIL["bounces"]
    kinds = Counter(mail.get_content_type() for mail in mails.values())
    assert kinds["text/html"] == MAIL["html_only"]
    assert kinds["multipart/alternative"] == MAIL["html_alternatives"]
    assert kinds["multipart/report"] == MAIL["bounces"]
    files = [part for mail in mails.values() for part in mail.iter_attachments()]
    assert Counter(part.get_filename() for part in files)["no-show.png"] == MAIL["attachments"]
    bodies = {name: body(mail) for name, mail in mails.items()}
    # What other mails quote of these begins with ">", and is not counted.
    starts = [line for text in bodies.values() for line in text.splitlines()]
    assert starts.count("-----Original Message-----") == MAIL["outlook_quotes"]
    assert sum(line.startswith("This e-mail and any") for line in starts) == MAIL["disclaimers"]
    assert sum(text.startswith("On ") for text in bodies.values()) == MAIL["bottom_posts"]
    raw = (RAW / "mail" / "shed-crew-2025.mbox").read_bytes().splitlines()
    assert sum(line.startswith(b">From ") for line in raw) == MAIL["escaped_from_lines"]
    parts = [part for mail in mails.values() for part in mail.walk() if not part.is_multipart()]
    text = [part for part in parts if part.get_content_maintype() == "text"]
    assert {part.get_content_charset() for part in text} >= {
        "us-ascii", "utf-8", "iso-8859-1", "windows-1252",
    }  # fmt: skip
    assert {part["Content-Transfer-Encoding"] for part in text} >= {
        "7bit", "8bit", "quoted-printable", "base64",
    }  # fmt: skip
    assert not [part for part in parts if part.defects]


def test_one_escalation_answers_a_thread_of_the_mbox() -> None:
    truth, mails, inbox = TRUTH["raw/mail/escalations"], single_mails(), mbox()
    assert len(mails) == truth["messages"] == 4
    replies = {str(mail["In-Reply-To"]): name for name, mail in mails.items()}
    assert {replies[name]: name for name in replies if name in inbox} == truth["answers_in_mbox"]
    waiting = next(iter(truth["answers_in_mbox"].values()))
    assert waiting not in {str(mail["In-Reply-To"]) for mail in inbox.values()}
    for name, rule in truth["rules"].items():
        assert signed(body(mails[name]), rule)
    internal = [mail for mail in mails.values() if body(mail).startswith("[internal]")]
    assert len(internal) == truth["internal_notes"] == 1
    assert str(internal[0]["To"]).endswith("@brindlemoss.example>")


def test_the_slack_export_is_counted() -> None:
    users = json.loads((RAW / "slack" / "users.json").read_text("utf-8"))
    channels = json.loads((RAW / "slack" / "channels.json").read_text("utf-8"))
    assert len(users) == SLACK["users"]
    assert {channel["name"] for channel in channels} == {p.name for p in (RAW / "slack").glob("*/")} - {
        "users.json", "channels.json",
    }  # fmt: skip
    messages = list(days())
    known = {user["id"] for user in users}
    assert all(m["user"] in known for _, m in messages if m.get("subtype") != "bot_message")
    assert len({(channel, m["ts"]) for channel, m in messages}) == SLACK["messages"]
    subtypes = Counter(message.get("subtype", "") for _, message in messages)
    assert (subtypes["bot_message"], subtypes["channel_join"]) == (
        SLACK["bot_messages"],
        SLACK["joins"],
    )
    assert sum("edited" in message for _, message in messages) == SLACK["edited_messages"]
    roots = [(c, m) for c, m in messages if m.get("thread_ts") == m["ts"]]
    assert len(roots) == SLACK["threads"] - SLACK["unanswered_threads"]
    for channel, root in roots:
        replies = [m for c, m in messages if c == channel and m.get("thread_ts") == root["ts"]]
        assert len(replies) == root["reply_count"] + 1 == len(root["replies"]) + 1
    by_place = {f"{channel}/{message['ts']}": message for channel, message in messages}
    assert len(SLACK["rules"]) == SLACK["exchanges"]
    for place, rule in SLACK["rules"].items():
        assert signed(by_place[place]["text"], rule)
    loose = [place for place in SLACK["rules"] if "thread_ts" not in by_place[place]]
    assert len(loose) == SLACK["without_thread"]


def test_the_live_chats_are_counted() -> None:
    chats = json.loads((RAW / "livechat.json").read_text("utf-8"))
    truth = TRUTH[CHAT]
    assert [chat["id"] for chat in chats] == list(truth["rules"])
    messages = [message for chat in chats for message in chat["messages"]]
    senders = Counter(message["from"] for message in messages)
    assert {f"from_{who}": n for who, n in senders.items()} == {
        name: n for name, n in truth.items() if name.startswith("from_")
    }
    assert (len(chats), len(messages)) == (truth["conversations"], truth["messages"])
    assert sum(m.get("internal", False) for m in messages) == truth["internal_notes"]
    ratings = Counter(chat.get("rating") for chat in chats)
    assert ratings[1] == truth["badly_rated"]
    assert len(chats) - ratings[None] == truth["rated"]
    for chat in chats:
        answers = [
            m["text"] for m in chat["messages"] if m["from"] == "agent" and not m.get("internal")
        ]
        rules = truth["rules"][chat["id"]]
        assert len(answers) == len(rules)
        if chat.get("rating") != 1:
            assert all(signed(text, rule) for text, rule in zip(answers, rules, strict=True))
        times = [message["at"] for message in chat["messages"]]
        assert times == sorted(times)
    assert sum(len(rules) for rules in truth["rules"].values()) == truth["exchanges"]


@pytest.mark.parametrize("name", [name for name in TRUTH if name.startswith("raw/calls/")])
def test_a_call_has_the_turns_that_are_counted(name: str) -> None:
    truth = TRUTH[name]
    data = (SUPPORT / name).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf1\r\n" if name.endswith("srt") else b"WEBVTT\n")
    cues = []
    for block in re.split(r"\n\n", data.decode("utf-8-sig").replace("\r\n", "\n")):
        head, arrow, rest = block.partition(" --> ")
        if arrow:
            time, _, words = rest.partition("\n")
            cues.append((head.splitlines()[-1].replace(",", "."), time.replace(",", "."), words))
    assert len(cues) == truth["cues"]
    assert all(start < end for start, end, _ in cues)
    assert [start for start, _, _ in cues] == sorted(start for start, _, _ in cues)
    who = {"AGENT": truth["agent"], "CUSTOMER": truth["customer"]}
    turns: list[tuple[str, str]] = []
    for _, _, words in cues:
        named = re.match(r"<v ([^>]+)>(.*?)(?:</v>)?$|([A-Z][\w-]+(?: [\w-]+)?): (.*)", words)
        speaker = (named[1] or who.get(named[3], named[3])) if named else turns[-1][0]
        said = (named[2] or named[4]) if named else words
        if turns and turns[-1][0] == speaker:
            turns[-1] = (speaker, f"{turns[-1][1]} {said}")
        else:
            turns.append((speaker, said))
    assert len(turns) == truth["turns"]
    assert {speaker for speaker, _ in turns} == {truth["agent"], truth["customer"]}
    answers = [text for _, text in turns if "That's Rule" in text]
    assert [re.findall(r"That's Rule (\w\d)\.", text)[0] for text in answers] == truth["rules"]
    fillers = re.findall(r"\b(?:um|uh|erm|you know),", " ".join(text for _, text in turns))
    assert len(fillers) == truth["fillers"]
    assert truth["exchanges"] == len(answers) == 5


def test_the_handbook_is_a_word_document_with_headings_lists_and_tables() -> None:
    truth = TRUTH["handbook/crew-handbook.docx"]
    with zipfile.ZipFile(HANDBOOK / "crew-handbook.docx") as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(2025, 4, 2, 9, 0, 0)}
        for name in archive.namelist():
            ET.fromstring(archive.read(name))
        document = ET.fromstring(archive.read("word/document.xml"))
    styles = Counter(style.get(f"{W}val", "")[:-1] for style in document.iter(f"{W}pStyle"))
    assert styles["Heading"] == truth["headings"]
    assert styles["ListBulle"] + styles["ListNumbe"] == truth["list_items"]
    assert len(list(document.iter(f"{W}tbl"))) == truth["tables"]


def test_the_price_list_has_text_and_the_scan_has_none() -> None:
    prices = (HANDBOOK / "price-list.pdf").read_bytes()
    assert prices.count(b"/Type /Page /") == TRUTH["handbook/price-list.pdf"]["pages"] == 2
    assert b"(Repair Bench" in prices.replace(b"(- ", b"(")
    scan = (HANDBOOK / "scanned-notice.pdf").read_bytes()
    assert scan.count(b"/Type /Page /") == 1
    assert b"/Subtype /Image" in scan
    assert b"/Font" not in scan
    assert b" Tj" not in scan
    for data in (prices, scan):
        start = int(re.findall(rb"startxref\n(\d+)\n%%EOF", data)[0])
        assert data[start : start + 4] == b"xref"
        for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n ", data[start:]), 1):
            assert data[int(place) :].startswith(b"%d 0 obj\n" % number)


def test_the_pages_written_by_hand_are_counted() -> None:
    faq = (HANDBOOK / "faq.html").read_text("utf-8")
    truth = TRUTH["handbook/faq.html"]
    questions = re.findall(r"<(?:h3|summary|dt)>([^<]+)<", faq)
    assert len(set(questions)) == truth["questions"] == 18
    assert all(question.endswith("?") for question in questions)
    guide = (HANDBOOK / "growing-guide.md").read_text("utf-8")
    assert len(guide.split()) == TRUTH["handbook/growing-guide.md"]["words"] > 1500
    rules = {rule for text in (faq, guide) for rule in re.findall(r"\b([A-Z]\d)\b", text)}
    topics = "".join(path.read_text("utf-8") for path in (SUPPORT / "texts").glob("*.txt"))
    assert all(f"# {rule} " in topics for rule in rules)


def test_the_tables_have_the_rows_and_gaps_that_are_counted() -> None:
    base = sqlite3.connect(RAW / "shop.sqlite")
    tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master ORDER BY rootpage")]
    rows = {name: base.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
    prices = dict(base.execute("SELECT sku, price FROM products WHERE kind = 'podlet'").fetchall())
    fees = {type(fee) for (fee,) in base.execute("SELECT fee FROM delivery_zones")}
    base.close()
    truth = TRUTH["raw/shop.sqlite"]
    assert set(tables) == set(truth) == {"plans", "products", "delivery_zones"}
    for name in tables:
        assert len(rows[name]) == truth[name]["rows"]
        assert len(rows[name]) - len(set(rows[name])) == truth[name]["duplicated_rows"]
        gaps = sum(value is None for row in rows[name] for value in row)
        assert gaps == truth[name]["missing_values"]
    usual = Counter(prices.values()).most_common(1)[0][0]
    assert {k: p for k, p in prices.items() if p != usual} == truth["products"]["outliers"]
    assert list(truth["products"]["outliers"].values()) == [usual * 10]
    assert fees == {str, type(None)}
    # The same figures as in the texts.
    assert [row[1:4] for row in rows["plans"]] == [
        ("Seedling", 4, 9.0), ("Sapling", 9, 17.0), ("Canopy", 20, 31.0),
    ]  # fmt: skip


def test_all_people_are_invented() -> None:
    texts = [body(mail) + str(mail["From"]) + str(mail["To"]) for mail in mbox().values()]
    texts += [body(mail) + str(mail["From"]) for mail in single_mails().values()]
    texts += [path.read_text("utf-8") for path in (RAW / "slack").rglob("*.json")]
    texts += [(RAW / "livechat.json").read_text("utf-8")]
    texts += [path.read_text("utf-8") for path in (RAW / "calls").iterdir()]
    text = "\n".join(texts)
    domains = set(re.findall(r"@([\w.-]+\w)", re.sub(r"<@U\w+>", "", text)))
    assert domains == {"example.com", "example.org", "example.net", "brindlemoss.example"}
    phones = re.findall(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b", text)
    assert all(re.search(r"555.01\d\d$", phone) for phone in phones)
    slots = (SUPPORT / "slots.py").read_text("utf-8")
    for phone in re.findall(r"\+\d[\d ()-]{8,}\d", text):
        assert f'"{phone}"' in slots


def test_no_customer_has_the_number_of_a_ticket_s_customer() -> None:
    chats = json.loads((RAW / "livechat.json").read_text("utf-8"))
    tickets = (RAW / "tickets-2025.csv").read_text("utf-8")
    customers = {chat["customer"] for chat in chats}
    assert len(customers) == len(chats)
    assert not customers & set(re.findall(r"C-\d+", tickets))
    assert not {chat["id"] for chat in chats} & set(re.findall(r"\bLC-\d+", tickets))


def test_the_readme_counts_what_is_planted() -> None:
    chat, calls = TRUTH[CHAT], [TRUTH[name] for name in TRUTH if name.startswith("raw/calls/")]
    shop = TRUTH["raw/shop.sqlite"]
    said = " ".join(README.split())
    for phrase in (
        f"{MAIL['messages']} messages in {MAIL['threads']} threads",
        f"{MAIL['answers']} of the messages are answers",
        f"{MAIL['auto_replies']} auto-replies",
        f"{MAIL['unanswered_threads']} unanswered threads",
        f"{MAIL['outlook_quotes']} Outlook quote, {MAIL['bottom_posts']} bottom posts",
        f"{MAIL['disclaimers']} disclaimers",
        f"{MAIL['html_only']} messages in HTML alone, {MAIL['html_alternatives']} with HTML beside",
        f"{MAIL['escaped_from_lines']} escaped lines",
        (
            f"{SLACK['users']} people, 2 channels shared with partners, {SLACK['messages']} messages "
            f"in {SLACK['day_files']} files, {SLACK['threads']} threads"
        ),
        f"{SLACK['joins']} joins, {SLACK['edited_messages']} edited message",
        f"{SLACK['without_thread']} exchanges without a thread, {SLACK['split_answers']} answers",
        f"{chat['conversations']} chats of the web shop",
        f"{chat['messages']} messages, {chat['exchanges']} of them questions that were answered",
        f"{chat['internal_notes']} internal notes",
        (
            f"{sum(call['fillers'] for call in calls)} fillers, "
            f"{sum(call['turns_over_several_cues'] for call in calls)} turns over several cues"
        ),
        (
            f"`plans` ({shop['plans']['rows']} rows), `products` ({shop['products']['rows']}), "
            f"`delivery_zones` ({shop['delivery_zones']['rows']})"
        ),
        f"{sum(table['missing_values'] for table in shop.values())} missing values",
    ):
        assert phrase in said, phrase
