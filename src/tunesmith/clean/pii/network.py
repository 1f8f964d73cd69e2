"""IP and MAC addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

IP_HINT = r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:"
_IPV4 = re.compile(r"(?<!\w)(?<!\w\.)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w])(?!\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:%\w{1,16})?(?![\w:])")
_VERSION = re.compile(r"(?:\bv|version|release|build|firmware)[ :]*\Z", re.IGNORECASE)


def ip_addresses(text: str) -> Iterator[tuple[int, int]]:
    """IPv4 and IPv6 addresses; a version number of four parts is none."""
    for match in _IPV4.finditer(text):
        if _is_address(match[0]) and not _VERSION.search(
            text, max(0, match.start() - 12), match.start()
        ):
            yield match.span()
    if text.count(":") < 2:
        return
    for match in _IPV6.finditer(text):
        digits = match[0].partition("%")[0]
        if any(letter.isdigit() for letter in digits) and _is_address(digits):
            yield match.span()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


MAC_HINT = (
    r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
)
_MAC = re.compile(
    r"(?<![\w:.-])(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:-])"
)


def mac_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Hardware addresses (EUI-48) in pairs or in Cisco's groups of four."""
    for match in _MAC.finditer(text):
        yield match.span()
