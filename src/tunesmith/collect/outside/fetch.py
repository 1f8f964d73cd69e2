"""Fetching pages politely and safely: robots.txt, a pace for each host, limits on what comes."""

from __future__ import annotations

import ssl
import time
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from tunesmith.collect.outside.addresses import (
    CheckedBackend,
    RefusedAddressError,
    Resolver,
    resolve,
)
from tunesmith.collect.sandbox import Unreadable

#: RFC 9309: at least 500 KiB of a robots.txt are read, and at least five redirects followed.
ROBOTS_BYTES, MAX_REDIRECTS = 512 << 10, 5

#: The name by which robots.txt may speak of us.
AGENT = "tunesmith"

_STANDARD_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_BLOCK = 64 << 10


@dataclass(frozen=True)
class Manners:
    """How pages are asked for."""

    contact: str | None
    requests_per_second: float
    max_delay_s: float
    timeout_s: float
    max_bytes: int
    ports: tuple[int, ...]
    allow_private: bool

    @property
    def agent(self) -> str:
        """The User-Agent."""
        return f"{AGENT} (+{self.contact})" if self.contact else AGENT


@dataclass(frozen=True)
class Answer:
    """What a server answered, in the end of its redirects."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class _Host:
    robots: Any = None
    """The parsed robots.txt; null where there is none."""
    refusal: str | None = None
    """Why nothing may be fetched from the host."""
    delay_s: float = 0.0
    next_at: float = 0.0
    """The moment (`time.monotonic`) from which the next request may go out."""


@dataclass
class Fetcher:
    """Fetches pages one after the other.

    Raises `Unreadable` where a page may not or cannot be fetched; its reason says why.

    Args:
        manners: How pages are asked for.
        resolver: Names to addresses; another one in tests.
    """

    manners: Manners
    resolver: Resolver = resolve
    _hosts: dict[str, _Host] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._backend = CheckedBackend(self.resolver, allow_private=self.manners.allow_private)
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context(), network_backend=self._backend, max_connections=8, retries=0
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def get(self, url: str, validators: dict[str, str] | None = None) -> Answer:
        """A page, its redirects followed; each hop is checked as the first one is.

        Args:
            url: Its address.
            validators: `If-None-Match` and `If-Modified-Since` of what is there already.

        Raises:
            Unreadable: It may not or cannot be fetched.
        """
        for _ in range(MAX_REDIRECTS + 1):
            host = self._host(url)
            if host.refusal is not None:
                raise Unreadable(host.refusal)
            if host.robots is not None and not host.robots.can_fetch(url, AGENT):
                raise Unreadable("robots.txt does not allow it")
            self._wait(host)
            answer = self._ask(url, validators or {}, self.manners.max_bytes)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            url = _joined(url, answer.headers["location"])
        raise Unreadable(f"more than {MAX_REDIRECTS} redirects")

    def _wait(self, host: _Host) -> None:
        pause = host.next_at - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        host.next_at = time.monotonic() + host.delay_s

    def _host(self, url: str) -> _Host:
        """What is known of a page's host; its robots.txt is fetched once.

        Raises:
            Unreadable: Such an address is not fetched.
        """
        parts = self._checked(url)
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        if origin not in self._hosts:
            self._hosts[origin] = self._robots(origin)
        return self._hosts[origin]

    def _checked(self, url: str) -> Any:
        try:
            parts = urlsplit(url)
            port = parts.port or _STANDARD_PORTS.get(parts.scheme, 0)
        except ValueError:
            raise Unreadable("it is not an address of a page") from None
        if parts.scheme not in _STANDARD_PORTS or not parts.hostname:
            raise Unreadable("only http and https addresses are fetched")
        if parts.username is not None or parts.password is not None:
            raise Unreadable("the address carries a user name")
        if port not in self.manners.ports and not self.manners.allow_private:
            raise Unreadable(f"port {port} is not among the ports that are fetched from")
        return parts

    def _robots(self, origin: str) -> _Host:
        """RFC 9309: none (4xx) allows everything, one that cannot be had (5xx) nothing."""
        from protego import Protego

        host = _Host(delay_s=1 / self.manners.requests_per_second)
        url = f"{origin}/robots.txt"
        try:
            for _ in range(MAX_REDIRECTS + 1):
                self._checked(url)
                self._wait(host)
                answer = self._ask(url, {}, ROBOTS_BYTES, cut=True)
                if answer.status not in _REDIRECTS or "location" not in answer.headers:
                    break
                url = _joined(url, answer.headers["location"])
        except Unreadable as problem:
            host.refusal = f"robots.txt cannot be fetched: {problem.reason}"
            return host
        if answer.status in _REDIRECTS or 400 <= answer.status < 500:
            return host
        if answer.status != 200:
            host.refusal = f"robots.txt cannot be fetched: the server answered {answer.status}"
            return host
        host.robots = Protego.parse(answer.body.decode("utf-8", "replace").replace("\0", ""))
        self._pace(host)
        return host

    def _pace(self, host: _Host) -> None:
        asked = host.robots.crawl_delay(AGENT) or 0.0
        rate = host.robots.request_rate(AGENT)
        if rate is not None and rate.requests > 0:
            asked = max(asked, rate.seconds / rate.requests)
        if asked > self.manners.max_delay_s:
            host.refusal = f"robots.txt asks for {asked:g} s between requests, above max_delay_s"
        host.delay_s = max(host.delay_s, asked)

    def _ask(
        self, url: str, validators: dict[str, str], max_bytes: int, *, cut: bool = False
    ) -> Answer:
        """One request and its answer, without following it.

        Args:
            url: The address.
            validators: Further headers.
            max_bytes: The limit of the body.
            cut: Whether a longer body is cut instead of refused.

        Raises:
            Unreadable: There is no answer within the limits.
        """
        headers = {
            "User-Agent": self.manners.agent,
            "Accept": "text/html, application/xhtml+xml, text/plain, text/markdown, */*;q=0.1",
            "Accept-Encoding": "gzip, deflate",
        } | validators
        self._backend.deadline = time.monotonic() + self.manners.timeout_s
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self.manners.timeout_s)
        try:
            with self._pool.stream(
                "GET", _ascii(url), headers=list(headers.items()), extensions={"timeout": limits}
            ) as response:
                about = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                }
                body = (
                    b""
                    if response.status in _REDIRECTS
                    else _body(response, about, max_bytes, cut=cut)
                )
                return Answer(url, response.status, about, body)
        except RefusedAddressError as refusal:
            raise Unreadable(str(refusal)) from None
        except httpcore.TimeoutException:
            raise Unreadable(f"no whole answer within {self.manners.timeout_s:g} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            raise Unreadable(f"no answer ({type(error).__name__})") from None


def ssl_context() -> ssl.SSLContext:
    """Certificates are checked against those that `httpx` brings or the environment names."""
    import httpx

    return httpx.create_ssl_context()


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError:
        raise Unreadable("a redirect leads to what is no address") from None


def _ascii(url: str) -> str:
    """An address as it goes over the wire: names in Punycode, other letters as percent codes."""
    import httpx

    try:
        return str(httpx.URL(url.partition("#")[0]))
    except (httpx.InvalidURL, ValueError):
        raise Unreadable("it is not an address of a page") from None


def _body(
    response: httpcore.Response, headers: dict[str, str], max_bytes: int, *, cut: bool
) -> bytes:
    """The body, decompressed; never more than the limit and a block is held.

    Raises:
        Unreadable: It is larger, or cannot be decompressed.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding not in {"identity", "gzip", "x-gzip", "deflate"}:
        raise Unreadable("the server answered in an encoding that was not asked for")
    decoder = None if encoding == "identity" else _Inflater(encoding)
    body = bytearray()
    for block in response.iter_stream():
        rest = block
        while rest:
            part, rest = (rest, b"") if decoder is None else decoder.decode(rest)
            body += part
            if len(body) > max_bytes:
                if cut:
                    return bytes(body[:max_bytes])
                raise Unreadable(f"the page has more than {max_bytes:,} bytes")
    if decoder is not None:
        body += decoder.rest()
    if decoder is not None and body and not decoder.ended:
        raise Unreadable("the compressed page is torn")
    return bytes(body)


class _Inflater:
    """Decompresses in blocks, so that a bomb is noticed before it has burst."""

    def __init__(self, encoding: str) -> None:
        self._encoding, self._start = encoding, True
        self._inner = zlib.decompressobj(47 if encoding != "deflate" else 15)

    @property
    def ended(self) -> bool:
        """Whether the end of the stream was seen."""
        return self._inner.eof

    def rest(self) -> bytes:
        """What was held back of the last block: at most the end of one copied run.

        Raises:
            Unreadable: The bytes are not compressed.
        """
        return b"" if self._inner.eof or self._start else self._decompress(b"")

    def _decompress(self, raw: bytes) -> bytes:
        try:
            return self._inner.decompress(raw, _BLOCK)
        except zlib.error:
            raise Unreadable("the page cannot be decompressed") from None

    def decode(self, raw: bytes) -> tuple[bytes, bytes]:
        """A part of what the bytes hold, and the bytes that were not looked at yet.

        Raises:
            Unreadable: They are not compressed.
        """
        if self._inner.eof:
            return b"", b""  # what follows a stream's end is not of the page
        if self._start and self._encoding == "deflate" and raw[0] & 15 != 8:
            self._inner = zlib.decompressobj(-15)  # many servers leave out the zlib header
        self._start = False
        part = self._decompress(raw)
        return part, self._inner.unconsumed_tail
