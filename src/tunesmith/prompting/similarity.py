"""Word TF-IDF with cosine similarity, in NumPy: fast enough for any prompt's needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")


class TfidfIndex:
    """An inverted index over texts, scored by the cosine of their TF-IDF vectors.

    A word's weight in a text is `(1 + ln count) * (1 + ln((1 + n) / (1 + texts with it)))`, the
    smoothed form, and vectors have length one (Salton & Buckley 1988).

    Args:
        texts: n texts; at least one.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.size = len(texts)
        counts = [_words(text) for text in texts]
        seen: Counter[str] = Counter(word for count in counts for word in count)
        self._idf = {
            word: float(np.log((1 + self.size) / (1 + number)) + 1) for word, number in seen.items()
        }
        self._vectors = [self._vector(count) for count in counts]
        postings: dict[str, tuple[list[int], list[float]]] = {}
        for text, vector in enumerate(self._vectors):
            for word, weight in vector.items():
                where, weights = postings.setdefault(word, ([], []))
                where.append(text)
                weights.append(weight)
        self._postings = {
            word: (np.array(where), np.array(weights))
            for word, (where, weights) in postings.items()
        }

    def nearest(self, queries: Sequence[str], k: int) -> list[list[int]]:
        """The k texts most similar to each query, the nearest first; of equals the earlier one."""
        found = []
        for query in queries:
            scores = self._scores(self._vector(_words(query)))
            found.append([int(i) for i in np.argsort(-scores, kind="stable")[:k]])
        return found

    def cover(self, k: int) -> list[int]:
        """The k texts whose best similarity to every text is largest in sum, greedily.

        Facility location; the greedy choice is within 1 - 1/e of the best
        (Nemhauser, Wolsey & Fisher 1978).
        """
        similarity = np.stack([self._scores(vector) for vector in self._vectors])
        best: NDArray[np.float64] = np.zeros(self.size)
        chosen: list[int] = []
        for _ in range(min(k, self.size)):
            gain = np.maximum(similarity, best).sum(axis=1)
            gain[chosen] = -1.0
            chosen.append(int(np.argmax(gain)))
            best = np.maximum(best, similarity[chosen[-1]])
        return chosen

    def _scores(self, vector: dict[str, float]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = np.zeros(self.size)
        for word, weight in vector.items():
            where, weights = self._postings[word]
            scores[where] += weight * weights  # a text occurs once in a word's postings
        return scores

    def _vector(self, counts: Counter[str]) -> dict[str, float]:
        weights = {
            word: (1 + np.log(number)) * self._idf[word]
            for word, number in sorted(counts.items())
            if word in self._idf
        }
        length = float(np.sqrt(sum(weight * weight for weight in weights.values())))
        return {word: float(weight) / length for word, weight in weights.items()}


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))
