"""Invented pairs of answers, for tests of figures."""

from __future__ import annotations

import random


def invented(count, seed=1):
    """Pairs of sentences that share some of their words, some empty, some alike."""
    rng = random.Random(seed)
    vocabulary = (
        "the a an invoice refund order is late, sorry. Please reset (your) e-mail 42 $3.50 it's"
    )
    out = []
    for _ in range(count):
        reference = rng.choices(vocabulary.split(), k=rng.randint(1, 30))
        prediction = [word if rng.random() < 0.7 else "ticket" for word in reference]
        rng.shuffle(prediction[: rng.randint(0, len(prediction))])
        out.append((" ".join(prediction[: rng.randint(0, 30)]), " ".join(reference)))
    return out
