from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from token_rows import PROMPT
from tunesmith.errors import ModelError, TunesmithError
from tunesmith.models import BaseModel, load_tokenizer
from tunesmith.prompting import Example, PromptConfig
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune.formats import IGNORED, ChatFormat, Conversation, QaFormat

CHAT = ChatFormat()
WORDS = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "<|" not in text)
#: ChatML that leaves out what the assistant said before the last question.
FORGETS = (
    "{% for message in messages %}{% if message['role'] != 'assistant' or loop.last %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
#: ChatML that counts the messages in its first line.
COUNTS = (
    "{{ '<|im_start|>' + (messages | selectattr('role', 'equalto', 'user') | list | length | string)"
    " + '\n' }}"
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def talk(*contents: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(contents)]


def rows_of(encoder: ChatEncoder, *given_: object, prompt: PromptConfig = PROMPT) -> list:
    read = [CHAT.row(row, n) for n, row in enumerate(given_)]
    return CHAT.encode(encoder, read, prompt=prompt, max_length=512).rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
def test_every_answer_is_learned_once_after_what_stands_before_it_in_use(
    encoder: ChatEncoder, turns: list[tuple[str, str]]
) -> None:
    messages = talk(*(text for turn in turns for text in turn))
    (row,) = rows_of(encoder, messages)
    trimmed = [{**message, "content": message["content"].strip()} for message in messages]
    given_ = [{"role": "system", "content": "Help."}, *trimmed]
    place = 0
    for number in range(2, len(given_), 2):
        asked = encoder.prompt_ids(given_[:number])
        answer = encoder.answer_ids(given_[number]["content"])
        assert row["input_ids"][: len(asked)] == asked
        assert row["labels"][place : len(asked)] == [IGNORED] * (len(asked) - place)
        place = len(asked) + len(answer)
        assert row["labels"][len(asked) : place] == answer
        assert row["input_ids"][len(asked) : place] == answer
    assert place == len(row["labels"]) == len(row["input_ids"])


def test_one_turn_is_what_the_format_qa_makes_of_it(
    encoder: ChatEncoder, examples: list[Example]
) -> None:
    theirs = QaFormat().encode(encoder, examples, prompt=PROMPT, max_length=512).rows
    assert rows_of(encoder, *examples) == theirs


def test_a_conversations_own_system_prompt_wins(encoder: ChatEncoder) -> None:
    own = [{"role": "system", "content": "Be kind."}, *talk("Why?", "So.")]
    (row,) = rows_of(encoder, own)
    text = encoder.tokenizer.decode(row["input_ids"])
    assert text.startswith("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nWhy?")
    assert "Help." not in text


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        (talk("Why?"), "the last message is not the assistant's"),
        (talk("Why?", "So.", "And?"), "the last message is not the assistant's"),
        ([], "the last message is not the assistant's"),
        ([{"role": "assistant", "content": "Hello."}], "begins with the assistant"),
        ([{"role": "bot", "content": "Hello."}], "message 1 has the role 'bot'"),
        (talk("Why?", " "), "message 2 has no content"),
        ([*talk("Why?", "So."), {"role": "system", "content": "x"}], "can only come first"),
        ([{"from": "human", "value": "Why?"}], "message 1 has the role None"),
    ],
)
def test_a_conversation_that_would_lose_a_turn_is_refused(
    encoder: ChatEncoder, messages: list[dict[str, str]], complaint: str
) -> None:
    with pytest.raises(TunesmithError, match=complaint) as refused:
        rows_of(encoder, talk("Good?", "Good."), messages)
    assert "conversation-1" in str(refused.value)


@pytest.mark.parametrize("template", [FORGETS, COUNTS], ids=["forgets", "counts"])
def test_a_template_that_changes_earlier_turns_is_refused(
    tiny_model: BaseModel, template: str
) -> None:
    tokenizer = load_tokenizer(tiny_model.path)
    tokenizer.chat_template = template
    encoder = ChatEncoder(tokenizer)
    rows_of(encoder, talk("Why?", "So."))
    with pytest.raises(ModelError, match="writes the earlier turns of a conversation differently"):
        rows_of(encoder, talk("Why?", "So.", "And?", "Thus."))


def test_long_conversations_are_left_out_whole_and_counted(encoder: ChatEncoder) -> None:
    long, short = talk("Why?", "So. " * 40, "And?", "Thus."), talk("Why?", "So.")
    read = [CHAT.row(row, n) for n, row in enumerate((long, short))]
    encoded = CHAT.encode(encoder, read, prompt=PROMPT, max_length=120)
    assert (encoded.too_long, len(encoded.rows)) == (1, 1)


def test_it_is_written_and_read_back() -> None:
    conversation = Conversation("a", tuple(talk("Why?", "So.")), "g")
    assert CHAT.read(conversation.to_row()) == conversation
    with pytest.raises(TypeError, match="list of messages, not str"):
        CHAT.row("Why?", 1)
