from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.errors import MissingExtraError, TunesmithError
from tunesmith.store import vault

pytest.importorskip("cryptography", reason="the extra `vault` is not installed")
KEY, OTHER = b"a secret of this test", b"another secret of this test"
ENTRIES = [("[EMAIL_ABCDEFGH]", "EMAIL", "jane@acme.test"), ("Zora Vey", "PERSON", "Jane Doe")]


def frame(entries=ENTRIES) -> pl.DataFrame:
    return pl.DataFrame(entries, schema=["shown", "kind", "original"], orient="row")


@pytest.fixture
def folder(tmp_path) -> Path:
    vault.write(tmp_path / "part-00000.vault", frame(), KEY)
    return tmp_path


def test_what_was_written_is_read_with_the_same_key(folder) -> None:
    assert list(vault.read(folder, KEY)) == [list(entry) for entry in ENTRIES]
    path = folder / "part-00000.vault"
    assert path.stat().st_mode & 0o077 == 0
    assert b"jane" not in path.read_bytes().lower()
    before = path.read_bytes()
    vault.write(path, frame(), KEY)
    assert path.read_bytes() == before


def test_another_key_is_refused(folder) -> None:
    with pytest.raises(TunesmithError, match="another secret") as error:
        list(vault.read(folder, OTHER))
    assert "TUNESMITH_SECRET" in error.value.message


@pytest.mark.parametrize("size", [0, 5, 40, -1])
def test_a_cut_file_is_refused(folder, size) -> None:
    path = folder / "part-00000.vault"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(TunesmithError, match=r"is cut|beginning is lost"):
        list(vault.read(folder, KEY))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(tmp_path_factory, place, bits) -> None:
    folder = tmp_path_factory.mktemp("vault")
    path = folder / "part-00000.vault"
    vault.write(path, frame(), KEY)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= bits
    path.write_bytes(data)
    with pytest.raises(TunesmithError):
        list(vault.read(folder, KEY))


def test_no_vault_says_what_to_do(tmp_path) -> None:
    with pytest.raises(TunesmithError, match=r"clean\.personal_data\.vault"):
        list(vault.read(tmp_path / "none", KEY))


def test_publishing_leaves_the_files_of_this_run_alone(folder, tmp_path) -> None:
    out = tmp_path / "run" / "vault"
    part = folder / "part-00000.vault"
    vault.publish([part], out)
    (out / "part-00007.vault").write_bytes(b"old")
    vault.publish([part], out)
    assert [path.name for path in out.iterdir()] == [part.name]
    assert out.stat().st_mode & 0o077 == 0
    vault.publish([], out)
    assert not out.exists()


def test_without_the_package_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(
        __import__("sys").modules, "cryptography.hazmat.primitives.ciphers.aead", None
    )
    with pytest.raises(MissingExtraError, match=r"tunesmith\[vault\]"):
        vault.require()
