from __future__ import annotations

from collections import Counter
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith.clean import boilerplate
from tunesmith.clean.boilerplate import (
    BoilerplateConfig,
    RemoveBoilerplate,
    line_table,
    recurring,
)
from tunesmith.step import apply

FOOTER = "This e-mail is confidential and meant for its addressee alone."
SMALL = BoilerplateConfig(min_rows=5, min_share=0.2)


def cleaned(frame: pl.DataFrame, config: BoilerplateConfig = SMALL) -> pl.DataFrame:
    found = recurring(lambda: [line_table(part, config) for part in frame.iter_slices(7)], config)
    step = RemoveBoilerplate(
        lines=found, min_words=config.min_words, min_words_beside=config.min_words_beside
    )
    return apply([step], frame).frame


def test_a_footer_goes_and_what_stands_above_it_stays() -> None:
    rows = [{"answer": f"Answer number {n} says do the thing now.\n\n{FOOTER}\n"} for n in range(9)]
    rows += [{"answer": f"Answer {n} has no footer below its words."} for n in range(9)]
    done = cleaned(pairs(*rows))["answer"].to_list()
    assert done[:9] == [f"Answer number {n} says do the thing now." for n in range(9)]
    assert done[9:] == [row["answer"] for row in rows[9:]]


def test_case_and_spacing_do_not_matter() -> None:
    rows = [{"answer": f"Answer number {n} says do the thing.\n{FOOTER}"} for n in range(9)]
    rows += [{"answer": f"Here is one more for you.\n  {FOOTER.upper().replace(' ', '  ')}"}]
    assert cleaned(pairs(*rows))["answer"].to_list()[-1] == "Here is one more for you."


def test_a_canned_reply_is_no_boilerplate() -> None:
    canned = "Open the page of your orders.\nChoose the one to send back.\nPrint the label there."
    rows = [{"answer": f"Hello {name},\n{canned}"} for name in ["Ann", "Bo", "Cy"] * 10]
    rows += [{"answer": f"I am sorry that you had to wait so long.\n{canned}"}] * 6
    frame = pairs(*rows)
    assert cleaned(frame).equals(frame)


def test_a_row_is_never_emptied_nor_left_with_next_to_nothing() -> None:
    rows = [{"answer": f"Answer number {n} says do the thing now.\n{FOOTER}"} for n in range(9)]
    rows += [{"answer": FOOTER}, {"answer": f"Done.\n{FOOTER}"}]
    done = cleaned(pairs(*rows))["answer"].to_list()
    assert FOOTER not in done[0]
    assert done[-2:] == [FOOTER, f"Done.\n{FOOTER}"]


def test_code_and_short_lines_stay() -> None:
    block = "```\nmake all of it at once\n```"
    rows = [
        {"answer": f"Hello there,\nanswer number {n} says do the thing.\n{block}\n{FOOTER}"}
        for n in range(9)
    ]
    done = cleaned(pairs(*rows))["answer"].to_list()
    assert done[3] == f"Hello there,\nanswer number 3 says do the thing.\n{block}"


@pytest.mark.parametrize(("footers", "gone"), [(29, False), (30, True)])
def test_the_share_is_that_of_all_rows_exactly(footers, gone) -> None:
    """The first count holds a line that comes late for more frequent than it is."""
    rows = [{"answer": f"Answer number {n} says do the thing now."} for n in range(150)]
    for row in rows[len(rows) - footers :]:
        row["answer"] += f"\n{FOOTER}"
    done = cleaned(pairs(*rows))["answer"]
    assert done.str.contains(FOOTER, literal=True).sum() == (0 if gone else footers)


def test_a_source_has_its_own_boilerplate() -> None:
    rows = [
        {"source": name, "answer": f"Answer number {n} says do the thing.\n{name} {FOOTER}"}
        for n in range(9)
        for name in ("a", "b")
    ]
    rows += [{"source": "a", "answer": f"Here is one more for you.\nb {FOOTER}"}]
    done = cleaned(pairs(*rows))["answer"].to_list()
    assert all("\n" not in text for text in done[:-1])
    assert done[-1] == rows[-1]["answer"]


def test_a_line_counts_once_for_each_text() -> None:
    rows = [{"answer": f"Answer number {n} says do the thing now."} for n in range(30)]
    rows[0]["answer"] += f"\n{FOOTER}" * 20
    frame = pairs(*rows)
    assert cleaned(frame).equals(frame)


LINES = st.sampled_from([f"line of kind {n} with its words" for n in range(6)] + ["x", ""])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(LINES, max_size=5), min_size=1, max_size=30),
    st.integers(1, 9),
    st.sampled_from([1.2, 2, 10]),
)
def test_the_first_count_forgets_no_line_that_is_frequent_enough(texts, width, slack) -> None:
    config = BoilerplateConfig(min_rows=2, min_share=0.3)
    frame = pairs(*({"answer": "\n".join(lines)} for lines in texts))
    tables = [line_table(part, config) for part in frame.iter_slices(width)]
    with mock.patch.object(boilerplate, "_SLACK", slack):
        rows, maybe = boilerplate._first_count(iter(tables), config)
    assert rows == {"s": len(texts)}
    counted = Counter(line for lines in texts for line in set(lines) if len(line.split()) >= 4)
    numbers = {
        line: line_table(pairs({"answer": line, "question": None}), config)["hash"].max()
        for line in counted
    }
    for line, count in counted.items():
        if count >= max(2, 0.3 * len(texts)):
            assert numbers[line] in maybe["s"], line


def test_memory_is_bounded_by_the_share_not_by_the_rows(monkeypatch) -> None:
    config = BoilerplateConfig(min_rows=2, min_share=0.1)
    held = []
    real = boilerplate._above

    def tables():
        for part in range(40):
            lines = [f"This line number {part * 500 + n} occurs here alone." for n in range(500)]
            yield line_table(pairs(*({"answer": line, "question": None} for line in lines)), config)

    def above(counts, floor):
        kept = real(counts, floor)
        held.append(len(kept))
        return kept

    monkeypatch.setattr(boilerplate, "_above", above)
    rows, maybe = boilerplate._first_count(tables(), config)
    assert rows == {"s": 20_000}
    assert maybe == {"s": set()}
    assert len(held) == 40
    assert max(held) <= 100


def test_hashes_go_through_the_settings_and_back() -> None:
    step = RemoveBoilerplate(
        lines={"s": (boilerplate._letters(2**64 - 1), boilerplate._letters(5))}
    )
    again = RemoveBoilerplate.model_validate_json(step.model_dump_json())
    assert again._hashes["s"].tolist() == [5, 2**64 - 1]
    assert again.identity() == step.identity()


def test_real_canned_replies_are_no_boilerplate(shared_data) -> None:
    frame = pl.read_csv(
        shared_data / "bitext-support" / "canned-replies.csv", infer_schema=False
    ).head(3_000)
    rows = frame.select(question="instruction", answer="response").to_dicts()
    answers = pairs(*rows)
    assert cleaned(answers, BoilerplateConfig(min_share=0.02)).equals(answers)
