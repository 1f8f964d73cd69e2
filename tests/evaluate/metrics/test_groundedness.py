from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS
from tunesmith.evaluate.metrics.groundedness import (
    facts,
    groundedness,
    known_facts,
    made_up,
    unsupported,
)

CONFIG = EvaluateConfig()


def row(prediction, question="Where is order 12345?", reference="Call 020 7946 0000 by 17:30."):
    return {"prediction": prediction, "question": question, "reference": reference}


def test_groundedness_by_hand():
    # content words: refund, order, arrives, monday; the sources hold two of them
    sources = ("Where is my refund?", "Your order is late.")
    assert groundedness("The refund of your order arrives on Monday", sources) == 2 / 4
    assert math.isnan(groundedness("It is what it is", sources))
    assert math.isnan(groundedness(None, sources))


@given(st.text(alphabet="refund order late 0123 .,", max_size=60))
def test_an_answer_is_grounded_in_itself(text):
    share = groundedness(text, [text])
    assert math.isnan(share) or share == 1
    assert unsupported(row(text, reference=text), CONFIG) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1. Log in\n2) Pay\nStep 3: done", []),
        ("It costs $1,000.50 or 20%", [("number", "1 000 50"), ("number", "20")]),
        ("see https://www.Example.com/Help?a=1.", [("link", "example.com/help?a=1")]),
        ("write to Help@example.com, please", [("email", "help@example.com")]),
        ("www.example.com and http://example.com/", [("link", "example.com")] * 2),
        ("in 10 days", [("number", "10")]),
    ],
)
def test_facts(text, found):
    assert facts(text) == found


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ("Order 12345: call 02079460000 before 17:30", []),
        ("Order 12346 is on its way", ["number"]),
        ("Call +1-800-222-1111 or see https://invented.example", ["link", "number"]),
        ("No number at all", []),
    ],
)
def test_what_stands_in_no_source_is_unsupported(answer, kinds):
    assert [kind for kind, _ in unsupported(row(answer), CONFIG)] == kinds


def test_pages_and_texts_of_your_own_are_sources():
    answer = row("Call 0800 111 222 or see https://help.example.com/returns within 14 days")
    assert len(unsupported(answer, CONFIG)) == 3
    pages = known_facts(["Returns: https://help.example.com/returns/ within 14 days."])
    grounding = CONFIG.grounding.with_pages(pages)
    config = CONFIG.model_copy(update={"grounding": grounding})
    assert unsupported(answer, config) == [("number", "0800 111 222")]
    named = EvaluateConfig(grounding={"known": ["our number 0800111222"]})
    assert [fact for _, fact in unsupported(answer, named)] == ["help.example.com/returns", "14"]
    # what the pages hold is no setting: it is neither in the recipe nor in its fingerprint
    assert config.model_dump() == CONFIG.model_dump()


def test_the_figure_is_the_share_of_answers_and_the_counts_are_of_facts():
    rows = [row("Order 1 2 3"), row("order 12345"), row("Fine."), row(None)]
    metric = METRICS["unsupported_facts"]
    statistics = metric.rows(rows, CONFIG)
    assert statistics[:3].tolist() == [[1, 1], [0, 1], [0, 1]]
    assert math.isnan(statistics[3, 0])
    assert made_up(rows, CONFIG)["number"] == {"said": 2, "unsupported": 1}
