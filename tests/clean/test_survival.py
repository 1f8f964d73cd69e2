"""What no stage of cleaning may damage: code, numbers and product names."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith.clean.boilerplate import BoilerplateConfig, RemoveBoilerplate, line_table
from tunesmith.clean.config import CleanConfig
from tunesmith.clean.special import Rule
from tunesmith.code_blocks import blocks
from tunesmith.step import apply

NAMES = ("NorthStar Pro 3", "C++", "AT&T", "O'Neill", "R&D Suite", "foo_bar-2", "Œuvre", "微信")
NUMBERS = ("12,345.67", "1.234,56", "3 000", "-5", "0042", "50%", "2024-05-01", "#17", "½", "1e-9")
WORDS = ("please", "see", "a < b", "it’s", "“so”", "wait — no", "cafe\u0301", "<b>bold</b>", "x  y")
CODE_LINE = st.sampled_from(
    ("x  =  1", "<div class='a'>&amp;</div>", "> quoted", "--", "if a:\n    b()", "Sent from my iPhone",
     "curl https://a.example/?utm_source=x", "“quoted” — dash", "log in", "On 1 May X wrote:", "\n\n\n",
     "Kind regards,", "<!-- comment -->", "a\tb")
)  # fmt: skip
FENCED = st.lists(CODE_LINE, min_size=1, max_size=3).map(
    lambda lines: "\n\n```\n" + "\n".join(lines) + "\n```\n\n"
)
INDENTED = st.lists(CODE_LINE.filter(str.strip), min_size=1, max_size=3).map(
    lambda lines: (
        "\n\n" + "".join(f"    {line}\n" for part in lines for line in part.split("\n")) + "\n"
    )
)
PROSE = st.lists(st.sampled_from((*NAMES, *NUMBERS, *WORDS)), min_size=1, max_size=6).map(" ".join)
BLOCKS = st.lists(st.one_of(PROSE, FENCED, INDENTED), max_size=4).map("".join)
TEXTS = st.tuples(PROSE, BLOCKS).map("".join)

OPTIONS = {
    "tracking_links": True,
    "quoted_replies": True,
    "signatures": True,
    "quotes": "straighten",
    "dashes": "straighten",
    "terminology": {"log in": "sign in"},
    "special_cases": [Rule(find="log in", replace="sign in")],
    "personal_data": {"kinds": []},
}
CASES = {"default": {"personal_data": {"kinds": []}}, "every option": OPTIONS}
FOOTER = "Sent by a company in a country of this world."


def cleaned(text: str, settings: dict, column: str = "answer") -> str:
    steps = CleanConfig.model_validate(settings).steps({})
    if "signatures" in settings:
        hashes = line_table(pairs({"answer": FOOTER, "question": None}), BoilerplateConfig())
        letters = f"{hashes['hash'].max():016x}".translate(
            str.maketrans("0123456789abcdef", "abcdefghijklmnop")
        )
        steps.insert(-3, RemoveBoilerplate(lines={"s": (letters,)}))
        text = f"{text}\n\n{FOOTER}"
    return apply(steps, pairs({column: text})).frame[column][0]


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=250, deadline=None)
@given(text=TEXTS)
def test_code_blocks_survive_letter_by_letter(case, text) -> None:
    new = cleaned(text, CASES[case])
    before = [text[start:end].strip("\n").rstrip() for start, end in blocks(text)]
    assert before == [new[start:end].strip("\n").rstrip() for start, end in blocks(new)]


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=250, deadline=None)
@given(text=PROSE)
def test_numbers_and_product_names_survive(case, text) -> None:
    new = cleaned(text, CASES[case])
    for words in (*NAMES, *NUMBERS):
        assert new.count(words) >= text.count(words), words
    numbers = re.compile(r"\d+")
    assert Counter(numbers.findall(new)) == Counter(numbers.findall(text))


@pytest.mark.parametrize("case", CASES)
def test_real_handbook_pages_keep_their_code_lists_and_numbers(case, shared_data) -> None:
    pages = sorted((shared_data / "company-policies-basecamp").rglob("*.md"))
    texts = [page.read_text(encoding="utf-8").replace("\r\n", "\n") for page in pages]
    assert len(texts) > 20
    for text in texts:
        new = cleaned(text, CASES[case], "text")
        assert re.findall(r"\d+", new) == re.findall(r"\d+", text)
        marks = re.compile(r"(?m)^ *(?:[-*+]|\d+\.|#+|\|) ")
        assert len(marks.findall(new)) == len(marks.findall(text))
        links = re.compile(r"\]\([^)\s]+")
        assert len(links.findall(new)) == len(links.findall(text))
        assert len(blocks(new)) == len(blocks(text))
