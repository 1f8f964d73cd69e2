"""Rows that count less, against rows that are left out and gradients worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.models import BaseModel, load_model
from tunesmith.prompting import Example, PromptConfig
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import LoraConfig
from tunesmith.tune.formats import ChatFormat, CompletionFormat, Conversation, Document, QaFormat

torch = pytest.importorskip("torch")

PROMPT = PromptConfig(system="Help.")


def _encoded(encoder: ChatEncoder, rows: list[Any], kind: Any = None) -> list[dict[str, Any]]:
    kind = kind or QaFormat()
    return kind.encode(encoder, rows, prompt=PROMPT, max_length=500).rows


def _padded(rows: list[dict[str, Any]]) -> dict[str, Any]:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from tunesmith.tune.weights import WeightedCollator

    return WeightedCollator(DataCollatorForLanguageModeling(pad_token_id=2))(rows)


def _packed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    from tunesmith.tune.packing import PackedCollator

    return PackedCollator()(rows)


def _gradient(tiny_model: BaseModel, batch: dict[str, Any]) -> Any:
    from tunesmith.tune.forward import answer_nll

    model = load_model(tiny_model.path, precision="float32").eval()
    total, count = answer_nll(model, **batch)
    (total / count).backward()
    gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    return gradient, count


@pytest.mark.parametrize("collate", [_padded, _packed])
def test_half_the_weight_is_half_the_gradient(tiny_model, encoder, examples, collate) -> None:
    """g(w) is linear in w: g(0.5) lies midway between a row that counts and one that does not."""
    first, second = examples[:2]
    found = {}
    for weight in (None, 0.5, 0.0):
        rows = _encoded(encoder, [replace(first, weight=weight), second])
        assert ("weights" in rows[0]) == (weight is not None)
        found[weight], count = _gradient(tiny_model, collate(rows))
        assert count == _gradient(tiny_model, collate(_encoded(encoder, [first, second])))[1]
    alone, mine = _gradient(tiny_model, collate(_encoded(encoder, [second])))
    torch.testing.assert_close(found[0.0], alone * mine / count, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(
        found[0.5] - found[0.0], (found[None] - found[0.0]) / 2, atol=1e-6, rtol=1e-4
    )
    assert (found[None] - found[0.0]).abs().max() > 1e-3


def test_rows_that_count_whole_are_what_they_were(encoder, examples) -> None:
    whole = _encoded(encoder, [replace(row, weight=1.0) for row in examples[:3]])
    assert whole == _encoded(encoder, examples[:3])
    assert examples[0].to_row().keys() == {"id", "question", "answer", "category", "group"}


def test_a_weight_survives_its_file(examples) -> None:
    light = replace(examples[0], weight=0.25)
    assert Example.from_row(light.to_row()) == light
    assert Document.from_row(Document("a", "b", 0.5).to_row()) == Document("a", "b", 0.5)
    talk = Conversation.of([light, examples[1]])
    assert talk.weights == (0.25, None)
    assert Conversation.from_row(talk.to_row()) == talk
    assert Conversation.of([examples[0]]).weights is None


def test_each_turn_of_a_conversation_counts_as_its_row_does(encoder, examples) -> None:
    light = replace(examples[0], weight=0.25)
    row = _encoded(encoder, [Conversation.of([light, examples[1]])], ChatFormat())[0]
    counts = [w for w, label in zip(row["weights"], row["labels"], strict=True) if label != -100]
    assert sorted(set(counts)) == [0.25, 1.0]
    assert counts == sorted(counts)
    assert len(row["weights"]) == len(row["labels"])
    lengths = [len(encoder.answer_ids(one.answer.strip())) for one in examples[:2]]
    assert [counts.count(0.25), counts.count(1.0)] == lengths


def test_every_window_of_a_page_counts_as_the_page_does(encoder) -> None:
    page = Document("a", "Some words of a page. " * 20, 0.5)
    rows = CompletionFormat().encode(encoder, [page], prompt=PROMPT, max_length=100).rows
    assert len(rows) > 1
    assert {weight for row in rows for weight in row["weights"]} == {0.5}


@pytest.mark.parametrize("weight", [-0.1, 1.5, float("nan")])
def test_a_weight_beyond_its_range_is_refused(encoder, examples, weight) -> None:
    with pytest.raises(TunesmithError, match="has the weight"):
        _encoded(encoder, [replace(examples[0], weight=weight)])


@pytest.mark.parametrize("packing", [False, True])
def test_training_learns_less_from_light_rows(train, examples, tmp_path, packing) -> None:
    """The curve of rows that weigh half is half: the loss that is shown is what is learned from.

    Validation counts every row whole: it says how well the model answers.
    """
    config = LoraConfig(
        max_steps=2, batch_size=2, gradient_accumulation=2, learning_rate=1e-9, dropout=0.0,
        precision="float32", packing=packing, validation_rows=4, sample_rows=0,
    )  # fmt: skip
    whole = train(config, tmp_path / "whole")
    light = [replace(row, weight=0.5) for row in examples]
    halved = train(config, tmp_path / "half", rows=light)
    for a, b in zip(whole["curve"], halved["curve"], strict=True):
        assert b["loss"] == pytest.approx(a["loss"] / 2, rel=1e-3)
    for a, b in zip(whole["validation"], halved["validation"], strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=1e-3)
