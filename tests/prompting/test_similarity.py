import numpy as np

from tunesmith.prompting.similarity import TfidfIndex

TEXTS = [
    "where is my parcel",
    "I want a refund for my order",
    "reset the password of my account",
    "where is the refund for my parcel",
    "",
]


def dense_cosines(query: str) -> np.ndarray:
    """The same scores by whole matrices, as scikit-learn defines sublinear, smoothed TF-IDF."""
    words = sorted({word for text in TEXTS for word in text.lower().split()})

    def counts(text: str) -> np.ndarray:
        return np.array([text.lower().split().count(word) for word in words], dtype=float)

    table = np.stack([counts(text) for text in TEXTS])
    idf = np.log((1 + len(TEXTS)) / (1 + (table > 0).sum(axis=0))) + 1

    def unit(row: np.ndarray) -> np.ndarray:
        weights = np.where(row > 0, 1 + np.log(np.maximum(row, 1)), 0) * idf
        return weights / (np.linalg.norm(weights) or 1)

    return np.stack([unit(row) for row in table]) @ unit(counts(query))


def test_scores_equal_a_dense_computation() -> None:
    index = TfidfIndex(TEXTS)
    for query in ["where is my refund refund", "password", "unknown words only"]:
        expected = np.argsort(-dense_cosines(query), kind="stable")[:3]
        assert index.nearest([query], 3) == [[int(i) for i in expected]]


def test_a_text_is_nearest_to_itself() -> None:
    index = TfidfIndex(TEXTS)
    assert [found[0] for found in index.nearest(TEXTS[:4], 1)] == [0, 1, 2, 3]


def test_cover_takes_one_text_of_each_cluster_before_a_second_of_any() -> None:
    texts = ["parcel late today", "parcel late again", "parcel late now", "password reset"]
    assert set(TfidfIndex(texts).cover(2)) & {3} == {3}
    assert len(TfidfIndex(texts).cover(9)) == 4
