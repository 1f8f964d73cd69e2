from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mails import mail, mbox
from tunesmith.collect.mail.boundaries import mails
from tunesmith.collect.mail.headers import Envelope, Head, envelope
from tunesmith.collect.mail.index import Index, Kept, indexed


def same(one: Index, two: Index) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.arrays, two.arrays, strict=True))


def index(path: Path, before: Index | None = None, read: list[int] | None = None) -> Index:
    def about(one) -> Envelope:
        if read is not None:
            read.append(one.start)
        return envelope(Head(one.head))

    return indexed(mails(path, "mbox", max_bytes=1 << 25), about, lambda _: False, before)


def many(count: int) -> list[bytes]:
    return [mail(name=f"{n}@x", text=f"text {n}", answers=(f"{n - 1}@x",)) for n in range(count)]


def test_of_a_file_that_grew_only_what_is_new_is_read(tmp_path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(mbox(many(50)))
    first = index(path)
    path.write_bytes(mbox(many(53)))
    read: list[int] = []
    grown = index(path, first, read)
    assert len(read) == 3
    assert same(grown, index(path))


def test_a_file_that_was_edited_is_read_where_it_differs(tmp_path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(mbox(many(20)))
    first = index(path)
    path.write_bytes(mbox([*many(10), mail(text="a longer text than before"), *many(20)[11:]]))
    read: list[int] = []
    edited = index(path, first, read)
    assert len(read) == 1
    assert same(edited, index(path))


def test_indexes_are_kept_between_runs(tmp_path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(mbox(many(5)))
    made = index(path)
    kept = Kept(tmp_path / "cache" / "mail.index")
    kept.keep("token", "a.mbox", made)
    kept.close()
    again = Kept(tmp_path / "cache" / "mail.index")
    found = again.under("token")
    assert found is not None
    assert same(found, made)
    by_name = again.of_file("a.mbox")
    assert by_name is not None
    assert same(by_name, made)
    assert again.under("other") is None


@pytest.mark.parametrize("place", [0, 9, 30, 150, -1])
def test_a_damaged_index_is_made_again(tmp_path, place: int) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(mbox(many(5)))
    kept = Kept(tmp_path / "mail.index")
    kept.keep("token", "a.mbox", index(path))
    kept.close()
    data = bytearray((tmp_path / "mail.index").read_bytes())
    data[place] ^= 1
    (tmp_path / "mail.index").write_bytes(data)
    assert Kept(tmp_path / "mail.index").under("token") is None
    (tmp_path / "mail.index").write_bytes(b"")
    assert Kept(tmp_path / "mail.index").under("token") is None
