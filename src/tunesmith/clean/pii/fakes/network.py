"""Fakes of IP and hardware addresses.

IP addresses are of the ranges kept for documentation (RFC 5737, RFC 3849), hardware addresses are
locally administered (IEEE 802, the second-lowest bit of the first octet) and sealed.
"""

from __future__ import annotations

import ipaddress
import re

from tunesmith.clean.pii.fakes.seal import Draw, sealed_hex

_V4 = tuple(
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
_V6 = ipaddress.ip_network("2001:db8::/32")
_HEX = re.compile(r"(?:[0-9a-f]{12}|0x[0-9a-f]{40})")


def ip_address(key: bytes, value: str) -> str | None:
    """An address of the same version from a range that is kept for documentation."""
    try:
        given = ipaddress.ip_address(value.partition("%")[0])
    except ValueError:
        return None
    draw = Draw(key, "ip", str(given))
    if given.version == 4:
        return str(_V4[draw.below(3)][1 + draw.below(254)])
    groups = [f"{draw.below(1 << 16):x}" for _ in range(6)]
    full = "::" not in value
    return f"2001:db8:{':'.join(groups)}" if full else f"2001:db8:{groups[0]}::{groups[1]}"


def is_nobodys(text: str) -> bool:
    """Whether an address is of a range that is kept for documentation."""
    try:
        given = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return any(given in net for net in (*_V4, _V6) if net.version == given.version)


def mac_address(key: bytes, text: str, value: str) -> str:
    """A hardware address of the same grouping, locally administered and sealed."""
    draw = Draw(key, "mac", value)
    first = draw.below(256) & 0xFC | 0x02
    drawn = f"{first:02x}{draw.below(1 << 40):010x}"
    return _written(text, sealed_hex(key, drawn))


def ether_address(key: bytes, text: str, value: str) -> str:
    """An address of Ethereum's form, sealed."""
    draw = Draw(key, "ether", value)
    body = "".join(draw.of("0123456789abcdef") for _ in range(40))
    return "0x" + sealed_hex(key, body)


def is_sealed_hex(key: bytes, text: str) -> bool:
    """Whether a hardware address or one of Ethereum's form is sealed."""
    plain = "".join(letter for letter in text.lower() if letter.isalnum())
    if not _HEX.fullmatch(plain):
        return False
    digits = plain.removeprefix("0x")
    if len(digits) == 12 and int(digits[:2], 16) & 3 != 2:
        return False
    return sealed_hex(key, digits) == digits


def _written(like: str, digits: str) -> str:
    left = iter(digits)
    drawn = "".join(next(left) if letter.isalnum() else letter for letter in like)
    return drawn.upper() if like.upper() == like else drawn
