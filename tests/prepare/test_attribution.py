from __future__ import annotations

import json

import polars as pl
import yaml

from factory import recipe, tickets, write_csv
from tunesmith.collect import TicketSource
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

BODY = (
    "You may send a kettle back within thirty days of its delivery, in the box that it came in. "
    "Print the label from your account, tie the flex so that it cannot be caught, and take the "
    "parcel to any counter of our carrier. We look at what comes in every weekday morning; the "
    "money is with you four days later. A lamp with a broken shade need not travel: send a picture "
    "of the damage instead, and we replace the shade alone."
)


def _page(folder, name, about, text=BODY) -> None:
    (folder / "pages").mkdir(exist_ok=True)
    lines = "".join(f"{key}: {value}\n" for key, value in about.items())
    (folder / "pages" / name).write_text(f"---\n{lines}---\n\n# About\n\n{text}\n")


def _made(tmp_path, **settings):
    write_csv(tmp_path / "t.csv", tickets(40))
    path = recipe(tmp_path, {"path": "t.csv"}, check={"language_id": False}, **settings)
    text = path.read_text().replace(
        "sources:\n", "sources:\n- {name: pages, kind: pages, path: pages}\n"
    )
    path.write_text(text)
    return prepare(load(path), tmp_path / "out", SilentProgress())


def test_what_asks_for_attribution_gets_it(tmp_path) -> None:
    _page(tmp_path, "a.md", {"license": "CC-BY-SA-4.0", "title": "Returns *now*",
                             "url": "https://example.org/wiki/Returns", "author": "Jane Doe"})  # fmt: skip
    other = BODY.replace("kettle", "mirror").replace("lamp", "clock")
    _page(tmp_path, "b.md", {"license": "CC-BY-NC-4.0", "title": "Refused"}, other)
    made = _made(tmp_path)
    words = (tmp_path / "out" / "export" / "ATTRIBUTION.md").read_text()
    assert "[CC-BY-SA-4.0](https://creativecommons.org/licenses/by-sa/4.0/)" in words
    assert "Share-alike" in words
    assert "- [Returns \\*now\\*](<https://example.org/wiki/Returns>), from pages: 1 row" in words
    assert "Jane" not in words
    assert "Refused" not in words
    told = json.loads((tmp_path / "out" / "export" / "ATTRIBUTION.json").read_text())
    assert [row["rows"] for row in told["rows"]] == [1]
    assert told["licenses"][0]["share_alike"] is True
    gone = made.removed.filter(pl.col("step") == "licenses")
    assert gone["file"].to_list() == ["pages/b.md"]
    assert {(row["license"], row["credited"]) for row in made.licenses} == {
        ("own", False), ("CC-BY-SA-4.0", True),
    }  # fmt: skip
    assert sum(row["rows"] for row in made.licenses) == made.counts["kept"]


def test_a_dataset_of_ones_own_says_so(tmp_path) -> None:
    _page(tmp_path, "a.md", {"title": "Returns"})
    _made(tmp_path)
    words = (tmp_path / "out" / "export" / "ATTRIBUTION.md").read_text()
    assert "Nothing in this dataset asks for attribution." in words


def test_a_refused_row_never_stands_for_another(tmp_path) -> None:
    """Of two pages that say the same, the one that may be used stays, though it comes later."""
    _page(tmp_path, "a.md", {"license": "CC-BY-NC-4.0"})
    _page(tmp_path, "b.md", {"license": "CC0-1.0"})
    made = _made(tmp_path)
    kept = made.frame.filter(pl.col("kind") == "document")
    assert kept["file"].to_list() == ["pages/b.md"]


def test_pages_of_the_companys_own_wiki_need_none(tmp_path) -> None:
    page = "<page><title>T</title><ns>0</ns><id>1</id><revision><id>1</id><text>{}</text></revision></page>"
    (tmp_path / "wiki.xml").write_text(f"<mediawiki>{page.format(BODY)}</mediawiki>")
    for own, reasons in ((False, ["the licence is not known"]), (True, [])):
        path = recipe(tmp_path, {"path": "t.csv"})
        write_csv(tmp_path / "t.csv", tickets(20))
        given = yaml.safe_load(path.read_text())
        given["sources"].append(
            {"name": "wiki", "kind": "wikipedia", "path": "wiki.xml", "own": own}
        )
        path.write_text(yaml.safe_dump(given))
        made = prepare(load(path), tmp_path / f"out-{own}", SilentProgress())
        assert made.ledger.filter(source="wiki", fate="dropped")["reason"].to_list() == reasons


def test_rows_from_outside_need_a_licence(tmp_path, monkeypatch) -> None:
    _page(tmp_path, "a.md", {"license": "CC0-1.0"})
    monkeypatch.setattr(TicketSource, "outside", True)
    made = _made(tmp_path, licenses={"unknown": "keep"})
    assert made.frame.filter(pl.col("kind") == "qa").height > 0
    made = _made(tmp_path, licenses={"unknown": "drop"})
    assert made.frame.filter(pl.col("kind") == "qa").height == 0
    reasons = made.removed.filter(pl.col("source") == "tickets")["reason"].unique()
    assert reasons.to_list() == ["the licence is not known"]
