import pytest

from tunesmith.errors import ModelError, TunesmithError
from tunesmith.models import BaseModel, load_tokenizer
from tunesmith.prompting import Example, PromptConfig
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune.formats import IGNORED, QaFormat, encode_examples

PROMPT = PromptConfig(system="Help.")


@pytest.fixture
def encoder(tiny_model: BaseModel) -> ChatEncoder:
    return ChatEncoder(load_tokenizer(tiny_model.path))


def test_trls_collator_keeps_the_loss_on_answer_and_end_token(
    encoder: ChatEncoder, examples: list[Example]
) -> None:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    encoded = encode_examples(encoder, examples, prompt=PROMPT, max_length=512)
    collate = DataCollatorForLanguageModeling(pad_token_id=encoder.tokenizer.pad_token_id)
    batch = collate(encoded.rows)
    assert batch["attention_mask"].sum() == encoded.tokens
    for row, example in enumerate(examples):
        labelled = batch["labels"][row][batch["labels"][row] != IGNORED]
        assert encoder.tokenizer.decode(labelled) == example.answer + "<|im_end|>"
        seen = encoder.tokenizer.decode(batch["input_ids"][row][batch["attention_mask"][row] == 1])
        assert seen == (
            f"<|im_start|>system\nHelp.<|im_end|>\n<|im_start|>user\n{example.question}<|im_end|>\n"
            f"<|im_start|>assistant\n{example.answer}<|im_end|>"
        )


def test_rows_whose_answer_would_be_cut_are_left_out_and_counted(
    encoder: ChatEncoder, examples: list[Example]
) -> None:
    sizes = [
        len(row["input_ids"])
        for row in encode_examples(encoder, examples, prompt=PROMPT, max_length=512).rows
    ]
    limit = sorted(sizes)[10]
    encoded = encode_examples(encoder, examples, prompt=PROMPT, max_length=limit)
    assert encoded.too_long == sum(size > limit for size in sizes) > 0
    assert [len(row["input_ids"]) for row in encoded.rows] == [s for s in sizes if s <= limit]


def test_nothing_that_fits_is_refused(encoder: ChatEncoder, examples: list[Example]) -> None:
    with pytest.raises(TunesmithError, match="none of 24 rows fits in 16 tokens"):
        encode_examples(encoder, examples, prompt=PROMPT, max_length=16)


def test_an_empty_answer_is_refused(encoder: ChatEncoder) -> None:
    rows = [Example("a", "Why?", "So."), Example("b", "Why?", " \n")]
    with pytest.raises(TunesmithError, match="1 training rows have an empty answer") as refused:
        encode_examples(encoder, rows, prompt=PROMPT, max_length=512)
    assert "row b" in str(refused.value)


def test_an_answer_that_joins_its_prompt_is_refused(tiny_model: BaseModel) -> None:
    """A tokenizer that makes one token of a line break and a bar."""
    from tokenizers import AddedToken

    tokenizer = load_tokenizer(tiny_model.path)
    tokenizer.add_tokens([AddedToken("\n|", normalized=False)])
    encoder = ChatEncoder(tokenizer)
    rows = [Example("a", "Why?", "So."), Example("b", "Why?", "| a | b |")]
    encode_examples(encoder, rows[:1], prompt=PROMPT, max_length=512)
    with pytest.raises(ModelError, match="other tokens after its prompt than alone") as refused:
        encode_examples(encoder, rows, prompt=PROMPT, max_length=512)
    assert "row b" in str(refused.value)


def test_rows_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="learns from Example rows, not str"):
        QaFormat().row("Why?", 1)
