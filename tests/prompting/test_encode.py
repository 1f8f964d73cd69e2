from pathlib import Path

import pytest

from conftest import CHATML
from tunesmith.errors import ModelError
from tunesmith.models import BaseModel, load_tokenizer
from tunesmith.prompting import Example, PromptConfig
from tunesmith.prompting.encode import ChatEncoder, FittedPrompt, fit_prompt
from tunesmith.prompting.template import question_messages

PROMPT = PromptConfig(system="Help.")
GENERATES_OTHERWISE = (
    "{% for m in messages %}[{{ m['content'] }}]{% endfor %}"
    "{% if add_generation_prompt %}<bot>{% endif %}"
)
ENDS_WITH_NEWLINE = (
    "{% for m in messages %}{{ m['role'] }}:{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
NO_QUESTION = (
    "{% for m in messages %}{% if m['role'] != 'user' %}{{ m['content'] + '<|im_end|>' }}{% endif %}"
    "{% endfor %}"
)
REFUSES_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    + CHATML
)
DROPS_SYSTEM = CHATML.replace("in messages %}", "in messages if message['role'] != 'system' %}")
JOINS = (
    "{% for m in messages %}{{ m['role'] + '|' + m['content'] + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant|' }}{% endif %}"
)


@pytest.fixture
def encoder(tiny_model: BaseModel) -> ChatEncoder:
    return ChatEncoder(load_tokenizer(tiny_model.path))


def fit(encoder: ChatEncoder, shots: list[Example], budget: int) -> FittedPrompt:
    return fit_prompt(encoder, "Why?", shots, prompt=PROMPT, template="chat", budget_tokens=budget)


def test_the_end_token_is_read_off_the_chat_template(encoder: ChatEncoder) -> None:
    assert encoder.end_token == "<|im_end|>"
    assert encoder.answer_ids(" Yes. ")[-1] == encoder.end_id
    assert encoder.decode(encoder.answer_ids(" Yes. ")) == "Yes."


def test_prompt_and_answer_are_the_conversation_the_template_writes(encoder: ChatEncoder) -> None:
    messages = [{"role": "user", "content": "Why?"}]
    whole = encoder.tokenizer.apply_chat_template(
        [*messages, {"role": "assistant", "content": "So."}], tokenize=False
    )
    ours = encoder.prompt_ids(messages) + encoder.answer_ids("So.")
    assert encoder.tokenizer.decode(ours) + "\n" == whole


def test_the_first_examples_go_when_the_prompt_is_too_long(
    encoder: ChatEncoder, examples: list[Example]
) -> None:
    shots = examples[:4]
    whole = fit(encoder, shots, 10_000)
    assert (whole.shots, whole.dropped) == (4, 0)
    fitted = fit(encoder, shots, len(whole.ids) - 1)
    assert (fitted.shots, fitted.dropped) == (3, 1)
    assert shots[0].answer not in encoder.tokenizer.decode(fitted.ids)
    assert shots[3].answer in encoder.tokenizer.decode(fitted.ids)


def test_a_question_that_does_not_fit_is_refused(encoder: ChatEncoder) -> None:
    with pytest.raises(ModelError, match="10 fit"):
        fit(encoder, [], 10)


def test_the_documents_template_puts_all_examples_in_one_message(
    encoder: ChatEncoder, examples: list[Example]
) -> None:
    fitted = fit_prompt(
        encoder,
        "Why?",
        examples[:2],
        prompt=PROMPT,
        template="document",
        budget_tokens=10_000,
    )
    text = encoder.tokenizer.decode(fitted.ids)
    assert text.count("<|im_start|>user") == 1
    assert f"Example 2:\nQuestion: {examples[1].question}\nAnswer: {examples[1].answer}" in text
    assert "Now answer this question:\nQuestion: Why?\nAnswer:<|im_end|>" in text


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        (GENERATES_OTHERWISE, "differently from its prompt"),
        (ENDS_WITH_NEWLINE, "no end token"),
        (NO_QUESTION, "leaves the question out"),
    ],
)
def test_a_template_that_would_train_the_wrong_thing_is_refused(
    tiny_model: BaseModel, template: str, complaint: str
) -> None:
    tokenizer = load_tokenizer(tiny_model.path)
    tokenizer.chat_template = template
    with pytest.raises(ModelError, match=complaint):
        ChatEncoder(tokenizer)


def test_a_model_without_a_chat_template_is_refused(tiny_model: BaseModel, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny_model.path)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="no chat template"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("template", "does"), [(REFUSES_SYSTEM, "refuses"), (DROPS_SYSTEM, "drops")]
)
def test_a_template_without_a_place_for_the_system_prompt_is_used_without_one(
    tiny_model: BaseModel, template: str, does: str
) -> None:
    tokenizer = load_tokenizer(tiny_model.path)
    tokenizer.chat_template = template
    encoder = ChatEncoder(tokenizer)
    assert encoder.end_token == "<|im_end|>"
    asked = encoder.text(question_messages("Why?", PromptConfig(system=None)))
    assert asked == "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"
    with pytest.raises(ModelError, match=f"{does} a system prompt") as refused:
        encoder.prompt_ids(question_messages("Why?", PROMPT))
    assert "prompt.system" in str(refused.value.todo)


def test_a_template_that_joins_answers_to_prompts_is_refused(tiny_model: BaseModel) -> None:
    """A tokenizer that makes one token of a bar and a quote, after a template's bar."""
    from tokenizers import AddedToken

    tokenizer = load_tokenizer(tiny_model.path)
    tokenizer.chat_template = JOINS
    ChatEncoder(tokenizer)
    tokenizer.add_tokens([AddedToken('|"', normalized=False)])
    with pytest.raises(ModelError, match="other tokens after its prompt than alone") as refused:
        ChatEncoder(tokenizer)
    assert "the chat template" in str(refused.value)


@pytest.mark.parametrize(
    ("instruction", "written"),
    [
        (None, "Why?"),
        ("Be brief. ", "Be brief.\n\nWhy?"),
        ("Answer {question} in brief {braces}.", "Answer Why? in brief {braces}."),
    ],
)
def test_an_instruction_stands_before_or_around_the_question(
    instruction: str | None, written: str
) -> None:
    messages = question_messages(" Why? ", PROMPT, instruction=instruction)
    assert messages[-1] == {"role": "user", "content": written}
