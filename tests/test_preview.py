from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from factory import recipe, tickets, write_csv
from tunesmith import preview as module
from tunesmith.cli import cli
from tunesmith.errors import TunesmithError
from tunesmith.preview import excerpt, lengths_of_what_changes, preview
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

PERSONAL = ("jane", "example.com", "555", "0100")


@pytest.fixture
def project(tmp_path) -> Path:
    rows = tickets(40)
    rows[3]["question"] = "<p>Hello,   it is  jane.doe&#64;example.com   who asks.</p>"
    rows[4]["question"] = (
        "My mail is jane@exam\u200bple.com,  call 212-\u200b555-0100 \x1b[31m please."
    )
    rows[5]["answer"] = "We wrote to jane@example.com and to nobody else about it."
    write_csv(tmp_path / "t.csv", rows)
    return recipe(tmp_path, {"path": "t.csv"})


def shown(path: Path, what: str, limit: int = 20) -> module.Preview:
    return preview(load(path), what, limit, SilentProgress())


def test_pairs_come_most_changed_first_and_nothing_is_written(project) -> None:
    there = sorted(project.parent.rglob("*"))
    done = shown(project, "clean")
    assert sorted(project.parent.rglob("*")) == there
    assert (done.rows, done.looked_at, done.changed_rows) == (40, 40, 2)
    assert [pair.line for pair in done.pairs] == [5, 6]
    letters = [pair.changed_letters for pair in done.pairs]
    assert letters == sorted(letters, reverse=True)
    assert done.pairs[0].after == "Hello, it is [EMAIL] who asks."
    assert "html" in done.pairs[0].notes
    assert len(shown(project, "clean", 1).pairs) == 1


@pytest.mark.parametrize(
    "what", ["clean", "html", "control_characters", "whitespace", "mask_personal_data"]
)
def test_no_personal_data_is_shown(project, what) -> None:
    done = shown(project, what)
    assert done.pairs
    for pair in done.pairs:
        for words in PERSONAL:
            assert words not in pair.before.replace("\u200b", ""), pair
            assert words not in pair.after, pair


def test_masking_shows_kinds_and_lengths(project) -> None:
    pairs = {pair.line: pair for pair in shown(project, "mask_personal_data").pairs}
    assert pairs[7].before == "We wrote to <16 letters> and to nobody else about it."
    assert pairs[7].after == "We wrote to [EMAIL] and to nobody else about it."
    assert pairs[7].notes == ["EMAIL×1"]


def test_a_stage_goes_by_its_setting_as_well(project) -> None:
    assert shown(project, "personal_data").pairs == shown(project, "mask_personal_data").pairs
    with pytest.raises(TunesmithError, match="'quotes'"):
        shown(project, "quotes")
    recipe(project.parent, {"path": "t.csv"}, clean={"quotes": "straighten"})
    assert shown(project, "quotes").pairs == shown(project, "punctuation").pairs


def test_a_step_that_is_not_on_is_named_as_such(project) -> None:
    with pytest.raises(TunesmithError, match="mojibake, html"):
        shown(project, "signatures")


def test_of_many_rows_a_seeded_sample_is_looked_at(project, monkeypatch) -> None:
    monkeypatch.setattr(module, "SAMPLE_ROWS", 10)
    first, again = shown(project, "clean"), shown(project, "clean")
    assert (first.rows, first.looked_at) == (40, 10)
    assert first == again


def test_boilerplate_is_counted_in_the_sample(tmp_path) -> None:
    rows = tickets(60)
    for row in rows:
        row["answer"] += "\n\nThis message is meant for its addressee alone."
    write_csv(tmp_path / "t.csv", rows)
    path = recipe(tmp_path, {"path": "t.csv"}, clean={"boilerplate": True})
    done = shown(path, "boilerplate", 1)
    assert done.changed_rows == 60
    assert done.pairs[0].after == rows[done.pairs[0].line - 2]["answer"].split("\n")[0]


def test_the_terminal_says_what_goes_and_what_comes(project) -> None:
    done = CliRunner().invoke(cli, ["prepare", str(project), "--preview", "clean", "--quiet"])
    assert done.exit_code == 0
    assert "[-<p>-]Hello," in done.output
    assert "[PERSONAL DATA]" in done.output
    assert "{+ [EMAIL] +}" in done.output
    assert "\x1b" not in done.output
    assert r"\x1b" in done.output
    assert "all 40 rows" in done.output
    done = CliRunner().invoke(
        cli, ["prepare", str(project), "--preview", "html", "--quiet", "--json"]
    )
    assert json.loads(done.output)["what"] == "html"


def test_long_texts_are_shown_around_their_first_change() -> None:
    before, after = "a" * 50_000 + "  b" * 9_000, "a" * 50_000 + " b" * 9_000
    old, new, cut = excerpt(before, after)
    assert cut
    assert old.startswith("a" * 100)
    assert "b" in new
    assert len(old) <= module.SHOWN_LETTERS
    assert excerpt("a  b", "a b") == ("a  b", "a b", False)


def test_lengths_take_the_place_of_what_changes() -> None:
    assert lengths_of_what_changes("call 12 34 now", "call [PHONE] now") == "call <5 letters> now"
