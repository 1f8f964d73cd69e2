from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunesmith.assess.gold import read_gold
from tunesmith.clean.pii.detect import Span
from tunesmith.clean.pii.labels import ALIASES, kind_of
from tunesmith.errors import SourceError

TEXT = "Ann pays with 4111111111111111"
SPANS = (Span(0, 3, "PERSON"), Span(14, 30, "CARD"))

SHAPES: dict[str, Any] = {
    "tunesmith": {
        "text": TEXT,
        "spans": [
            {"start": 0, "end": 3, "kind": "PERSON"},
            {"start": 14, "end": 30, "kind": "CARD", "value": "4111111111111111"},
        ],
    },
    "presidio-research": {
        "full_text": TEXT,
        "spans": [
            {
                "entity_type": "PERSON",
                "entity_value": "Ann",
                "start_position": 0,
                "end_position": 3,
            },
            {"entity_type": "CREDIT_CARD", "start_position": 14, "end_position": 30},
        ],
        "template_id": 7,
        "metadata": None,
    },
    "doccano": {"text": TEXT, "label": [[0, 3, "PERSON"], [14, 30, "Credit card"]]},
    "doccano entities": {
        "text": TEXT,
        "entities": [
            {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3},
            {"id": 2, "label": "credit-card", "start_offset": 14, "end_offset": 30},
        ],
    },
    "prodigy": {
        "text": TEXT,
        "spans": [
            {"start": 0, "end": 3, "label": "B-PER"},
            {"start": 14, "end": 30, "label": "CREDIT_CARD"},
        ],
    },
    "spacy": [TEXT, {"entities": [[0, 3, "PERSON"], [14, 30, "CREDIT_CARD"]]}],
    "ai4privacy": {
        "source_text": TEXT,
        "privacy_mask": [
            {"value": "Ann", "start": 0, "end": 3, "label": "GIVENNAME"},
            {"value": "4111111111111111", "start": 14, "end": 30, "label": "CREDITCARDNUMBER"},
        ],
    },
}


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "gold.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", ["lines", "array", "one row"])
def test_every_shape_is_read(tmp_path, shape, form) -> None:
    row = SHAPES[shape]
    path = tmp_path / "gold.json"
    texts = {
        "lines": f"{json.dumps(row)}\n{json.dumps(row)}\n",
        "array": json.dumps([row, row], indent=2),
        "one row": json.dumps(row),
    }
    path.write_text(texts[form], encoding="utf-8-sig")
    gold = read_gold(path)
    assert [text.number for text in gold.texts] == ([1] if form == "one row" else [1, 2])
    assert not gold.bad
    for text in gold.texts:
        assert text.text == TEXT
        assert text.spans == SPANS


BAD = {
    "the line is not JSON": '{"text": "Ann',
    "the row is not an object": 3,
    "no text (text or full_text or source_text or data)": {"spans": []},
    "no list of spans (spans or label or labels or entities or privacy_mask)": {"text": "Ann"},
    "span 1 has no start that is a whole number": {"text": "Ann", "spans": [{"end": 3, "kind": "PERSON"}]},
    "span 1 has no end that is a whole number": {"text": "Ann", "spans": [[0, 2.5, "PERSON"]]},
    "span 1 has no kind": {"text": "Ann", "spans": [{"start": 0, "end": 3}]},
    "span 1 is neither an object nor [start, end, kind]": {"text": "Ann", "spans": ["PERSON"]},
    "span 1 is [0, 4) in a text of 3 characters": {"text": "Ann", "spans": [[0, 4, "PERSON"]]},
    "span 1 is [2, 2) in a text of 3 characters": {"text": "Ann", "spans": [[2, 2, "PERSON"]]},
    "span 1 is [-1, 2) in a text of 3 characters": {"text": "Ann", "spans": [[-1, 2, "PERSON"]]},
    "span 2: its value is not what the text has at its offsets": {
        "text": "Ann", "spans": [[0, 3, "PERSON"], {"start": 0, "end": 2, "kind": "X", "value": "nn"}],
    },
}  # fmt: skip


def test_bad_rows_are_counted_with_their_reason_and_without_their_text(tmp_path) -> None:
    gold = read_gold(written(tmp_path, *BAD.values(), SHAPES["tunesmith"]))
    assert gold.bad == dict(enumerate(BAD, start=1))
    assert [text.number for text in gold.texts] == [len(BAD) + 1]
    assert "Ann" not in "".join(gold.bad.values())


def test_a_file_without_a_row_that_can_be_used_is_an_error(tmp_path) -> None:
    with pytest.raises(SourceError, match=r"none of the 1 rows can be used; row 1: no text"):
        read_gold(written(tmp_path, {"spans": []}))
    with pytest.raises(SourceError, match="holds no row"):
        read_gold(written(tmp_path, ""))
    with pytest.raises(SourceError, match="No such file"):
        read_gold(tmp_path / "none.jsonl")
    with pytest.raises(SourceError, match=r"line 2, column 1.*\n?.*breaks here|breaks here"):
        read_gold(written(tmp_path, "[", "nonsense", "]"))


def test_halves_follow_the_template_and_lose_no_row(tmp_path) -> None:
    rows = [{"text": "a", "spans": [], "template_id": number % 5} for number in range(20)]
    rows.append({"text": "a", "spans": []})  # row 21 is odd
    path = written(tmp_path, *rows, {"text": 1})
    halves = {half: read_gold(path, half=half) for half in ("odd", "even")}
    assert {text.group for text in halves["odd"].texts} == {1, 3, None}
    assert {text.group for text in halves["even"].texts} == {0, 2, 4}
    for gold in halves.values():
        assert len(gold.texts) + gold.other_half + len(gold.bad) == 22
    assert len(halves["odd"].texts) == halves["even"].other_half


def test_a_span_given_twice_is_one(tmp_path) -> None:
    row = {"text": "Ann", "spans": [[0, 3, "PERSON"], [0, 3, "PER"], [0, 3, "ORG"]]}
    (text,) = read_gold(written(tmp_path, row)).texts
    assert [span.kind for span in text.spans] == ["PERSON", "ORGANIZATION"]
    assert text.labels == ("PERSON", "ORG")


def test_the_meaning_of_a_label_can_be_given(tmp_path) -> None:
    row = {"text": "Ann", "spans": [[0, 3, "Kunde"], [0, 1, "PER"]]}
    (text,) = read_gold(written(tmp_path, row), aliases={"Kunde": "PERSON", "PER": "X"}).texts
    assert [span.kind for span in text.spans] == ["PERSON", "X"]


def test_no_label_has_two_meanings() -> None:
    assert not set(ALIASES) & set(ALIASES.values())
    assert all(kind_of(kind) == kind for kind in ALIASES.values())
    assert kind_of("I-LOC") == "LOCATION"
    assert kind_of("B") == "B"


def test_the_public_file_is_read_whole(shared_data) -> None:
    gold = read_gold(shared_data / "pii-presidio" / "synth_dataset_v2.json")
    assert len(gold.texts) == 1500
    assert sum(len(text.spans) for text in gold.texts) == 2863
    assert not gold.bad
    assert len(set(gold.groups)) == 209


def test_offsets_that_are_wrong_in_a_public_file_are_told(shared_data, tmp_path) -> None:
    """Offsets of another text than the one they are given with."""
    rows = json.loads((shared_data / "pii-presidio" / "synth_dataset_v2.json").read_bytes())[:200]
    moved = [row | {"full_text": f" {row['full_text']}"} for row in rows]
    gold = read_gold(written(tmp_path, *moved, {"text": "a", "spans": []}))
    with_spans = {number for number, row in enumerate(rows, start=1) if row["spans"]}
    assert set(gold.bad) == with_spans
