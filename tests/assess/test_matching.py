"""The number of pairs, against SciPy's maximum bipartite matching (Hopcroft and Karp)."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from tunesmith.assess.matching import pairs
from tunesmith.clean.pii.detect import Span

SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(
        lambda at: Span(at[0], at[0] + at[1], "PERSON")
    ),
    max_size=9,
    unique=True,
)


@given(SPANS, SPANS)
def test_as_many_pairs_as_there_can_be(gold: list[Span], found: list[Span]) -> None:
    partner = pairs(gold, found)
    meets = [[int(a.start < b.end and b.start < a.end) for b in found] for a in gold]
    best = 0
    if gold and found:
        best = int((maximum_bipartite_matching(csr_matrix(np.array(meets))) >= 0).sum())
    assert len(partner) == best
    assert len(set(partner.values())) == len(partner)
    assert all(meets[here][there] for here, there in partner.items())


@given(SPANS, SPANS)
def test_a_span_that_agrees_exactly_is_in_a_pair(gold: list[Span], found: list[Span]) -> None:
    partner = pairs(gold, found)
    for span in set(gold) & set(found):
        assert gold.index(span) in partner
        assert found.index(span) in partner.values()


def test_a_long_chain_needs_no_recursion() -> None:
    """Each labelled span meets two found ones; only moving them all makes room for the last."""
    gold = [Span(10 * i + 5, 10 * i + 15, "PERSON") for i in range(5000)]
    found = [Span(10 * i, 10 * i + 10, "PERSON") for i in range(5000)]
    assert len(pairs(list(reversed(gold)), found)) == 5000
