from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith.clean.text import (
    ControlCharacters,
    Html,
    Mojibake,
    UnicodeNfc,
    Whitespace,
    without_plain_runs,
)
from tunesmith.step import Transform, apply

ALL: list[Transform] = [Mojibake(), Html(), ControlCharacters(), UnicodeNfc(), Whitespace()]


def cleaned(step: Transform, text: str) -> str:
    return apply([step], pairs({"answer": text})).frame["answer"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("donâ€™t worry, itâ€™s fine", "don’t worry, it’s fine"),
        ("cafÃ© crÃ¨me", "café crème"),
        ("a café is a café", "a café is a café"),
        ("Grüße — “quoted”", "Grüße — “quoted”"),
    ],
)
def test_mojibake(text, expected) -> None:
    assert cleaned(Mojibake(), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Hello <b>Jane</b>,</p><p>thanks</p>", "Hello Jane,\nthanks\n"),
        ("one<br/>two<BR>three", "one\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "\n- a\n- b\n"),
        ("a &amp; b &lt;3 &#39;x&#39; &nbsp;", "a & b <3 'x' \xa0"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("write to <your name> or <ORDER-ID>", "write to <your name> or <ORDER-ID>"),
        ("<script>alert('x')</script>seen", "seen"),
        ('<a href="https://example.com/x">the page</a>', "the page"),
        ("List<int> and vector<T>", "List<int> and vector<T>"),
        ("AT&T costs 5&6", "AT&T costs 5&6"),
    ],
)
def test_html(text, expected) -> None:
    assert cleaned(Html(), text) == expected


TABLE = """<html><body>
<p>Please fill in the form.</p>

     <table>

       <tr>

         <td>Name:</td>

         <td><select name="x"><option value="1">Good</option></select></td>

       </tr>

     </table>

<p>Thank you.</p></body></html>"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TABLE, "Please fill in the form.\n\nName:\n\nGood\n\nThank you."),
        ("<p>x</p>\n\n    <p>y</p>", "x\n\ny"),
        (
            "<div>x</div>\n<pre>\n    a = 1\n\n\n    b\n</pre>",
            "x\n\n```\n    a = 1\n\n\n    b\n```",
        ),
        ("<p>x</p>\n\n```\n\n    <b>y</b>\n```", "x\n\n```\n\n    <b>y</b>\n```"),
        ("<p>x</p>\n\n```\ny\n```\n\n    <p>z</p>", "x\n\n```\ny\n```\n\nz"),
        ("    <div>\n      <p>x</p>\n    </div>", "x"),
        ("see <b>here</b>:\n\n    <p>code</p>", "see here:\n\n    <p>code</p>"),
        ("- a<br>\n    - b", "- a\n\n- b"),
    ],
)
def test_the_indentation_of_markup_is_no_code(text, expected) -> None:
    assert cleaned(Whitespace(), cleaned(Html(), text)) == expected


def test_control_characters_go_and_joiners_stay() -> None:
    text = "a\x00b\x07c\u200bd\u202ee\ufeff\r\nf\rg\tfamily 👨‍👩‍👧 می‌خواهم"
    assert cleaned(ControlCharacters(), text) == "abcde\nf\ng\tfamily 👨‍👩‍👧 می‌خواهم"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a   b\t\tc", "a b c"),
        ("  ends  \n\n\n\n next ", "ends\n\n next"),
        ("list:\n    indented   text", "list:\n    indented text"),
        ("no\xa0break\u2003space", "no break space"),
    ],
)
def test_whitespace(text, expected) -> None:
    assert cleaned(Whitespace(), text) == expected


@given(st.text(max_size=60))
def test_nfc_agrees_with_the_reference(text: str) -> None:
    frame = pairs({"answer": text})
    assert UnicodeNfc().transform(frame)["answer"][0] == unicodedata.normalize("NFC", text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_cleaning_keeps_every_row_in_order_and_settles(texts: list[str]) -> None:
    frame = pairs(
        *(
            {"answer": text, "labels": [text], "extra": [{"key": "k", "value": text}]}
            for text in texts
        )
    )
    once = apply([ControlCharacters(), UnicodeNfc(), Whitespace()], frame).frame
    again = apply([ControlCharacters(), UnicodeNfc(), Whitespace()], once).frame
    assert once["id"].to_list() == frame["id"].to_list()
    columns = ["question", "answer", "labels", "extra"]
    assert once.select(columns).equals(again.select(columns))


def test_metadata_is_cleaned_too() -> None:
    frame = pairs(
        {
            "labels": ["a\u200bb", "c"],
            "extra": [{"key": "k", "value": "x\x00y"}],
            "category": "b\x07c",
        },
        {"labels": [], "extra": []},
        {"labels": ["d\u200b"], "extra": [{"key": "m", "value": None}]},
    )
    done = apply([ControlCharacters()], frame).frame
    assert done["labels"].to_list() == [["ab", "c"], [], ["d"]]
    assert done["extra"].to_list()[0] == [{"key": "k", "value": "xy"}]
    assert done["extra"].to_list()[2] == [{"key": "m", "value": None}]
    assert done["category"].to_list()[0] == "bc"


def test_null_lists_and_texts_pass() -> None:
    frame = pairs({"answer": None}).with_columns(
        labels=pl.lit(None, pl.List(pl.String)), category=pl.lit(None, pl.String)
    )
    for step in ALL:
        assert apply([step], frame).frame["answer"].to_list() == [None]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab .,'‘’“”–—…•!?1$", max_size=40))
def test_common_punctuation_is_never_implausible(text: str) -> None:
    from ftfy.badness import is_bad

    assert not is_bad(text)


IMPLAUSIBLE = "ÂÃâ€™“œŠš¢£Ÿ\xa0\xad®©°·»¿ØÙà²µ√±∂≈ÄìÐÎéüñßвЂђ×Œ"


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.one_of(st.text(alphabet=IMPLAUSIBLE, max_size=5), st.text("ab c.", max_size=30)))
)
def test_long_plain_runs_do_not_make_a_text_more_or_less_implausible(parts: list[str]) -> None:
    from ftfy.badness import is_bad

    text = "".join(parts)
    assert is_bad(without_plain_runs(text)) == is_bad(text)


def test_real_sentences_are_as_implausible_without_their_plain_runs(shared_data) -> None:
    from ftfy.badness import is_bad

    files = sorted((shared_data / "language-id").glob("??.txt"))
    texts = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()[:100]]
    texts += [text.encode("utf-8").decode("cp1252", "replace") for text in texts]
    assert [is_bad(without_plain_runs(text)) for text in texts] == list(map(is_bad, texts))
