"""A client of the chat completions protocol that asks again where that can help.

Waits between tries double from half a second, with jitter ("full jitter" of Brooker 2015,
"Exponential Backoff And Jitter", at least half of it), and `Retry-After` is honoured.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

import orjson

from tunesmith.errors import MissingExtraError, ModelError
from tunesmith.evaluate.endpoint.reply import ProtocolError, Reply, read_events, read_whole, said
from tunesmith.prompting.endpoint import EndpointModel
from tunesmith.prompting.template import Message

if TYPE_CHECKING:
    import httpx

_FIRST_WAIT_S = 0.5
_CONNECT_S = 20.0
_PASSING = frozenset({408, 409, 425, 429})
_KEY, _NOT_FOUND = frozenset({401, 403}), 404
_NO_STREAM = frozenset({400, 415, 422, 501})
"""What servers say that cannot stream, or do not know `stream_options`."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, and what it took."""

    reply: Reply
    seconds: float
    """From asking to the whole answer, of the try that succeeded."""
    tries: int


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer."""

    reason: str
    """Without a word of the question, the answer or the key."""
    passing: bool
    """Another time may bring an answer."""
    tries: int


class _Refused(Exception):  # noqa: N818 - a result of one try, not an error of ours
    """One try without an answer."""

    def __init__(self, reason: str, *, passing: bool, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.passing, self.wait_s = reason, passing, wait_s


class ChatClient:
    """Asks one model at one server; may be used by many threads at once.

    Args:
        model: The server, the model and how it is asked.
        sleep: Waits some seconds.

    Raises:
        MissingExtraError: The extra `endpoint` is not installed.
        ModelError: The environment variable with the key is not set.
    """

    def __init__(self, model: EndpointModel, *, sleep: Callable[[float], None] = time.sleep):
        try:
            import httpx
        except ImportError:
            raise MissingExtraError("httpx", "endpoint") from None
        self.model, self._sleep = model, sleep
        self._url, self._random = chat_url(model.url), random.SystemRandom()
        self.streams = True
        """False once the server has answered without streaming what it refused to stream."""
        limit = httpx.Timeout(model.timeout_s, connect=min(_CONNECT_S, model.timeout_s), pool=None)
        # A proxy of the environment would see what must not leave this machine.
        self._http = httpx.Client(timeout=limit, headers=_headers(model), trust_env=not model.local)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def ask(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int,
        stream: bool = False,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Answered | Failed:
        """Ask one question, again where that can help.

        Args:
            messages: The conversation.
            max_new_tokens: The limit of the answer's length.
            stream: Whether to ask for the answer in pieces, to time the first one.
            temperature: Overrides the model's.
            seed: Of the drawing, where the temperature is above 0.

        Raises:
            ModelError: The server does not take the key, does not know the model or the address,
                or sends elsewhere: no other question would fare better.
        """
        body = self._body(messages, max_new_tokens, temperature, seed)
        tries, waited = 0, 0.0
        while True:
            tries += 1
            begin = time.perf_counter()
            try:
                reply = self._try(body, stream=stream and self.streams)
            except _Refused as refused:
                waited = self._wait(tries) if refused.wait_s is None else refused.wait_s
                if waited > self.model.max_wait_s:
                    reason = f"{refused.reason}, and it asks to wait for {waited:.0f} seconds"
                    return Failed(reason, True, tries)
                if not refused.passing or tries > self.model.retries:
                    return Failed(refused.reason, refused.passing, tries)
                self._sleep(waited)
                continue
            return Answered(reply, time.perf_counter() - begin, tries)

    def _wait(self, tries: int) -> float:
        longest: float = min(_FIRST_WAIT_S * 2 ** (tries - 1), self.model.max_wait_s)
        return longest * self._random.uniform(0.5, 1.0)

    def _body(
        self,
        messages: Sequence[Message],
        max_new_tokens: int,
        temperature: float | None,
        seed: int | None,
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model.model,
            "messages": list(messages),
            self.model.length_name: max_new_tokens,
        }
        heat = self.model.temperature if temperature is None else temperature
        if heat is not None:
            body["temperature"] = heat
        if seed is not None:
            body["seed"] = seed
        return body

    def _try(self, body: dict[str, Any], *, stream: bool) -> Reply:
        import httpx

        try:
            if not stream:
                return self._whole(body)
            try:
                return self._streamed(body)
            except _CannotStream:
                reply = self._whole(body)
                self.streams = False
                return reply
        except httpx.TimeoutException:
            raise _Refused("the server did not answer in time", passing=True) from None
        except httpx.ConnectError:
            raise _Refused("the server could not be reached", passing=True) from None
        except httpx.TransportError:
            raise _Refused("the connection broke", passing=True) from None
        except httpx.DecodingError:
            raise _Refused("the reply could not be unpacked", passing=True) from None
        except ProtocolError as error:
            raise _Refused(str(error), passing=True) from None

    def _whole(self, body: Mapping[str, Any]) -> Reply:
        response = self._http.post(self._url, content=orjson.dumps({**body, "stream": False}))
        self._check(response)
        return _usable(read_whole(response.content))

    def _streamed(self, body: Mapping[str, Any]) -> Reply:
        asked = time.perf_counter()
        wanted = {**body, "stream": True, "stream_options": {"include_usage": True}}
        with self._http.stream("POST", self._url, content=orjson.dumps(wanted)) as response:
            if response.status_code in _NO_STREAM:
                raise _CannotStream
            if response.status_code != 200:
                response.read()
            self._check(response)
            if response.headers.get("content-type", "").startswith("application/json"):
                return _usable(read_whole(response.read()))  # a server that never streams
            return _usable(read_events(response.iter_lines(), asked=asked))

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        try:
            code = said(orjson.loads(response.content))
        except orjson.JSONDecodeError:
            code = ""
        if status in _KEY:
            raise ModelError(
                f"the server refuses the key: status {status}{code}",
                where=self.model.host,
                todo=f"look at the environment variable {self.model.api_key_env}"
                if self.model.api_key_env
                else "set api_key_env to the environment variable that holds a key",
            )
        if status == _NOT_FOUND:
            raise ModelError(
                f"there is no such address, or no model '{self.model.model}': status 404{code}",
                where=self.model.host,
                todo="url is the address up to /chat/completions and mostly ends in /v1; model is "
                "a name that the server lists under URL/models",
            )
        if 300 <= status < 400:
            raise ModelError(
                f"the server sends elsewhere: status {status}",
                where=self.model.host,
                todo="put the address that it sends to into url; nothing is sent on by itself",
            )
        passing = status in _PASSING or status >= 500
        wait_s = retry_after(response.headers.get("retry-after")) if passing else None
        raise _Refused(f"status {status}{code}", passing=passing, wait_s=wait_s)


class _CannotStream(Exception):  # noqa: N818 - tells one way out, not an error
    """The server may be able to answer in one piece."""


def _usable(reply: Reply) -> Reply:
    if reply.finish == "content_filter":
        raise _Refused("the server's filter stopped the answer", passing=False)
    return reply


def _headers(model: EndpointModel) -> dict[str, str]:
    headers = {"content-type": "application/json", "user-agent": "tunesmith"}
    key = key_of(model)
    if key is None:
        return headers
    if model.key_header == "api-key":
        return {**headers, "api-key": key}
    return {**headers, "authorization": f"Bearer {key}"}


def key_of(model: EndpointModel) -> str | None:
    """The key from the environment; None where none is asked for.

    Raises:
        ModelError: The variable is not set, or what it holds cannot be a key.
    """
    if model.api_key_env is None:
        return None
    key = os.environ.get(model.api_key_env, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        what = "is not set" if not key else "holds what cannot be a key"
        raise ModelError(
            f"the environment variable {model.api_key_env} {what}",
            where=model.host,
            todo=f"put the key of {model.host} into it; it is read there and written nowhere",
        )
    return key


def chat_url(url: str) -> str:
    """The address that questions are sent to.

    >>> chat_url("http://localhost:8000/v1/")
    'http://localhost:8000/v1/chat/completions'
    """
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/chat/completions"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def retry_after(value: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3: a number, or a date)."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
