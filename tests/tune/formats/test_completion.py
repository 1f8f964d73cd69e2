from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from token_rows import PROMPT
from tunesmith.errors import TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune.formats import IGNORED, CompletionFormat, Document

TEXTS = CompletionFormat()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(st.text(min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=4),
    st.integers(2, 30),
)
def test_every_token_but_a_pages_first_is_predicted_once_after_the_one_before(
    encoder: ChatEncoder, texts: list[str], length: int
) -> None:
    read = [TEXTS.row(text, n) for n, text in enumerate(texts)]
    encoded = TEXTS.encode(encoder, read, prompt=PROMPT, max_length=length)
    steps = []
    for row in encoded.rows:
        ids, labels = row["input_ids"], row["labels"]
        assert 2 <= len(ids) == len(labels) <= length
        assert labels == [IGNORED, *ids[1:]]
        steps += list(itertools.pairwise(ids))
    wanted = []
    for text in texts:
        ids = [*encoder.tokenizer(text)["input_ids"], encoder.tokenizer.eos_token_id]
        wanted += list(itertools.pairwise(ids))
    assert steps == wanted
    assert (encoded.too_long, encoded.answer_tokens) == (0, len(wanted))


def test_real_pages_lose_nothing(encoder: ChatEncoder, shared_data: Path) -> None:
    pages = sorted((shared_data / "company-policies-basecamp").rglob("*.md"))
    texts = [page.read_text(encoding="utf-8") for page in pages][:6]
    read = [TEXTS.row(text, n) for n, text in enumerate(texts)]
    encoded = TEXTS.encode(encoder, read, prompt=PROMPT, max_length=256)
    learned = [label for row in encoded.rows for label in row["labels"] if label != IGNORED]
    ends = [encoder.tokenizer.eos_token_id]
    assert learned == [t for text in texts for t in [*encoder.ids_of([text])[0], *ends][1:]]


def test_an_empty_page_is_refused(encoder: ChatEncoder) -> None:
    with pytest.raises(TunesmithError, match="a page is empty"):
        TEXTS.encode(encoder, [Document("a", " \n")], prompt=PROMPT, max_length=64)
    with pytest.raises(TypeError, match="learns from texts, not int"):
        TEXTS.row(5, 1)


def test_pages_are_dealt_by_the_seed_and_one_is_learned() -> None:
    pages = [Document(f"page-{n}", "text") for n in range(20)]
    train, held = TEXTS.deal(pages, seed=3)
    assert (len(train), len(held)) == (18, 2)
    assert {page.id for page in train} | {page.id for page in held} == {page.id for page in pages}
    assert TEXTS.deal(pages[::-1], seed=3)[1] == held[::-1]
    assert TEXTS.deal(pages, seed=4)[1] != held
    assert TEXTS.deal(pages[:1], seed=3) == (pages[:1], [])
    assert CompletionFormat(validation=0.9).deal(pages[:1], seed=3) == (pages[:1], [])
