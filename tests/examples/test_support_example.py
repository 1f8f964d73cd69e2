"""The shipped example is what its script writes, and what its README says."""

import csv
import importlib
import io
import ipaddress
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest

SUPPORT = Path(__file__).parents[2] / "examples" / "support"
RAW = SUPPORT / "raw"
README = (SUPPORT / "README.md").read_text("utf-8")
PLANTED = json.loads((SUPPORT / "planted.json").read_text("utf-8"))


@pytest.fixture
def variety(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SUPPORT))
    return importlib.import_module("measure_variety")


def all_text() -> str:
    parts = [
        (RAW / "tickets-2025.csv").read_text("utf-8"),
        (RAW / "tickets-legacy.csv").read_text("cp1252"),
        (RAW / "chat-export.jsonl").read_text("utf-8"),
        json.dumps(pq.read_table(RAW / "crm.parquet").to_pylist(), default=str),
    ]
    return "\n".join(parts)


def test_the_script_writes_the_committed_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(SUPPORT / "make_tickets.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    for name in ("raw/tickets-2025.csv", "raw/tickets-legacy.csv", "raw/chat-export.jsonl"):
        assert (tmp_path / name).read_bytes() == (SUPPORT / name).read_bytes(), name
    assert json.loads((tmp_path / "planted.json").read_text("utf-8")) == PLANTED
    ours, theirs = tmp_path / "raw/crm.parquet", RAW / "crm.parquet"
    if pq.read_metadata(ours).created_by == pq.read_metadata(theirs).created_by:
        assert ours.read_bytes() == theirs.read_bytes()
    # Another pyarrow writes its own version into the file; the rows are the same.
    assert pq.read_table(ours).equals(pq.read_table(theirs))


def test_it_is_as_large_as_promised() -> None:
    assert PLANTED["tickets"] == sum(PLANTED["files"].values()) >= 800
    assert len(PLANTED["categories"]) == 12
    assert min(PLANTED["categories"].values()) >= 40
    pages = sorted((SUPPORT / "kb").iterdir())
    assert [sum(page.suffix == suffix for page in pages) for suffix in (".md", ".html")] == [15, 10]
    for page in pages:
        main = page.read_text("utf-8").partition("<main>")[2] or page.read_text("utf-8")
        body = re.sub(r"<[^>]+>", " ", main.partition("</main>")[0])
        assert len(body.split()) >= 60, page.name


def test_the_files_hold_the_rows_that_planted_json_counts() -> None:
    text = (RAW / "tickets-2025.csv").read_text("utf-8")
    with io.StringIO(text, newline="") as lines:
        header, *rows = csv.reader(lines)
    whole = [row for row in rows if len(row) == len(header)]
    assert (len(whole), len(rows) - len(whole)) == (PLANTED["files"]["csv"], 3)
    with io.StringIO((RAW / "tickets-legacy.csv").read_text("cp1252"), newline="") as lines:
        assert len(list(csv.reader(lines, delimiter=";"))) == PLANTED["files"]["legacy"] + 1
    with pytest.raises(UnicodeDecodeError):
        (RAW / "tickets-legacy.csv").read_text("utf-8")
    chats = (RAW / "chat-export.jsonl").read_bytes().split(b"\n")
    assert len(chats) == PLANTED["files"]["chat"] + 2
    assert sum(b"\x00" in chat for chat in chats) == 1
    with pytest.raises(json.JSONDecodeError):
        json.loads(chats[-1])
    assert pq.read_table(RAW / "crm.parquet").num_rows == PLANTED["files"]["crm"]


def test_the_readme_counts_the_defects_that_were_planted() -> None:
    said = {
        name: int(rows)
        for name, rows in re.findall(r"^\| `(\w+)` \| (\d+) \|", README, re.MULTILINE)
    }
    truth = {name: n for name, n in PLANTED["defects"].items() if ":" not in name}
    assert said == truth
    for name, count in PLANTED["defects"].items():
        if name.startswith("personal_data:"):
            assert f"{name.partition(':')[2]} {count}" in " ".join(README.split())
    sizes = (PLANTED["files"]["csv"], PLANTED["files"]["legacy"], PLANTED["files"]["chat"])
    for size in (*sizes, PLANTED["threads"], PLANTED["customers"]):
        assert re.search(rf"\b{size}\b", README), size


def test_the_readme_says_what_is_measured(variety: ModuleType) -> None:
    figures = variety.measure()
    assert variety.table(figures) in README
    assert int(figures["Rows after cleaning and removing duplicates"]) >= 800
    assert int(figures["Topics among them"]) == 60
    assert int(figures["Distinct answers"]) >= 500
    close = figures["Test questions with a training neighbour of Jaccard 0.8 or more"]
    assert float(close.split("(")[1].rstrip("%)")) < 10
    assert float(figures["Median nearest Jaccard, questions"]) < 0.5


def test_the_near_duplicates_are_as_near_as_the_readme_says(variety: ModuleType) -> None:
    rows = {row[0]: f"{row[1]} {row[2]}" for row in variety.raw_rows(RAW)}
    similarity: dict[str, list[float]] = {"exact_duplicate": [], "near_duplicate": []}
    for copy, original in PLANTED["copies"].items():
        kind = next(kind for kind in similarity if kind in PLANTED["rows"][copy])
        grams = [variety.shingles(rows[name], 5) for name in (copy, original)]
        similarity[kind].append(variety.jaccard(*grams))
    assert set(similarity["exact_duplicate"]) == {1.0}
    near = similarity["near_duplicate"]
    assert f"{sum(value >= 0.8 for value in near)} of them have a word 5-gram" in README
    assert f"the others {int(min(near) * 100) / 100} or more" in README


def test_all_personal_data_is_fictitious() -> None:
    text = all_text()
    mails = re.findall(r"@([\w.-]+\w)", re.sub(r"https?://\S+", "", text))
    assert len(mails) > 50
    assert set(mails) == {"example.com", "example.org", "example.net"}
    phones = re.findall(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b", text)
    assert len(phones) > 30
    assert all(re.search(r"555.01\d\d$", phone) for phone in phones)
    documentation = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24")]
    documentation += [ipaddress.ip_network(n) for n in ("203.0.113.0/24", "2001:db8::/32")]
    addresses = re.findall(r"\b(?:\d+\.\d+\.\d+\.\d+|2001:db8::\w+)\b", text)
    assert {ipaddress.ip_address(a).version for a in addresses} == {4, 6}
    assert all(any(ipaddress.ip_address(a) in net for net in documentation) for a in addresses)


def test_cards_and_account_numbers_pass_their_checksums(variety: ModuleType) -> None:
    slots = importlib.import_module("slots")
    assert variety.Dice is slots.Dice
    for card in slots.CARDS:
        digits = [int(d) for d in card if d.isdigit()][::-1]
        doubled = [sum(divmod(2 * d, 10)) if i % 2 else d for i, d in enumerate(digits)]
        assert sum(doubled) % 10 == 0, card
    for iban in slots.IBANS:
        compact = iban.replace(" ", "")
        assert int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1, iban
    text = all_text()
    assert sum(card in text for card in slots.CARDS) >= 4
    assert sum(iban in text for iban in slots.IBANS) >= 4


def test_every_topic_can_answer_every_question(variety: ModuleType) -> None:
    writer = importlib.import_module("ticket_writer")
    topics = writer.read_topics(SUPPORT / "texts")
    assert len(topics) == 60
    for topic in topics:
        assert len(topic.questions) == 8, topic.rule
        assert len(topic.leads) == len(topic.follows) == 4, topic.rule
        # At least one half of each kind must need nothing that the question may not have named.
        assert any("{" not in text for text in topic.leads), topic.rule
        assert any("{" not in text for text in topic.follows), topic.rule
    assert not re.search(r"\{[a-z]+\d?\}|\[[^\[\]\"]*\|", all_text().replace("[internal]", ""))
