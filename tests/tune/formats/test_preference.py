from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from token_rows import PROMPT
from tunesmith.errors import SourceError, TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune.formats import IGNORED, Pair, PreferenceFormat
from tunesmith.tune.formats.preference import read_pairs

DPO = PreferenceFormat()
GOOD = {"prompt": "Why?", "chosen": "So.", "rejected": "No idea, sorry."}


def written(path: Path, *lines: object) -> Path:
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines)
    )
    return path


def test_both_answers_stand_after_the_same_prompt(encoder: ChatEncoder) -> None:
    encoded = DPO.encode(encoder, [DPO.row(GOOD, 1)], prompt=PROMPT, max_length=512)
    (row,) = encoded.rows
    asked = row["labels"].count(IGNORED)
    assert row["rejected_labels"].count(IGNORED) == asked
    assert row["input_ids"][:asked] == row["rejected_input_ids"][:asked]
    assert row["labels"][asked:] == encoder.answer_ids("So.")
    assert row["rejected_labels"][asked:] == encoder.answer_ids("No idea, sorry.")
    assert encoded.lengths == [len(row["labels"]) + len(row["rejected_labels"])]
    assert encoded.answers == [len("So.") + len("No idea, sorry.") + 2]


def test_a_pair_is_too_long_if_either_answer_is(encoder: ChatEncoder) -> None:
    pairs = [
        Pair("a", "Why?", "So.", "x" * 200),
        Pair("b", "Why?", "x" * 200, "So."),
        Pair("c", "Why?", "So.", "No."),
    ]
    encoded = DPO.encode(encoder, pairs, prompt=PROMPT, max_length=100)
    assert (encoded.too_long, len(encoded.rows)) == (2, 1)


def test_files_are_read_with_either_name_of_the_question(tmp_path: Path) -> None:
    other = {"question": "How?", "chosen": "Thus.", "rejected": "Well.", "note": 5}
    assert read_pairs(written(tmp_path / "p.jsonl", GOOD, b"", other)) == [
        Pair("p.jsonl:1", "Why?", "So.", "No idea, sorry."),
        Pair("p.jsonl:3", "How?", "Thus.", "Well."),
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"{", "line 2: this is no JSON"),
        ([1], "line 2: this is no JSON object"),
        ({**GOOD, "chosen": " "}, "line 2: chosen is missing, empty or no text"),
        ({"chosen": "So.", "rejected": "No."}, "line 2: prompt is missing"),
        ({**GOOD, "rejected": ["No."]}, "line 2: rejected is missing, empty or no text"),
        ({**GOOD, "rejected": "So. "}, "line 2: chosen and rejected are the same"),
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: object, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint) as refused:
        read_pairs(written(tmp_path / "pairs.jsonl", GOOD, line))
    assert "So." not in str(refused.value)


def test_a_file_without_pairs_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no preference pair"):
        read_pairs(written(tmp_path / "pairs.jsonl", b""))
    with pytest.raises(SourceError, match="cannot be read"):
        read_pairs(tmp_path / "none.jsonl")


def test_the_pairs_of_a_question_stay_together() -> None:
    pairs = [Pair(f"{n}-{k}", f"question {n}?", "a", "b") for n in range(60) for k in range(3)]
    train, held = PreferenceFormat(validation=0.3).deal(pairs, seed=1)
    assert len(train) + len(held) == len(pairs)
    assert {pair.question for pair in train}.isdisjoint(pair.question for pair in held)
    assert 0.15 < len(held) / len(pairs) < 0.45


def test_an_empty_answer_is_refused(encoder: ChatEncoder) -> None:
    with pytest.raises(TunesmithError, match="empty answer"):
        DPO.encode(encoder, [Pair("a", "Why?", " ", "x")], prompt=PROMPT, max_length=100)
