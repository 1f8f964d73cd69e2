from __future__ import annotations

import ipaddress

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.outside.addresses import (
    CheckedBackend,
    RefusedAddressError,
    is_public,
    resolve,
)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8",
                                     "2002:808:808::1", "64:ff9b::808:808"])  # fmt: skip
def test_public_addresses(address) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.88.99.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
     "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "2002:a9fe:a9fe::1",
     "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2001:db8::1", "::127.0.0.1", "2001::1", "localhost", "", "0x7f000001", "2130706433"],
)  # fmt: skip
def test_addresses_that_are_not_public(address) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(ip: ipaddress.IPv4Address) -> None:
    if not ip.is_global:
        mapped = getattr(ip, "ipv4_mapped", None)
        assert not is_public(str(ip)) or (mapped is not None and mapped.is_global)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "017700000001", "localhost"])
def test_other_notations_of_this_machine_are_refused(host) -> None:
    with pytest.raises((RefusedAddressError, httpcore.ConnectError)):
        CheckedBackend().connect_tcp(host, 80, timeout=1)
    assert not all(map(is_public, resolve("127.1", 80)))


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    backend = CheckedBackend(lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(RefusedAddressError, match="not public"):
        backend.connect_tcp("mixed.example", 80, timeout=1)


def test_a_name_that_changes_its_mind_is_asked_once_for_each_connection() -> None:
    """Rebinding: what was checked is what is connected to."""
    asked, connected = [], []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["169.254.169.254"]

    class Recorder(httpcore.SyncBackend):
        def connect_tcp(self, host, port, *rest, **more):  # type: ignore[no-untyped-def]
            connected.append(host)
            raise httpcore.ConnectError("a test connects nowhere")

    backend = CheckedBackend(rebinding)
    backend._inner = Recorder()
    with pytest.raises(httpcore.ConnectError):
        backend.connect_tcp("rebind.example", 80)
    assert (asked, connected) == (["rebind.example"], ["93.184.216.34"])
    with pytest.raises(RefusedAddressError):
        backend.connect_tcp("rebind.example", 80)
    assert connected == ["93.184.216.34"]


def test_sockets_of_this_machine_are_refused() -> None:
    with pytest.raises(RefusedAddressError):
        CheckedBackend(allow_private=True).connect_unix_socket("/tmp/socket")
