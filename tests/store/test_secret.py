from __future__ import annotations

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.store import secret as store


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.delenv("TUNESMITH_SECRET")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store._stored.cache_clear()
    yield tmp_path
    store._stored.cache_clear()


def test_a_secret_is_made_once_for_its_owner(home) -> None:
    one = store.secret()
    store._stored.cache_clear()
    assert store.secret() == one
    path = home / "tunesmith" / "secret.key"
    assert path.stat().st_mode & 0o077 == 0
    assert len(one) == 64
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.key"]


def test_a_short_secret_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("TUNESMITH_SECRET", "short")
    with pytest.raises(TunesmithError, match="too short"):
        store.secret()


def test_pseudonyms_fold_case_and_spaces_and_hold_no_digit() -> None:
    one = store.pseudonym(b"key", "customer", "Jane  Doe")
    assert one == store.pseudonym(b"key", "customer", "jane doe ")
    assert one != store.pseudonym(b"other", "customer", "jane doe")
    assert one != store.pseudonym(b"key", "author", "jane doe").replace("author", "customer")
    assert not any(letter.isdigit() for letter in one)
