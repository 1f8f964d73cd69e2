from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat_server import Server, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of the chat completions protocol that answers without a model."""
    with serving() as running:
        yield running
