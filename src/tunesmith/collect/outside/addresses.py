"""Connections to public addresses only, checked on the very address that is connected to.

A name is resolved once, every address that it has is looked at, and the connection goes to one of
those: a name that answers otherwise a moment later (DNS rebinding) changes nothing. Addresses in
any other notation (decimal, octal, hexadecimal) are looked at after they were resolved.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

#: What stands in IPv6 for an IPv4 address: its prefix, and how many bits follow the address.
_EMBEDDED = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # RFC 4291, mapped
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # RFC 6052, NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # RFC 3056, 6to4
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_RELAYS = ipaddress.IPv4Network("192.88.99.0/24")  # RFC 7526, 6to4 relays

Resolver = Callable[[str, int], list[str]]


class RefusedAddressError(httpcore.ConnectError):
    """A name stands for an address that may not be connected to."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            return False
        for network, shift in _EMBEDDED:
            if ip in network:
                inner = ipaddress.IPv4Address(int(ip) >> shift & 0xFFFFFFFF)
                return _public_v4(inner)
        return ip in _GLOBAL_UNICAST and ip.is_global
    return _public_v4(ip)


def _public_v4(ip: ipaddress.IPv4Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip in _RELAYS)


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name, as the system resolves it.

    Raises:
        httpcore.ConnectError: It has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError("the name cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedBackend(httpcore.NetworkBackend):
    """Opens connections to checked addresses, and ends them at a deadline.

    Args:
        resolver: As `resolve`.
        allow_private: Whether any address may be connected to.
    """

    def __init__(self, resolver: Resolver = resolve, *, allow_private: bool = False) -> None:
        self.resolver, self.allow_private = resolver, allow_private
        self.deadline = float("inf")
        """The moment (`time.monotonic`) at which whatever goes on is given up."""
        self._inner = httpcore.SyncBackend()

    def left(self, timeout: float | None) -> float:
        """How many seconds an operation may take.

        Raises:
            httpcore.ReadTimeout: None any more.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline is over")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to one of a name's addresses, if all of them are public.

        Raises:
            RefusedAddressError: One is not.
            httpcore.ConnectError: None can be reached.
        """
        addresses = self.resolver(host.strip("[]"), port)
        if not self.allow_private and not all(map(is_public, addresses)):
            raise RefusedAddressError("it is at an address that is not public")
        problem: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            try:
                stream = self._inner.connect_tcp(
                    address, port, self.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _DeadlineStream(stream, self)
        raise problem

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never: a page does not come from this machine's sockets.

        Raises:
            RefusedAddressError: Always.
        """
        raise RefusedAddressError("sockets of this machine are not connected to")


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every operation ends at the backend's deadline.

    A server that sends a byte a second keeps each single read within its timeout; all of them
    together it does not keep.
    """

    def __init__(self, inner: httpcore.NetworkStream, backend: CheckedBackend) -> None:
        self._inner, self._backend = inner, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._backend.left(timeout))
        return _DeadlineStream(inner, self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
