from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.chats import cut
from tunesmith.collect.chats.cut import Cutter
from tunesmith.collect.chats.links import threads
from tunesmith.collect.chats.post import Post

START = datetime(2025, 1, 1, tzinfo=UTC)


def post(number: int, author: str, minute: float, text: str = "words", **more) -> Post:
    at = START + timedelta(minutes=minute)
    return Post(text, author, position=f"line {number}", line=number, at=at, **more)


def cut_up(posts, *, silence=30.0, addressing=False) -> list[list[int]]:
    cutter = Cutter(silence_s=silence * 60, addressing=addressing, name="log")
    found = [one for each in posts for one in cutter.add(each)] + list(cutter.end())
    return [[each.line for each in one.posts] for one in found]


def test_silence_ends_a_conversation() -> None:
    posts = [post(1, "a", 0), post(2, "b", 30), post(3, "a", 60.1), post(4, "b", 61)]
    assert cut_up(posts) == [[1, 2], [3, 4]]
    assert cut_up(posts, silence=31) == [[1, 2, 3, 4]]


def test_a_clock_that_goes_back_ends_nothing() -> None:
    posts = [post(1, "a", 600), post(2, "b", 0), post(3, "a", 10), post(4, "b", 50)]
    assert cut_up(posts) == [[1, 2, 3], [4]]


def test_threads_go_on_through_silence_and_beside_the_channel() -> None:
    posts = [
        post(1, "a", 0, thread="t"),
        post(2, "b", 1),
        post(3, "c", 900, thread="t"),
        post(4, "b", 901),
    ]
    assert cut_up(posts) == [[2], [1, 3], [4]]


def test_conversations_at_once_are_told_apart_by_who_is_spoken_to() -> None:
    posts = [
        post(1, "ann", 0, "my disk is full"),
        post(2, "cid", 1, "no sound here"),
        post(3, "bob", 2, "ann: df -h"),
        post(4, "dan", 3, "@cid alsamixer"),
        post(5, "ann", 4, "thanks"),
        post(6, "cid", 5, "dan, it is muted"),
        post(7, "bob", 6, "http://example.org: a link is nobody"),
    ]
    assert sorted(cut_up(posts, addressing=True)) == [[1, 3, 5, 7], [2, 4, 6]]
    assert cut_up(posts) == [[1, 2, 3, 4, 5, 6, 7]]


def test_who_is_spoken_to_long_after_is_somebody_new() -> None:
    posts = [post(1, "ann", 0), post(2, "bob", 200, "ann: still there?")]
    assert cut_up(posts, addressing=True) == [[1], [2]]


def test_what_is_held_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(cut, "MAX_HELD", 4)
    posts = [post(n, "a", 0, thread=str(n)) for n in range(1, 8)]
    cutter = Cutter(silence_s=60, addressing=False, name="log")
    early = [one for each in posts for one in cutter.add(each)]
    assert [one.posts[0].line for one in early] == [1, 2, 3]
    assert len(list(cutter.end())) == 4


def test_annotated_links_make_threads(tmp_path) -> None:
    file = tmp_path / "a.annotation.txt"
    file.write_text("1000 1000 -\n1000 1002 -\n1001 1003 -\n1002 1004\nnot a link\n1 2 3 4\n")
    assert threads(file) == {1001: 1001, 1003: 1001, 1005: 1001, 1002: 1002, 1004: 1002}


POSTS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cid", None]),
        st.floats(-100, 1000) | st.none(),
        st.sampled_from(["words", "ann: words", "@bob words", "zoe, words", ""]),
        st.sampled_from([None, None, "t1", "t2"]),
        st.booleans(),
    ),
    max_size=40,
)


@given(POSTS, st.booleans(), st.floats(0.1, 500), st.integers(1, 30))
def test_every_post_is_in_one_conversation(given_, addressing, silence, held) -> None:
    posts = [
        Post(text, author, position=f"line {n}", line=n, thread=thread, system=system,
             at=None if minute is None else START + timedelta(minutes=minute))
        for n, (author, minute, text, thread, system) in enumerate(given_)
    ]  # fmt: skip
    before, cut.MAX_HELD = cut.MAX_HELD, held
    try:
        found = cut_up(posts, silence=silence, addressing=addressing)
    finally:
        cut.MAX_HELD = before
    assert sorted(line for one in found for line in one) == list(range(len(posts)))
    assert all(one == sorted(one) for one in found)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=40), st.floats(1, 100))
def test_silence_cuts_where_and_only_where_nobody_wrote(gaps, silence) -> None:
    minutes, now = [], 0.0
    for gap in gaps:
        now += round(gap, 2)
        minutes.append(now)
    found = cut_up([post(n, "a", m) for n, m in enumerate(minutes)], silence=silence)
    for one in found:
        assert all(minutes[b] - minutes[a] <= silence + 1e-6 for a, b in pairwise(one))
    for one, other in pairwise(found):
        assert minutes[other[0]] - minutes[one[-1]] > silence - 1e-6
