"""Questions and answers on pages."""

from __future__ import annotations

import pytest

from tunesmith.collect.documents.markdown import text_blocks
from tunesmith.collect.documents.questions import find_pairs

FAQ = (
    "# Questions\n\nIntro.\n\n## How do I clean the pump?\n\nUnplug it first.\n\n- then rinse\n\n"
    "## Can I use soap?\n\nNo, never.\n\n## Contact\n\nWrite to us.\n"
)


def pairs(text: str, title: str | None = None) -> list[tuple[str, str]]:
    found, _ = find_pairs(list(text_blocks(text, markdown=True)), title)
    return [(pair.question, pair.answer) for pair in found]


def test_headings_that_ask() -> None:
    assert pairs(FAQ) == [
        ("How do I clean the pump?", "Unplug it first.\n\n- then rinse"),
        ("Can I use soap?", "No, never."),
    ]


def test_one_asking_heading_makes_no_faq_page() -> None:
    page = "# Pumps\n\n## Why pumps?\n\nThey move water.\n\n## Parts\n\nMany of them.\n"
    assert pairs(page) == []
    assert pairs(page, "FAQ: pumps") == [("Why pumps?", "They move water.")]


def test_numbers_and_bold_questions() -> None:
    text = "**1. Is it safe?**\n\nYes, it is.\n\n**Is it loud?**\n\nNot at all.\n"
    assert pairs(text) == [("Is it safe?", "Yes, it is."), ("Is it loud?", "Not at all.")]


def test_lettered_questions() -> None:
    text = "Q: Is it safe?\nA: Yes, it is.\n\nMore on that.\n\nQ2: And loud?\nA2: Not at all.\n"
    assert pairs(text) == [
        ("Is it safe?", "Yes, it is.\n\nMore on that."),
        ("And loud?", "Not at all."),
    ]


HTML = """<html><head><script type="application/ld+json">
{"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": [{"@type": "Question",
"name": "Is it safe?", "acceptedAnswer": {"@type": "Answer", "text": "<p>Yes, it is.</p>"}}]}
</script></head><body><main><h1>Pump</h1><p>About pumps.</p>
<details><summary>Is it loud?</summary><p>Not at all.</p></details>
<details><summary>Photos</summary><p>None so far.</p></details>
<dl><dt>Is it heavy?</dt><dd>Two pounds only.</dd><dt>Colour</dt><dd>green</dd></dl>
</main></body></html>"""


@pytest.mark.parametrize("setting", ["keep", "also", "extract", "only"])
def test_what_markup_declares(tmp_path, collect, setting) -> None:
    (tmp_path / "a.html").write_text(HTML)
    rows, fates = collect(tmp_path, questions=setting)
    asked = rows.filter(kind="qa")
    expected = ["Is it safe?", "Is it loud?", "Is it heavy?"]
    assert asked["question"].to_list() == ([] if setting == "keep" else expected)
    if setting != "keep":
        assert asked["answer"].to_list() == ["Yes, it is.", "Not at all.", "Two pounds only."]
    texts = rows.filter(kind="document")["text"].to_list()
    assert len(texts) == (setting != "only")
    if setting in {"keep", "also"}:
        assert "Is it loud?" in texts[0]
    if setting == "extract":
        assert "Is it loud?" not in texts[0]
        assert "Photos" in texts[0]
        assert "About pumps." in texts[0]
    assert fates.is_empty()
    assert rows["thread"].null_count() == (rows.height if setting == "keep" else 0)


def test_pages_without_questions_are_dropped_where_only_they_are_wanted(tmp_path, collect) -> None:
    (tmp_path / "a.md").write_text("# Pumps\n\nThey move water.")
    (tmp_path / "b.md").write_text(FAQ)
    rows, fates = collect(tmp_path, questions="only")
    assert rows["kind"].to_list() == ["qa", "qa"]
    assert fates.select("file", "fate", "reason").rows() == [
        ("a.md", "dropped", "no question with an answer is in it")
    ]


def test_rows_keep_their_ids_when_others_come_before_them(tmp_path, collect) -> None:
    (tmp_path / "a.md").write_text(FAQ)
    before = collect(tmp_path).rows.filter(kind="qa")["id"].to_list()
    (tmp_path / "a.md").write_text(FAQ.replace("## How", "## Is it new?\n\nYes, it is.\n\n## How"))
    assert collect(tmp_path).rows.filter(kind="qa")["id"].to_list()[1:] == before
