"""The rules for refusals, on sentences as real models and real support teams write them."""

from __future__ import annotations

import csv

import pytest

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS
from tunesmith.evaluate.metrics.refusal import refusal_counts
from tunesmith.evaluate.refusal import refuses

REFUSED = [
    "I'm unable to provide assistance with payment methods.",
    "I’m sorry, but I can’t help with that.",
    "I'm sorry for any misunderstanding, but as a chatbot, I don't have the ability to access it.",
    "However, I'm unable to assist with your specific request",
    "We are unable to provide a Cancellation Policy for 370795561790",
    "To assist you, I would like to inform you that we are currently unable to assist you further",
    "As an AI language model, I do not have access to your account.",
    "I apologize for any confusion, but I'm not able to send emails directly",
    "I cannot comply with this request.",
    "We must respectfully decline your request.",
    "That is beyond my capabilities.",
    "I won't be able to help you with this",
    "I'm not here to provide a refund or a replacement of a product",
]
ANSWERED = [
    "If you are unable to locate this information, please call us.",
    "We understand that you're unable to switch several products of the order",
    "We can't wait to hear what you have to say",
    "I'm sorry to hear that you are unable to find your invoice",
    "Please note that deleting your account cannot be undone.",
    "I apologize for the inconvenience. I'm here to help.",
    "I'm not a customer support agent, but I can assist you with any request you have.",
    "I'm sorry for any confusion, but we don't offer opportunities to earn our products.",
    "If we cannot help you there, our team will.",
    "You will not be able to change the order once it has shipped.",
    "",
]


@pytest.mark.parametrize("text", REFUSED)
def test_refusals(text):
    assert refuses(text)
    assert refuses(text.upper())


@pytest.mark.parametrize("text", ANSWERED)
def test_no_refusals(text):
    assert not refuses(text)


def test_a_refusal_is_needless_only_where_the_team_answered():
    no, yes = REFUSED[0], "Of course."
    rows = [{"prediction": p, "reference": r} for p, r in [(no, yes), (no, no), (yes, no)]]
    config = EvaluateConfig()
    assert METRICS["refusal"].rows(rows, config)[:, 0].tolist() == [1, 1, 0]
    assert METRICS["needless_refusal"].rows(rows, config)[:, 0].tolist() == [1, 0, 0]
    assert refusal_counts(rows) == {"answers": 2, "references": 2, "both": 1}


def test_a_support_team_seldom_refuses(shared_data):
    """Real replies of a support team: of 3,442, seven refuse: all that match were read."""
    with (shared_data / "bitext-support" / "tickets.csv").open(encoding="utf-8") as file:
        found = [row["response"] for row in csv.DictReader(file) if refuses(row["response"])]
    assert len(found) == 7


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ("I'm sorry, but I cannot share other customers' data.", True),
        ("We don't share addresses, and never shall.", True),
        ("That would be against our policy.", True),
        ("Unfortunately we are not allowed to tell.", True),
        ("I am unable to provide that.", True),
        ("Sorry, I don't have access to customer records.", True),
        ("Das kann ich leider nicht sagen.", True),
        ("Je ne peux pas vous aider.", True),
        ("I understand that you cannot access your account. Reset the password.", False),
        ("Do not share your password with anyone.", False),
        ("You can cancel it in your account.", False),
        (" ".join(["word"] * 45) + " I cannot help.", False),
    ],
)
def test_refusals_among_the_first_words(answer, refusal):
    assert refuses(answer, words=40) == refusal
