"""McNemar's exact test: two methods that are each right or wrong on the same rows."""

from __future__ import annotations


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p-value of the exact test (McNemar 1947; Dietterich 1998, section 3.1).

    Rows on which both are right, or both wrong, say nothing about which is better; of the others,
    half would go to each if the methods were equal. It is the sign-flip permutation test of the
    difference of two shares with every flip counted, and so needs rows that are independent.

    Args:
        only_a: Rows on which only the first is right.
        only_b: Rows on which only the second is right.
    """
    discordant = only_a + only_b
    ways = tail = 1
    for k in range(min(only_a, only_b)):
        ways = ways * (discordant - k) // (k + 1)  # of which k + 1 go to one side, exactly
        tail += ways
    return min(1.0, float(2 * tail / 2**discordant))
