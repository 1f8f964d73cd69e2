from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
import xlsxwriter
import yaml

from factory import tickets, write_csv
from tunesmith.collect.tables.template import Template
from tunesmith.errors import TunesmithError
from tunesmith.initialise import Proposal, propose
from tunesmith.initialise.answering import answering_domain
from tunesmith.recipe import check, load

EXAMPLE = Path(__file__).parents[2] / "examples" / "support"


def _proposed(folder: Path, where: Path) -> tuple[Proposal, dict[str, dict]]:
    """What is proposed for a folder; the recipe has no mistake."""
    proposal = propose(folder, recipe_folder=where)
    (where / "recipe.yaml").write_text(proposal.recipe)
    check(load(where / "recipe.yaml"))
    sources = yaml.safe_load(proposal.recipe)["sources"]
    return proposal, {source["name"]: source for source in sources}


def _letter(number: int, writer: str, answers: int | None = None) -> str:
    reply = "" if answers is None else f"In-Reply-To: <{answers}@x.example>\n"
    return (
        f"From: {writer}\nTo: z@z.example\nDate: Mon, 3 Mar 2025 10:{number:02d}:00 +0000\n"
        f"Message-ID: <{number}@x.example>\n{reply}Subject: Lamp\n\nHello {number}.\n"
    )


def test_a_folder_of_several_kinds_becomes_a_recipe_that_is_right(tmp_path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    write_csv(raw / "t.csv", tickets(30))
    for name in ("a", "b"):
        (raw / f"{name}.md").write_text("# About\n\nWhat we do with kettles.\n")
    (raw / "x.bin").write_bytes(b"\0")
    proposal, sources = _proposed(raw, tmp_path)
    assert [(one["kind"], one["path"]) for one in sources.values()] == [
        ("tickets", "raw/t.csv"), ("pages", "raw/*.md"),
    ]  # fmt: skip
    assert "2 pages → source 'pages'" in proposal.findings
    assert "1 file that no source reads: 1 .bin" in proposal.findings


def test_the_example_has_a_source_for_each_of_its_exports(tmp_path) -> None:
    proposal, sources = _proposed(EXAMPLE / "raw", tmp_path)
    kinds = sorted(source["kind"] for source in sources.values())
    assert kinds == sorted(["tickets"] * 4 + ["database"] * 3 + ["chats"] * 2 + ["mail", "calls"])
    assert sources["mail"]["agents"] == ["*@brindlemoss.example"]
    assert [Path(source["path"]).name for name, source in sources.items() if "chats" in name] == [
        "slack", "*.json",
    ]  # fmt: skip
    assert "5 mail files → source 'mail'" in proposal.findings


def test_a_table_without_answers_becomes_texts(tmp_path) -> None:
    (tmp_path / "plans.csv").write_text(
        "name,price [USD],made {for},when\nSmall plan,3,flats,2025-01-01\nLarge plan,9,halls,\n"
    )
    proposal, sources = _proposed(tmp_path / "plans.csv", tmp_path)
    source = sources["plans"]
    assert source["kind"] == "table"
    row = {"name": "Small plan", "price [USD]": "3", "when": None}
    text = Template(source["text"]).fill(row)
    assert text == "name: Small plan\nprice USD: 3"
    assert "# personal_columns: [name]   # if it names people" in proposal.recipe
    assert any("each row becomes a text" in finding for finding in proposal.findings)


def test_a_spreadsheet_and_an_array_of_objects_with_answers_are_tickets(tmp_path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    rows = tickets(12)
    with xlsxwriter.Workbook(raw / "t.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(rows[0]))
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, [str(value) for value in row.values()])
    (raw / "u.json").write_text(json.dumps(rows, default=str))
    _, sources = _proposed(raw, tmp_path)
    assert [(one["kind"], one["path"]) for one in sources.values()] == [
        ("tickets", "raw/t.xlsx"), ("tickets", "raw/u.json"),
    ]  # fmt: skip


def test_tables_of_different_columns_are_sources_of_their_own(tmp_path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a", "b"):
        write_csv(raw / f"{name}.csv", tickets(12))
    (raw / "c.csv").write_text("plan,fee\nsmall,3\n")
    _, sources = _proposed(raw, tmp_path)
    assert sorted(source["path"] for source in sources.values()) == [
        "raw/a.csv", "raw/b.csv", "raw/c.csv",
    ]  # fmt: skip


def test_each_table_of_a_database_is_a_source(tmp_path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute('CREATE TABLE "odd \'name" (sku TEXT PRIMARY KEY, fee REAL, email TEXT)')
        database.execute("INSERT INTO \"odd 'name\" VALUES ('a', 3.5, 'a@b.example')")
        database.execute(
            "CREATE TABLE faq (id INTEGER PRIMARY KEY AUTOINCREMENT, question, answer)"
        )
        database.execute("INSERT INTO faq (question, answer) VALUES ('Why is it so?', 'It is so')")
        database.execute("CREATE TABLE empty (a)")
    database.close()
    proposal, sources = _proposed(tmp_path / "shop.db", tmp_path)
    assert {source["table"] for source in sources.values()} == {"odd 'name", "faq"}
    assert sources["faq"]["question"] == "{question}"
    assert sources["faq"]["answer"] == "{answer}"
    assert sources["odd-name"]["personal_columns"] == ["email"]
    assert sources["odd-name"]["key"] == ["sku"] or sources["odd-name"]["key"] == "sku"
    assert {source["url"] for source in sources.values()} == {"sqlite:///shop.db"}
    assert "shop.db: 1 table without a row or a column to tell" in proposal.findings


def test_who_answers_is_guessed_only_where_most_answers_come_from_one_domain(tmp_path) -> None:
    def files(*answering: str) -> list[Path]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for number, writer in enumerate(answering):
            (folder / f"{number}.eml").write_text(_letter(number + 1, writer, answers=0))
        (folder / "q.eml").write_text(_letter(0, "c@customer.example"))
        return sorted(folder.iterdir())

    assert answering_domain(files(*["a@shop.example"] * 3, "c@customer.example")) == "shop.example"
    assert answering_domain(files("a@shop.example", "b@other.example", "c@third.example")) is None
    assert answering_domain(files(*["a@gmail.com"] * 5)) is None
    assert answering_domain(files()) is None


def test_findings_hold_nothing_of_the_content(tmp_path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "t.csv").write_text("question,answer\n" + "zebra asks why,zebra answers so\n" * 9)
    (raw / "p.csv").write_text("plan,fee\nzebra,3\n")
    (raw / "m.eml").write_text(_letter(1, "zebra@zebra.example").replace("Hello", "zebra"))
    (raw / "c.log").write_text("[10:01] <zebra> zebra\n[10:02] <bea> hi\n" * 3)
    proposal, sources = _proposed(raw, tmp_path)
    assert len(sources) == 4
    assert "zebra" not in " ".join(proposal.findings)
    assert "zebra" not in proposal.recipe


def test_what_lies_beside_the_recipe_is_named_without_the_runs(tmp_path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text("# About\n\nKettles.\n")
    (tmp_path / "runs" / "x").mkdir(parents=True)
    (tmp_path / "runs" / "x" / "report.html").write_text("<html></html>")
    _, sources = _proposed(tmp_path, tmp_path)
    assert [source["path"] for source in sources.values()] == ["*.md"]


def test_a_folder_of_nothing_that_is_read_is_an_error(tmp_path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\0")
    with pytest.raises(TunesmithError, match="nothing here can be read"):
        propose(tmp_path, recipe_folder=tmp_path)
    with pytest.raises(TunesmithError, match="no such file"):
        propose(tmp_path / "absent", recipe_folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("company-policies-basecamp", {"pages"}), ("spamassassin-email", {"mail", "pages"}),
        ("zoom-transcripts-ethereum", {"calls", "chats", "pages", "table"}),
        ("ubuntu-irc", {"chats", "pages"}),
    ],
)  # fmt: skip
def test_public_data_gets_its_sources(shared_data, tmp_path, name, kinds) -> None:
    _, sources = _proposed(shared_data / name, tmp_path)
    assert {source["kind"] for source in sources.values()} == kinds
