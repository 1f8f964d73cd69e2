from __future__ import annotations

import csv
from pathlib import Path

import yaml

from tunesmith.initialise import propose
from tunesmith.initialise.guess import guess_columns
from tunesmith.recipe import check, load

EXAMPLE = Path(__file__).parents[2] / "examples" / "support"


def test_columns_are_told_by_their_names() -> None:
    rows = [
        {"ticket_id": "1", "created_at": "2025-01-01", "subject": "Lamp", "description": "It is broken today",
         "resolution": "We send another one", "category": "x", "requester_name": "Jane Roe", "tags": "a,b"}
    ]  # fmt: skip
    guess = guess_columns(list(rows[0]), rows)
    assert guess.columns == {
        "answer": "resolution", "question": ["subject", "description"], "category": "category",
        "timestamp": "created_at", "customer": "requester_name", "id": "ticket_id", "labels": "tags",
    }  # fmt: skip
    assert guess.personal == []


def test_other_columns_that_name_a_person_are_personal() -> None:
    rows = [{"question": "why is it so?", "answer": "because it is so", "customer_id": "7",
             "customer_email": "a@example.com", "home_phone": "555-0100", "colour": "red"}]  # fmt: skip
    guess = guess_columns(list(rows[0]), rows)
    assert guess.personal == ["customer_email", "home_phone"]


def test_columns_without_telling_names_are_told_by_their_content() -> None:
    rows = [
        {"f1": f"Where is parcel number {n} of mine?", "f2": "It left the depot this morning and comes to you "
         f"by {n} o'clock.", "f3": f"2025-01-{n:02d}", "f4": f"user{n}@example.com"}
        for n in range(10, 20)
    ]  # fmt: skip
    guess = guess_columns(list(rows[0]), rows)
    assert guess.columns == {"answer": "f2", "question": "f1", "timestamp": "f3"}
    assert guess.personal == ["f4"]


def test_the_proposed_recipe_of_the_example_is_right(tmp_path) -> None:
    proposal = propose(EXAMPLE / "raw", recipe_folder=tmp_path)
    path = tmp_path / "recipe.yaml"
    path.write_text(proposal.recipe)
    loaded = load(path)
    check(loaded)
    proposed = {
        Path(s.path).name: s.columns.mapped() for s in loaded.recipe.sources if s.kind == "tickets"
    }
    written = yaml.safe_load((EXAMPLE / "recipe.yaml").read_text())
    for source in written["sources"]:
        if source["kind"] != "tickets":
            continue
        expected = {k: [v] if isinstance(v, str) else v for k, v in source["columns"].items()}
        assert proposed[Path(source["path"]).name] == expected, source["name"]


def test_the_bitext_columns(shared_data) -> None:
    with (shared_data / "bitext-support" / "tickets.csv").open(encoding="utf-8") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(300), strict=False)]
    guess = guess_columns(list(rows[0]), rows)
    assert (guess.columns["question"], guess.columns["answer"]) == ("instruction", "response")
    assert guess.columns["category"] == "category"


def test_a_pages_folder_gets_a_pages_source(tmp_path) -> None:
    proposal = propose(EXAMPLE / "kb", recipe_folder=tmp_path)
    assert yaml.safe_load(proposal.recipe)["sources"][0]["kind"] == "pages"
