"""Likelihoods and continuations on a tiny model, against plain log-probabilities and `generate`."""

from __future__ import annotations

import itertools
import string
from pathlib import Path
from typing import Any

import pytest

from token_rows import PROMPT
from tunesmith.errors import ModelError
from tunesmith.evaluate.likelihood import (
    Begun,
    Going,
    Scored,
    Subject,
    continuations,
    likelihoods,
)
from tunesmith.io import write_json
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.progress import SilentProgress
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import question_messages

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def settings(store: Path) -> dict[str, Any]:
    return {
        "store": store,
        "prompt": PROMPT,
        "batch_size": 2,
        "progress": SilentProgress(),
        "precision": "float32",
    }


def surprise(model: Any, prompt: list[int], target: list[int]) -> float:
    with torch.no_grad():
        chances = model(torch.tensor([prompt + target])).logits[0].log_softmax(-1)
    return -sum(float(chances[len(prompt) - 1 + i, token]) for i, token in enumerate(target))


def test_texts_choices_and_answers_are_as_likely_as_the_model_says(
    tiny_model: BaseModel, model: Any, encoder: ChatEncoder, tmp_path: Path
) -> None:
    items = [
        Scored("text", "The parcel left on Friday."),
        Scored("choice", " blue", context="Question: Which?\nAnswer:"),
        Scored("answer", "It is QX7.", question="Which code?", instruction="Be short."),
        Scored("none", ""),
    ]
    subject = Subject("base", tiny_model, None)
    found = likelihoods(items, subject, max_tokens=12, **settings(tmp_path))
    tokenizer: Any = load_tokenizer(tiny_model.path)
    begin = [tokenizer.bos_token_id]
    text = encoder.ids_of([items[0].text])[0][:12]
    prompt = encoder.prompt_ids(question_messages("Which code?", PROMPT, instruction="Be short."))
    expected = {
        "text": (begin, text),
        "choice": (begin + encoder.ids_of([items[1].context])[0], encoder.ids_of([" blue"])[0]),
        "answer": (prompt, encoder.answer_ids("It is QX7.")),
    }
    assert set(found) == set(expected)
    for name, (before, target) in expected.items():
        assert found[name] == (
            pytest.approx(surprise(model, before, target), rel=1e-4),
            len(target),
        )


def test_the_same_request_is_not_worked_out_twice(tiny_model: BaseModel, tmp_path: Path) -> None:
    items = [Scored("a", "A text."), Scored("b", "Another text.")]
    subject = Subject("base", tiny_model, None)
    found = likelihoods(items, subject, max_tokens=50, **settings(tmp_path))
    (kept,) = tmp_path.glob("*.json")
    assert not list(tmp_path.glob("work-*"))
    write_json(kept, [["a", 1.0, 2]])
    assert likelihoods(items, subject, max_tokens=50, **settings(tmp_path)) == {"a": (1.0, 2)}
    again = likelihoods(items, subject, max_tokens=51, **settings(tmp_path))
    assert again == found


def test_continuations_count_the_tokens_that_generate_writes(
    tiny_model: BaseModel, model: Any, encoder: ChatEncoder, tmp_path: Path
) -> None:
    """A text that the model itself goes on with, found among many beginnings, and bent ones."""
    prompt = encoder.prompt_ids(question_messages("Where is it?", PROMPT))
    for first, second in itertools.product(string.ascii_letters, "aeiou"):
        start = encoder.ids_of([first + second])[0]
        with torch.no_grad():
            whole = model.generate(
                torch.tensor([prompt + start]), do_sample=False, max_new_tokens=2
            )
        text = encoder.tokenizer.decode(whole[0, len(prompt) :], skip_special_tokens=True)
        if text.isascii() and text.isprintable() and len(text) == 4 and text == text.strip():
            break
    else:
        raise AssertionError("this random model writes no letters after any beginning")
    bent = "?" if text[-1] != "?" else "!"
    other = "?" if text[-2] != "?" else "!"
    items = [
        Begun("own", "a", text, question="Where is it?"),
        Begun("last bent", "a", text[:-1] + bent, question="Where is it?"),
        Begun("too short", "a", text[:3], question="Where is it?"),
        Begun("first bent", "a", text[:-2] + other + text[-1], question="Where is it?"),
        Begun("one too many", "a", text, question="Where is it?"),
        Begun("other set", "b", text),
    ]
    found = continuations(
        items,
        Subject("base", tiny_model, None),
        going=Going(given=2, wanted=2, most=3),
        **settings(tmp_path),
    )
    del found["other set"]  # plain text: another prompt, and another answer
    assert found == {"own": 2, "last bent": 1, "first bent": 0}


def test_weights_of_another_model_are_refused(tiny_model: BaseModel, tmp_path: Path) -> None:
    weights = tmp_path / "model"
    load_model(tiny_model.path, precision="float32").save_pretrained(weights)
    template = ChatEncoder(load_tokenizer(tiny_model.path)).template
    base = {"name": "another", "fingerprint": "another"}
    write_json(weights / "trained.json", {"chat_template": template, "base": base, "after": None})
    with pytest.raises(ModelError, match="trained on another model"):
        likelihoods(
            [Scored("a", "A text.")],
            Subject("full", tiny_model, weights),
            max_tokens=9,
            **settings(tmp_path),
        )
