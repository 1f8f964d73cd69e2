"""The quality families against datatrove 0.10.1 (GopherQualityFilter, GopherRepetitionFilter,
C4QualityFilter, FineWebQualityFilter), whose own functions gave the figures below on these texts."""

from __future__ import annotations

import itertools
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from factory import pairs
from tunesmith import ledger
from tunesmith.check import CheckConfig
from tunesmith.check.c4 import c4_figures
from tunesmith.check.counts import fineweb_figures, gopher_figures, tokens
from tunesmith.check.families import (
    C4,
    STOP_WORDS,
    DocumentFamilies,
    FineWeb,
    Gopher,
    PairC4,
    PairFamilies,
    PairFineWeb,
    PairGopher,
)
from tunesmith.step import apply

GOOD = """\
Returns are free within thirty days of delivery. Pack the lamp in its own box and put the label on the outside.

Take the parcel to any post office, and keep the receipt that they give you. We send the money back to your card as soon as the box has reached our store.

Was the lamp broken when it came? Then write to us with a picture of it. We will send a new one at once, and you need not send the old one back."""

MENU = """\
# Shop
- Lamps...
- Rugs...
- Lamps...
• Chairs…

# Shop
- Lamps...
- Rugs...

Prices have been the same to all of us, and that is the end of it"""

LOOP = """\
Press the green button and wait for the light. Press the green button and wait for the light.
Press the green button and wait for the light. Then the pump starts to run.
Press the green button and wait for the light. Then the pump starts to run.

Clean the filter with cold water.

Clean the filter with cold water.

Clean the filter with cold water."""

CODE = """\
To use the shop you accept our terms of use and our privacy policy.
Please turn on JavaScript in your browser to see the prices.
The address is made of {street} and {town} as you wrote it.
See the order of steps in the list.[12]
Short line.
This line has no end
We said "so be it." Did it work? It did! He waited... and then it worked at 10:30 for A. Smith, e.g. on Monday."""

# Left out is what differs on purpose: grams that occur once (no repetition here), a bullet that counts
# as a word, abbreviations (`e.g.`) that spaCy knows.
DATATROVE_GOPHER = [
    (
        GOOD,
        {
            "words": 87,
            "mean_word_chars": 3.632184,
            "hash_ratio": 0.0,
            "ellipsis_ratio": 0.0,
            "bullet_lines": 0.0,
            "ellipsis_lines": 0.0,
            "alphabetic_tokens": 0.90625,
            "stop_words": 6,
            "dup_lines": 0.0,
            "dup_line_chars": 0.0,
            "dup_paragraphs": 0.0,
            "dup_paragraph_chars": 0.0,
            "top_2_gram": 0.038741,
            "dup_5_grams": 0.0,
            "dup_6_grams": 0.0,
            "dup_7_grams": 0.0,
            "dup_8_grams": 0.0,
            "dup_9_grams": 0.0,
            "dup_10_grams": 0.0,
        },
    ),
    (
        MENU,
        {
            "hash_ratio": 0.051282,
            "ellipsis_ratio": 0.153846,
            "bullet_lines": 0.545455,
            "ellipsis_lines": 0.545455,
            "alphabetic_tokens": 0.615385,
            "stop_words": 6,
            "dup_lines": 0.444444,
            "dup_line_chars": 0.243056,
            "dup_paragraphs": 0.0,
            "dup_paragraph_chars": 0.0,
            "top_2_gram": 0.145833,
            "top_3_gram": 0.229167,
            "top_4_gram": 0.194444,
            "dup_5_grams": 0.097222,
            "dup_6_grams": 0.104167,
            "dup_7_grams": 0.131944,
            "dup_8_grams": 0.152778,
            "dup_9_grams": 0.0,
            "dup_10_grams": 0.0,
        },
    ),
    (
        LOOP,
        {
            "words": 66,
            "mean_word_chars": 4.136364,
            "hash_ratio": 0.0,
            "ellipsis_ratio": 0.0,
            "bullet_lines": 0.0,
            "ellipsis_lines": 0.0,
            "alphabetic_tokens": 0.88,
            "stop_words": 4,
            "dup_lines": 0.5,
            "dup_line_chars": 0.402857,
            "dup_paragraphs": 0.5,
            "dup_paragraph_chars": 0.188571,
            "top_2_gram": 0.102857,
            "top_3_gram": 0.171429,
            "top_4_gram": 0.251429,
            "dup_5_grams": 0.542857,
            "dup_6_grams": 0.465714,
            "dup_7_grams": 0.465714,
            "dup_8_grams": 0.431429,
            "dup_9_grams": 0.48,
            "dup_10_grams": 0.431429,
        },
    ),
    (
        CODE,
        {
            "hash_ratio": 0.0,
            "bullet_lines": 0.0,
            "ellipsis_lines": 0.0,
            "stop_words": 5,
            "dup_lines": 0.0,
            "dup_line_chars": 0.0,
            "dup_paragraphs": 0.0,
            "dup_paragraph_chars": 0.0,
            "top_2_gram": 0.021448,
            "dup_5_grams": 0.0,
            "dup_6_grams": 0.0,
            "dup_7_grams": 0.0,
            "dup_8_grams": 0.0,
            "dup_9_grams": 0.0,
            "dup_10_grams": 0.0,
        },
    ),
]
DATATROVE_FINEWEB = [
    (
        GOOD,
        {"terminal_lines": 1.0, "short_lines": 0.0, "dup_chars": 0.0, "newline_ratio": 0.041667},
    ),
    (
        MENU,
        {
            "terminal_lines": 0.555556,
            "short_lines": 0.888889,
            "dup_chars": 0.261194,
            "newline_ratio": 0.25641,
        },
    ),
    (
        LOOP,
        {
            "terminal_lines": 1.0,
            "short_lines": 0.0,
            "dup_chars": 0.412281,
            "newline_ratio": 0.106667,
        },
    ),
    (CODE, {"terminal_lines": 0.714286, "short_lines": 0.285714, "dup_chars": 0.0}),
]


def page(text: str | None, **fields: object) -> dict[str, object]:
    return {"kind": "document", "question": None, "answer": None, "text": text} | fields


def reason(step, *rows) -> list[str | None]:
    frame = pairs(*rows)
    gone = dict(apply([step], frame).fates.select("id", "reason").iter_rows())
    return [gone.get(name) for name in frame["id"]]


@pytest.mark.parametrize(("text", "figures"), DATATROVE_GOPHER)
def test_gopher_counts_as_datatrove_does(text, figures) -> None:
    mine = gopher_figures(pl.Series(["before", text]), STOP_WORDS).row(1, named=True)
    assert {name: mine[name] for name in figures} == pytest.approx(figures, abs=1e-6)


@pytest.mark.parametrize(("text", "figures"), DATATROVE_FINEWEB)
def test_fineweb_counts_as_datatrove_does(text, figures) -> None:
    mine = fineweb_figures(pl.Series(["before", text]), 30).row(1, named=True)
    assert {name: mine[name] for name in figures} == pytest.approx(figures, abs=1e-6)


def test_decisions_are_datatroves() -> None:
    rows = [page(text, language="en") for text in (GOOD, MENU, LOOP)]
    assert reason(Gopher(), *rows) == [
        None,
        "Gopher: too few words",  # gopher_short_doc
        "Gopher: duplicate lines (share)",  # dup_para_frac, which datatrove asks first
    ]
    rows.append(page(CODE))
    assert reason(C4(), *rows) == [
        None,
        "C4: too few sentences in good lines",  # too_few_sentences
        None,
        "C4: a curly bracket (lines)",  # curly_bracket
    ]
    assert reason(FineWeb(), *rows) == [
        None,
        "FineWeb: too many short lines (share)",  # short_line_ratio
        "FineWeb: duplicate lines (share of letters)",  # char_dup_ratio
        None,
    ]


def test_the_ledger_names_rule_value_and_threshold() -> None:
    fates = apply([FineWeb(max_short_lines=0.5)], pairs(page(MENU))).fates
    assert fates.select("step", "fate", "value", "threshold").row(0) == (
        "fineweb", "dropped", pytest.approx(8 / 9), 0.5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It isn't well-known, is it?", 10),
        ("at 10:30 we paid 3.50 for a_b", 7),
        ("see https://x.example/a-b?c=1 now...", 4),
        ("-- wait ----", 3),
        ("返品したい", 5),
        ("ขอคืน", 4),  # a mark goes with its letter
        ("", 0),
        ("  \n ", 0),
        ("😀😀", 2),
    ],
)
def test_words_and_signs(text, count) -> None:
    assert tokens(text) == count


def shares(words: list[str], lines: list[str]) -> dict[str, float]:
    """Table A1 written down again, after datatrove's functions, for words that spaces part."""
    size = len("\n".join(lines))
    said: dict[str, float] = {}
    for n in (2, 3, 4):
        grams = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
        gram, times = grams.most_common(1)[0] if grams else ("", 0)
        said[f"top_{n}_gram"] = len(gram) * times / size if times > 1 else 0
    for n in range(5, 11):
        seen, letters, place = set(), 0, 0
        while place < len(words) - n + 1:
            gram = " ".join(words[place : place + n])
            if gram in seen:
                letters += len(gram) - n + 1
                place += n
            else:
                seen.add(gram)
                place += 1
        said[f"dup_{n}_grams"] = letters / size
    full = [line for line in lines if line]
    again = [line for place, line in enumerate(full) if line in full[:place]]
    blocks = ["\n".join(block) for there, block in itertools.groupby(lines, key=bool) if there]
    repeated = [block for place, block in enumerate(blocks) if block in blocks[:place]]
    said["dup_lines"] = len(again) / len(full)
    said["dup_line_chars"] = sum(map(len, again)) / size
    said["dup_paragraphs"] = len(repeated) / len(blocks)
    said["dup_paragraph_chars"] = sum(map(len, repeated)) / size
    return said


WORD = st.sampled_from(["a", "bé", "the", "X", "pay"])
LINES = st.lists(st.lists(WORD, max_size=6).map(" ".join), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_repetition_is_that_of_the_table(lines) -> None:
    text = "\n".join(lines)
    if not text.split():
        return
    while lines and not lines[-1]:
        lines = lines[:-1]
    text = "\n".join(lines)
    expected = shares(text.split(), lines)
    mine = gopher_figures(pl.Series(["pay pay pay pay the X", text]), STOP_WORDS).row(1, named=True)
    assert {name: mine[name] for name in expected} == pytest.approx(expected)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.none() | st.text(max_size=60), max_size=6))
def test_any_text_has_figures_and_no_row_is_lost(texts) -> None:
    rows = pairs(*(page(text) for text in texts), {"answer": "It is on its way."})
    for step in (Gopher(), C4(bad_words=("x",)), FineWeb(), PairGopher(), PairC4(), PairFineWeb()):
        outcome = apply([step], rows)
        assert sorted([*outcome.frame["id"], *outcome.fates["id"]]) == sorted(rows["id"])
        alone = [apply([step], rows[[place]]).frame.height for place in range(rows.height)]
        assert sum(alone) == outcome.frame.height  # a row's fate is its own
    figures = gopher_figures(pl.Series(texts, dtype=pl.String), STOP_WORDS)
    assert figures.height == len(texts)
    assert all(value >= 0 for column in figures.iter_columns() for value in column)


def test_rules_are_judged_by_kind_and_language() -> None:
    short = {"answer": "Ok ok."}
    assert reason(Gopher(), short, page("Ok ok.")) == [None, "Gopher: too few words"]
    german = " ".join(
        f"Wir haben Ihre Lampe Nummer {n} gefunden und schicken {n} Stück." for n in "abcdefgh"
    )
    loose = {name: None for name in Gopher.model_fields if name.startswith("max_")}
    assert reason(Gopher(**loose), page(german, language="en"), page(german, language="de")) == [
        "Gopher: too few stop words",
        None,
    ]
    chinese = "返品したいのですがどうすればよいですか。" * 6
    assert reason(Gopher(**loose, min_alphabetic_words=None), page(chinese, language="ja")) == [
        None
    ]


def test_signs_are_words_only_when_asked() -> None:
    linked = page("\n".join(["* [Refund](#refund-policy) * [Terms](/terms)"] * 3 + ["| a | b |"] * 3), language="de")  # fmt: skip
    loose = {
        name: None for name in Gopher.model_fields if name.startswith(("max_", "min_w", "min_m"))
    }
    assert reason(Gopher(**loose), linked) == [None]
    assert reason(Gopher(**loose, signs_are_words=True), linked) == [
        "Gopher: too few words with a letter (share)"
    ]
    numbers = page("1 2 3 4 5 6 7 8 9 ten")
    assert reason(Gopher(**loose), numbers) == ["Gopher: too few words with a letter (share)"]


def sentences(text: str, **settings: object) -> int:
    plain = {"terminal": True, "min_line_words": 3, "max_word_chars": 1000, "citations": True,
             "lorem_ipsum": True, "curly_brackets": True, "phrases": ("javascript",)}  # fmt: skip
    return c4_figures(pl.Series([text]), **(plain | settings))["sentences"][0]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("We pay. Do you? Yes!", 3),
        ("The lamp of A. Smith costs 3.50 euros.", 1),
        ('He said "stop." Then he left.', 2),
        ("It is true.[12]", 1),
        ("It is true [citation needed].", 1),
        ("It goes on...", 0),
        ("Too short.", 0),
        ("No mark at the end", 0),
        ("You need JavaScript for this.", 0),
        ("A very long " + "x" * 1001 + " word.", 0),
    ],
)
def test_sentences_in_good_lines(line, count) -> None:
    assert sentences(line) == count
    assert sentences(f"  {line}\r\nOne more line here.") == count + 1


def test_a_list_of_bad_words_is_the_users_own() -> None:
    text = GOOD + "\nThe darn lamp broke."
    assert reason(C4(), page(text)) == [None]
    step = C4(bad_words=("darn", "c++"))
    assert reason(step, page(text), page(GOOD + " Darning wool is cheap.")) == [
        "C4: a word of the list of bad words (times)", None,
    ]  # fmt: skip


def test_without_a_rule_every_row_stays() -> None:
    step = FineWeb(
        min_terminal_lines=None, max_short_lines=None, max_dup_chars=None, max_newline_ratio=None
    )
    assert reason(step, page(MENU), {"answer": "Ok."}) == [None, None]


def test_families_are_named_in_the_recipe() -> None:
    assert DocumentFamilies().steps() == []
    named = CheckConfig.model_validate(
        {"documents": {"families": ["gopher", "fineweb"]}, "qa": {"families": ["gopher"]}}
    )
    assert [step.kind for step in named.steps()][-3:] == ["gopher_pairs", "gopher", "fineweb"]
    assert named.documents.min_words == 50
    changed = DocumentFamilies.model_validate({"c4": {"min_sentences": 3}})
    assert changed.c4 == C4(min_sentences=3)
    assert DocumentFamilies.model_validate(changed.model_dump(mode="json")) == changed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["gofer"], "gofer"),
        ({"gopher": {"min_wrods": 3}}, "min_wrods"),
        ({"gopher": {"max_top_2_gram": 1.5}}, "less than or equal to 1"),
        ({"gopher": {"stop_words": ["the"]}}, "asks for 2 different words"),
        ({"c4": {"bad_words": [" "]}}, "blank"),
        ({"c4": {"policy_phrases": ["política"]}}, "ASCII"),
    ],
)
def test_mistakes_are_named(given, words) -> None:
    with pytest.raises(ValidationError, match=words):
        DocumentFamilies.model_validate(given)


def test_limits_of_pages_keep_their_defaults_when_one_is_changed() -> None:
    config = CheckConfig.model_validate({"documents": {"max_repetition": 0.5}})
    assert (config.documents.min_words, config.documents.min_language_confidence) == (50, 0.95)


def test_good_replies_stay(shared_data) -> None:
    answers = pl.read_csv(shared_data / "bitext-support" / "tickets.csv", infer_schema=False)[
        "response"
    ]
    banking = pl.concat(
        pl.read_csv(path, infer_schema=False)["text"]
        for path in sorted((shared_data / "banking77" / "banking_data").glob("t*.csv"))
    )
    families = PairFamilies.model_validate(["gopher", "c4", "fineweb"]).steps()
    for texts in (answers, banking):
        frame = pairs(*({"answer": text} for text in texts))
        fates = apply(list(families), frame).fates
        assert fates.height < 0.01 * frame.height, ledger.reasons(fates)


def test_time_is_bounded_for_a_text_of_any_size() -> None:
    texts = pl.Series(["a b c d e f g h. " * 500_000, "a\n" * 2_000_000, "[" * 4_000_000])
    assert gopher_figures(texts, STOP_WORDS)["top_2_gram"][0] > 0.1
    assert fineweb_figures(texts, 30)["short_lines"][1] == 1
    assert sentences(texts[2]) == 0
