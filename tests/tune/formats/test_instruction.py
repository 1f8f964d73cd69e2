from __future__ import annotations

from dataclasses import replace

import pytest

from token_rows import PROMPT
from tunesmith.errors import TunesmithError
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import question_messages
from tunesmith.tune.formats import IGNORED, InstructionFormat

QUESTIONS = [
    Example("a", "Where is my parcel?", "Here.", "delivery"),
    Example("b", "How do I reset my password?", "So.", "account"),
    Example("c", "What is your refund policy?", "This.", "refund"),
]


def asked(encoder: ChatEncoder, format_: InstructionFormat) -> list[str]:
    rows = format_.encode(encoder, QUESTIONS, prompt=PROMPT, max_length=512).rows
    texts = [
        encoder.tokenizer.decode([i for i, label in pairs if label == IGNORED])
        for pairs in (zip(row["input_ids"], row["labels"], strict=True) for row in rows)
    ]
    return [
        text.split("<|im_start|>user\n")[1].removesuffix("<|im_end|>\n<|im_start|>assistant\n")
        for text in texts
    ]


def test_the_documents_templates_by_kind(encoder: ChatEncoder) -> None:
    """Source document B, "Instruction Tuning"."""
    assert asked(encoder, InstructionFormat()) == [
        (
            "Answer the following business question accurately and professionally.\n\n"
            "Where is my parcel?"
        ),
        (
            "Provide step-by-step instructions for the following request.\n\n"
            "How do I reset my password?"
        ),
        (
            "Explain the company policy regarding the following question.\n\n"
            "What is your refund policy?"
        ),
    ]


def test_own_templates_by_kind_and_by_category(encoder: ChatEncoder) -> None:
    own = InstructionFormat(
        procedure="Steps:",
        kinds={"delivery": "procedure"},
        by_category={"refund": "Asked about refunds: {question} Be brief."},
    )
    assert asked(encoder, own) == [
        "Steps:\n\nWhere is my parcel?",
        "Steps:\n\nHow do I reset my password?",
        "Asked about refunds: What is your refund policy? Be brief.",
    ]


def test_the_answer_has_no_say_and_is_all_that_is_learned(encoder: ChatEncoder) -> None:
    format_ = InstructionFormat()
    other = [replace(row, answer="1. Our policy: how to, step by step.") for row in QUESTIONS]
    for rows in (QUESTIONS, other):
        encoded = format_.encode(encoder, rows, prompt=PROMPT, max_length=512)
        for row, example in zip(encoded.rows, rows, strict=True):
            told = format_.instruction(example.question, example.category)
            prompt = encoder.prompt_ids(
                question_messages(example.question, PROMPT, instruction=told)
            )
            assert row["input_ids"] == prompt + encoder.answer_ids(example.answer)
            assert row["labels"][: len(prompt)] == [IGNORED] * len(prompt)
            assert row["labels"][len(prompt) :] == encoder.answer_ids(example.answer)
    first, second = (
        format_.encode(encoder, rows, prompt=PROMPT, max_length=512).rows
        for rows in (QUESTIONS, other)
    )
    for row, changed in zip(first, second, strict=True):
        cut = row["labels"].count(IGNORED)
        assert row["input_ids"][:cut] == changed["input_ids"][:cut]


def test_a_category_that_no_row_has_is_refused() -> None:
    format_ = InstructionFormat(by_category={"refunds": "So:"})
    with pytest.raises(TunesmithError, match="no training row has: refunds"):
        format_.check_categories(QUESTIONS)
    InstructionFormat(by_category={"refund": "So:"}).check_categories(QUESTIONS)
