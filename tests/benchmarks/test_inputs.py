"""What the benchmarks work on."""

from __future__ import annotations

import json

import pytest

from benchmarks.inputs import shared_data, texts_of, tickets, write_tickets
from benchmarks.kernels import encoding, languages, masking, near


@pytest.fixture
def _without_public_data(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TUNESMITH_SHARED_DATA", str(tmp_path / "nowhere"))


def rows(path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_variable_names_the_folder(monkeypatch, tmp_path) -> None:
    (tmp_path / "language-id").mkdir()
    monkeypatch.setenv("TUNESMITH_SHARED_DATA", str(tmp_path))
    assert shared_data("language-id") == tmp_path / "language-id"
    assert shared_data("bitext-support/tickets.csv") is None


def test_both_files_have_the_same_rows(tmp_path) -> None:
    path = tmp_path / "tickets.jsonl"
    size = write_tickets(path, 500)
    pairs, texts = rows(path), rows(texts_of(path))
    assert size == path.stat().st_size
    assert len(pairs) == len(texts) == 500
    assert [row["id"] for row in pairs] == [row["id"] for row in texts]
    for pair, text in zip(pairs, texts, strict=True):
        assert text["text"] == f"{pair['question']}\n\n{pair['answer']}"
    planted = sum("example.com" in row["question"] or "212-555" in row["question"]
                  or "4111" in row["question"] for row in pairs)  # fmt: skip
    assert planted >= 500 // 8
    write_tickets(tmp_path / "again.jsonl", 500)
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("_without_public_data")
def test_without_public_data_everything_is_made(tmp_path) -> None:
    what, found = tickets()
    assert "example" in what
    assert len(found) > 400
    assert all(row["question"].strip() and row["answer"].strip() for row in found)
    told, lines = languages.sentences()
    assert told.startswith("made")
    assert {name for _, name in lines} == {locale[:2] for locale in languages.FAKED}
    told, path, half = masking.gold(tmp_path)
    assert half is None
    assert path.exists()
    told, texts = near.documents(tmp_path, most=200)
    assert len(texts) == 200
    told, path = encoding.prepared(tmp_path, most=200)
    assert len(json.loads(path.read_text(encoding="utf-8"))) == 200


def test_made_labels_are_where_they_say(tmp_path) -> None:
    found = rows(masking.made(tmp_path / "gold.jsonl", 300))
    spans = [(row["text"][span["start"] : span["end"]], span["kind"])
             for row in found for span in row["spans"]]  # fmt: skip
    assert {kind for _, kind in spans} == {
        "PERSON", "PHONE", "EMAIL", "CARD", "IBAN", "IP_ADDRESS", "ADDRESS", "SSN"
    }  # fmt: skip
    assert all("@" in text for text, kind in spans if kind == "EMAIL")
    assert all(text.count(".") == 3 for text, kind in spans if kind == "IP_ADDRESS")
    assert not any("{" in row["text"] or "}" in row["text"] for row in found)
