from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat_server import Server, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server whose models are judges of known biases."""
    with serving() as running:
        yield running
