"""The client against a real server: answers, faults, keys."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from chat_server import KEY, Server
from tunesmith.errors import ModelError
from tunesmith.evaluate.endpoint.client import Answered, ChatClient, Failed, chat_url, retry_after
from tunesmith.prompting.endpoint import EndpointModel

QUESTION = [{"role": "user", "content": "one two three four five six"}]


def ask(
    server: Server, fault: str, *, waits: list[float] | None = None, stream: bool = False,
    limit: int = 50, content: str = QUESTION[0]["content"], **settings: Any,
) -> Answered | Failed:  # fmt: skip
    model = EndpointModel(url=server.url(fault), **{"model": "echo", **settings})
    with ChatClient(model, sleep=(waits if waits is not None else []).append) as client:
        return client.ask(
            [{"role": "user", "content": content}], max_new_tokens=limit, stream=stream
        )


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_in_one_piece_and_in_many(server: Server, stream: bool) -> None:
    got = ask(server, "well", stream=stream)
    assert isinstance(got, Answered)
    assert got.reply.text == "one two three four five six"
    assert (got.reply.finish, got.reply.tokens_in, got.reply.tokens_out) == ("stop", 6, 6)
    assert (got.reply.model, got.tries) == ("echo", 1)
    if stream:  # the server waits 0.05 s before each half
        assert got.reply.first_token_s is not None
        assert 0.05 <= got.reply.first_token_s < got.seconds - 0.04
    else:
        assert got.reply.first_token_s is None
    body = server.seen("well")[-1]["body"]
    assert (body["temperature"], body["max_tokens"], body["stream"]) == (0.0, 50, stream)


def test_an_answer_that_reaches_the_limit(server: Server) -> None:
    got = ask(server, "well", limit=2, length_name="max_completion_tokens", temperature=None)
    assert isinstance(got, Answered)
    assert (got.reply.text, got.reply.finish, got.reply.tokens_out) == ("one two", "length", 2)
    assert {"temperature", "max_tokens"}.isdisjoint(server.seen("well")[-1]["body"])


def test_usage_that_is_not_told_is_unknown(server: Server) -> None:
    for stream in (False, True):
        got = ask(server, "uncounted", stream=stream)
        assert isinstance(got, Answered)
        assert (got.reply.tokens_in, got.reply.tokens_out) == (None, None)


def test_retry_after_is_honoured(server: Server) -> None:
    waits: list[float] = []
    got = ask(server, "busy", waits=waits, content="busy once")
    assert isinstance(got, Answered)
    assert (waits, got.tries) == ([1.0], 2)


def test_a_wait_that_is_too_long_is_not_waited_for(server: Server) -> None:
    waits: list[float] = []
    got = ask(server, "closed", waits=waits)
    assert got == Failed(
        "status 429 (insufficient_quota), and it asks to wait for 3600 seconds", True, 1
    )
    assert waits == []


def test_waits_double(server: Server) -> None:
    waits: list[float] = []
    got = ask(server, "shaky", waits=waits, content="shaky")
    assert isinstance(got, Answered)
    assert got.tries == 3
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


def test_patience_ends(server: Server) -> None:
    waits: list[float] = []
    got = ask(server, "down", waits=waits, retries=3, max_wait_s=1.5)
    assert got == Failed("status 503 (overloaded)", True, 4)
    assert len(waits) == 3
    assert waits[2] <= 1.5


@pytest.mark.parametrize("fault", ["cut", "slow"])
def test_a_broken_or_late_reply_is_asked_for_again(server: Server, fault: str) -> None:
    got = ask(server, fault, content=f"{fault} once", timeout_s=1.0)
    assert isinstance(got, Answered)
    assert got.tries == 2


@pytest.mark.parametrize(
    ("fault", "stream", "reason"),
    [
        ("cut-stream", True, "the answer was cut off before its end"),
        ("html", False, "the reply is no JSON"),
        ("html", True, "the answer was cut off before its end"),
    ],
)
def test_replies_that_are_no_completions(
    server: Server, fault: str, stream: bool, reason: str
) -> None:
    assert ask(server, fault, stream=stream, retries=1) == Failed(reason, True, 2)


def test_what_will_not_pass_is_not_asked_again(server: Server) -> None:
    waits: list[float] = []
    got = ask(server, "picky", waits=waits, content="an odd question")
    assert got == Failed("status 400 (context_length_exceeded)", False, 1)
    assert ask(server, "filter") == Failed("the server's filter stopped the answer", False, 1)


def test_a_server_that_cannot_stream_answers_in_one_piece(server: Server) -> None:
    model = EndpointModel(url=server.url("plain"), model="echo")
    with ChatClient(model) as client:
        for _ in range(2):
            got = client.ask(QUESTION, max_new_tokens=9, stream=True)
            assert isinstance(got, Answered)
            assert got.reply.first_token_s is None
        assert not client.streams
    asked = [one["body"]["stream"] for one in server.seen("plain")]
    assert asked == [True, False, False]  # it is tried once


def test_nothing_listens() -> None:
    model = EndpointModel(url="http://127.0.0.1:9/v1", model="echo", retries=1)
    with ChatClient(model, sleep=[].append) as client:
        got = client.ask(QUESTION, max_new_tokens=9)
    assert got == Failed("the server could not be reached", True, 2)


def test_a_proxy_does_not_see_what_stays_on_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(ask(server, "well", retries=0), Answered)


def test_keys_go_where_they_belong(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    assert isinstance(ask(server, "locked", api_key_env="A_KEY"), Answered)
    ask(server, "well", api_key_env="A_KEY", key_header="api-key")
    headers = {name.lower(): value for name, value in server.seen("well")[-1]["headers"].items()}
    assert headers["api-key"] == KEY
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("fault", "settings", "what"),
    [
        ("locked", {"api_key_env": "A_KEY"}, "refuses the key: status 401 (invalid_api_key)"),
        ("locked", {}, "refuses the key: status 401"),
        ("well", {"model": "gone"}, "no model 'gone': status 404 (model_not_found)"),
        ("moved", {}, "sends elsewhere: status 307"),
        ("well", {"api_key_env": "NO_SUCH"}, "variable NO_SUCH is not set"),
    ],
)
def test_what_no_other_question_would_change_is_an_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, fault: str, settings: Any, what: str
) -> None:
    monkeypatch.setenv("A_KEY", "sk-another-key")
    monkeypatch.delenv("NO_SUCH", raising=False)
    with pytest.raises(ModelError) as caught:
        ask(server, fault, **settings)
    message = caught.value.message
    assert what in message
    assert f"127.0.0.1:{server.port}: " in message
    # the server's own words repeat the question and a part of the key
    assert "sk-" not in message
    assert "three four" not in message


def test_the_address_that_is_asked() -> None:
    azure = "https://x.example/openai/deployments/d?api-version=2024-10-21"
    assert chat_url(azure) == (
        "https://x.example/openai/deployments/d/chat/completions?api-version=2024-10-21"
    )


def test_retry_after_as_number_and_as_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert retry_after("7") == 7.0
    assert retry_after(format_datetime(soon, usegmt=True)) == pytest.approx(30, abs=2)
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after("soon") is None
    assert retry_after(None) is None


def test_many_questions_at_once_take_the_time_of_one(server: Server) -> None:
    """The best of three: other work on the machine makes any one of them slow."""
    from concurrent.futures import ThreadPoolExecutor

    took = []
    for _ in range(3):
        begin = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            got = list(pool.map(lambda _: ask(server, "well", stream=True), range(8)))
        assert all(isinstance(one, Answered) for one in got)
        took.append(time.perf_counter() - begin)
    assert min(took) < 8 * 0.1 + 0.5
