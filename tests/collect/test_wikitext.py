from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.wikitext import plain


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'''Bold''' and ''italic''", "Bold and italic"),
        (
            "a [[link]], a [[Target|shown one]]s, a [[Help:Page (more)|]]",
            "a link, a shown ones, a Page",
        ),
        ("[[File:x.png|thumb|a [[nested]] caption]]text", "text"),
        ("[[Image:x.png]][[Category:Things|sort]][[de:Ding]]text", "text"),
        ("[[:Category:Things]]", "Category:Things"),
        ("[http://a.example words here] and [https://b.example]", "words here and"),
        ("{{Infobox|a={{b|{{c}}}}|d=[[e]]}}text", "text"),
        ("{{lang|fr|bonjour}} {{convert|5|km}}{{ndash}}{{nowrap|a b}}", "bonjour 5 km – a b"),
        ("word<ref>{{cite|x}}</ref><ref name=a /> more<!-- hidden -->", "word more"),
        ("a<br/>b", "a\nb"),
        ("<math>x^2  + y</math> <nowiki>[[not]]</nowiki>", "$x^2 + y$ [[not]]"),
        ("<pre>\nif a:\n    b  c\n</pre>", "```\nif a:\n    b  c\n```"),
        ("* one\n** two\n# three\n: indented", "- one\n- two\n- three\nindented"),
        ("== A ==\nwords\n=== B ===\n{{gone}}\n== C ==\n<ref>x</ref>", "## A\n\nwords"),
        ("== A ==\n=== B ===\nwords", "## A\n\n### B\n\nwords"),
        ("{| class=x\n|+ Cap\n! a !! b\n|-\n| 1 || style=x | 2\n|}", "Cap\na | b\n1 | 2"),
        ("{|\n| a\n{|\n| inner\n|}\n|}", "a inner"),
        ("__NOTOC__\n----\nx &amp; y&nbsp;z", "x & y\xa0z"),
        ("{{never closed\nwords [[stay", "never closed\nwords stay"),
        ("closed }} nothing ]] here", "closed }} nothing ]] here"),
        ("a | b", "a | b"),
    ],
)
def test_marks(source, expected) -> None:
    assert plain(source).text == expected


def test_redirects_and_categories() -> None:
    assert plain("#REDIRECT [[There]]").redirect
    assert plain("#WEITERLEITUNG [[Dort]]").redirect
    assert not plain("# item [[There]]").redirect
    page = plain(
        "[[Категория:Календари]] x [[Файл:a.jpg|b]]", files={"файл"}, categories={"Категория"}
    )
    assert (page.text, page.categories) == ("x", ["Календари"])


MARKS = ("{{", "}}", "[[", "]]", "{|\n", "|}", "|", "<!--", "<ref>", "</ref>", "<pre>", "<nowiki>", "'''", "==", "\n", "[http://a ",
         "]", "=", "a", "<", "{{a|b=", "[[File:", "* ", "{|", "<math>", "\n| ", "\n! a", "&amp;", "\x02", "__A", "\n== a ==\n")  # fmt: skip


@given(st.lists(st.sampled_from(MARKS), max_size=60))
def test_any_marks_end_as_text(parts) -> None:
    text = plain("".join(parts)).text
    assert "\x02" not in text


@pytest.mark.parametrize("mark", MARKS)
def test_time_grows_with_the_length(mark) -> None:
    start = time.process_time()
    plain(mark * (300_000 // len(mark)))
    plain(mark * (150_000 // len(mark)) + "}}]]|}" * 20_000)
    assert time.process_time() - start < 8
