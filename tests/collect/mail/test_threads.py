from __future__ import annotations

import hashlib
import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mails import mail
from tunesmith.collect.mail.boundaries import Bounds
from tunesmith.collect.mail.headers import Head, envelope
from tunesmith.collect.mail.index import Index, indexed
from tunesmith.collect.mail.threads import _components, threads_of

DAY = 86_400.0


def index(mails: list[bytes], answering: str = "help@shop.example") -> Index:
    bounds, place = [], 0
    for one in mails:
        digest = hashlib.blake2b(one, digest_size=16).digest()
        bounds.append(Bounds(place, place + len(one), digest, one))
        place += len(one)
    return indexed(bounds, lambda one: envelope(Head(one.head)), answering.__eq__, None)


def groups(files: list[list[bytes]], days: float = 30) -> set[frozenset[bytes]]:
    found = threads_of([index(mails) for mails in files], days * DAY)
    at = list(zip(found.files.tolist(), found.numbers.tolist(), strict=True))
    return {
        frozenset(files[file][number - 1] for file, number in at[start:end])
        for start, end in itertools.pairwise(found.starts.tolist())
    }


ASKED = mail(name="1@x")
ANSWERED = mail("help@shop.example", to="ann@example.net", name="2@x", answers=("1@x",), day=2)
OTHER = mail(name="9@x", subject="Else")


def test_by_references_across_files() -> None:
    assert groups([[ANSWERED, OTHER], [ASKED]]) == {
        frozenset([ASKED, ANSWERED]),
        frozenset([OTHER]),
    }


def test_by_an_identifier_that_only_others_name() -> None:
    one, two = mail(name="a@x", answers=("gone@x",)), mail(name="b@x", answers=("gone@x",))
    assert groups([[one, two]]) == {frozenset([one, two])}


def test_by_in_reply_to() -> None:
    reply = mail(name="r@x", more="In-Reply-To: Your mail <1@x> of today\n", day=40)
    assert groups([[ASKED, reply]]) == {frozenset([ASKED, reply])}


@pytest.mark.parametrize(
    ("reply", "tied"),
    [
        ({"subject": "Re: Order"}, True),
        ({"subject": "AW: [shop] Re: order"}, True),
        ({"subject": "Order"}, False),  # does not say that it is a reply
        ({"subject": "Re: Another"}, False),
        ({"subject": "Re: Order", "sender": "bob@example.net"}, False),  # shares only the agent
        ({"subject": "Re: Order", "sender": "help@shop.example", "to": "ann@example.net"}, True),
        ({"subject": "Re: Order", "answers": ("other@x",)}, False),  # says what it answers
        ({"subject": "Re: Order", "day": 31}, True),
    ],
)
def test_by_subject_where_identifiers_lack(reply: dict, tied: bool) -> None:
    two = mail(**({"day": 3} | reply))
    assert (len(groups([[ASKED, two]])) == 1) is tied


def test_no_subject_ties_over_the_window() -> None:
    assert len(groups([[ASKED, mail(subject="Re: Order", day=9)]], days=7)) == 2
    assert len(groups([[ASKED, mail(subject="Re: Order", day=8)]], days=7)) == 1


def test_mails_without_date_are_not_tied_by_subject() -> None:
    undated = mail(subject="Re: Order").replace(b"Date:", b"X-Date:")
    assert len(groups([[ASKED, undated]])) == 2


def _many(count: int, seed: int) -> list[bytes]:
    rng = random.Random(seed)
    made = []
    for number in range(count):
        refs = tuple(f"{rng.randrange(count)}@x" for _ in range(rng.choice((0, 0, 1, 2))))
        made.append(
            mail(
                rng.choice(("ann@a.net", "bob@b.net", "help@shop.example")),
                f"text {number}",
                name=rng.choice((None, f"{number}@x", f"{number}@x")),
                subject=rng.choice(("Order", "Re: Order", "Re: Bill")),
                answers=refs,
                day=rng.randrange(1, 28),
            )
        )
    return made


@given(st.integers(2, 30), st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_and_division_of_files_change_nothing(count, seed, rng) -> None:
    mails = _many(count, seed)
    whole = groups([mails], days=5)
    rng.shuffle(mails)
    cut = rng.randrange(1, count)
    assert groups([mails[cut:], mails[:cut]], days=5) == whole


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60))
def test_components_are_those_of_a_search(edges) -> None:
    left = np.array([edge[0] for edge in edges], np.int64)
    right = np.array([edge[1] for edge in edges], np.int64)
    near: dict[int, set[int]] = {node: {node} for node in range(41)}
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    expected = []
    for node in range(41):
        reached, todo = set(), [node]
        while todo:
            here = todo.pop()
            if here not in reached:
                reached.add(here)
                todo += near[here]
        expected.append(min(reached))
    assert _components(41, left, right).tolist() == expected


def test_a_long_chain_is_one_thread() -> None:
    count = 100_000
    nodes = np.arange(count)
    order = np.random.default_rng(1).permutation(count)
    assert not _components(count, order[:-1], order[1:]).any()
    assert not _components(count, nodes[:-1], nodes[1:]).any()
