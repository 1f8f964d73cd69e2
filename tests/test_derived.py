from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tunesmith import derived, language
from tunesmith.clean.pii import lexicon


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never() -> bytes:
    raise AssertionError("made again")


def test_what_was_kept_is_read() -> None:
    made = derived.kept("list", "0123456789abcdef", lambda: b"a b")
    assert made.to_pybytes() == b"a b"
    assert derived.kept("list", "0123456789abcdef", never).to_pybytes() == b"a b"


def test_a_new_identity_takes_the_place_of_the_old(cache: Path) -> None:
    for name, identity in (("list", "a" * 16), ("list-of-b", "a" * 16), ("list", "b" * 16)):
        derived.kept(name, identity, lambda: b"text")
    assert {path.name for path in cache.iterdir()} == {
        "list-" + "b" * 16,
        "list-of-b-" + "a" * 16,
    }


@pytest.mark.parametrize("place", ["/proc/nowhere", "a file"])
def test_without_a_folder_it_is_made_each_time(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / place))
    for text in (b"one", b"two"):
        assert derived.kept("list", "a" * 16, lambda text=text: text).to_pybytes() == text


def test_the_identity_follows_versions_and_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    own = derived.identity(("faker",), "ab", "c")
    assert own == derived.identity(("faker",), "ab", "c")
    assert own != derived.identity(("faker",), "a", "bc")
    monkeypatch.setattr(derived.metadata, "version", lambda _: "0")
    assert own != derived.identity(("faker",), "ab", "c")


LISTS = (
    lexicon.given_names,
    lexicon.family_names,
    lexicon.widespread_names,
    lexicon.countries,
    lexicon._trade_words,
    lexicon._lorem_words,
    lexicon._geography,
)


@pytest.mark.parametrize("read", LISTS, ids=lambda read: read.__name__)
def test_a_list_is_the_same_when_it_is_read_again(read: object, cache: Path) -> None:
    read.cache_clear()  # type: ignore[attr-defined]
    made = read()  # type: ignore[operator]
    read.cache_clear()  # type: ignore[attr-defined]
    again = read()  # type: ignore[operator]
    assert made == again == read.__wrapped__.__wrapped__()  # type: ignore[attr-defined]
    assert len(list(cache.iterdir())) == 1


def test_the_model_of_languages_is_the_same_when_it_is_read_again(cache: Path) -> None:
    language._model.cache_clear()
    made = language._model()
    language._model.cache_clear()
    again = language._model()
    assert len(list(cache.iterdir())) == 1
    assert made.keys() == again.keys()
    for name, array in made.items():
        assert array.dtype == again[name].dtype
        np.testing.assert_array_equal(array, again[name])


def test_faker_is_not_loaded_where_the_lists_were_kept() -> None:
    for read in LISTS:
        read.cache_clear()
        read()
    code = (
        "import sys\nfrom tunesmith.clean.pii import lexicon\n"
        "assert lexicon.is_ordinary('secretly') and 'anna' in lexicon.given_names()\n"
        "assert 'Malta' in lexicon.countries() and 'berlin' in lexicon.places()\n"
        "assert not {'faker', 'phonenumbers.geodata'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_buffer_is_kept_as_it_is() -> None:
    made = derived.kept("list", "a" * 16, lambda: pa.py_buffer(b"\x00\xff"))
    assert made.to_pybytes() == b"\x00\xff"
