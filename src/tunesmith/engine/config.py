"""The settings of the engines."""

from __future__ import annotations

from pydantic import field_validator

from tunesmith.config import Config


class RayConfig(Config):
    """Which Ray cluster works on the data."""

    address: str | None = None
    """`HOST:PORT` of a running cluster's head, or `auto` for the one that this machine belongs to;
    without it, `RAY_ADDRESS` says so, and without that Ray is started on this machine alone."""

    @field_validator("address")
    @classmethod
    def _has_a_form_that_is_known(cls, address: str | None) -> str | None:
        if address is None or address == "auto":
            return address
        host, colon, port = address.rpartition(":")
        if not (host and colon and port.isdigit()) or "/" in host:
            raise ValueError(
                "an address is HOST:PORT or auto; run the command on a node of the cluster"
            )
        return address
