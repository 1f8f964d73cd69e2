from __future__ import annotations

import csv
import itertools
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.dedup import linking, minhash
from tunesmith.dedup.near import NearConfig, bands_of, link
from tunesmith.dedup.normalise import comparable, fold

WORDS = [f"w{n}" for n in range(40)]


def shingle_set(text: str, size: int) -> set[tuple[str, ...]]:
    words = text.split()
    width = min(size, len(words))
    return {tuple(words[n : n + width]) for n in range(len(words) - width + 1)} if words else set()


def true_jaccard(one: str, other: str, size: int) -> float:
    left, right = shingle_set(one, size), shingle_set(other, size)
    return len(left & right) / len(left | right) if left | right else 0.0


def comparable_text(text: str) -> str:
    return comparable(pl.DataFrame({"t": [text]}), ["t"]).item()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello,  WORLD!\nHow's it?", "hello world how s it"),
        ("Größe №5 – café", "größe 5 café"),
        ("東京に行く", "東 京 に 行 く"),
        ("!!!", ""),
    ],
)
def test_comparable_texts(text, expected) -> None:
    assert comparable_text(text) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet="aZ9 _.\n–’é漢Ⅷİ\u0301", max_size=12), min_size=1, max_size=4))
def test_the_compiled_folding_is_the_general_one(texts: list[str]) -> None:
    assert (
        comparable(pl.DataFrame({"t": texts}), ["t"]).to_list() == fold(pl.Series(texts)).to_list()
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), min_size=2, max_size=6),
    st.integers(1, 5),
)
def test_the_compiled_jaccard_is_the_true_one(texts: list[str], size: int) -> None:
    flat, ends = minhash.shingles(pl.Series(texts), size)
    for left, right in itertools.combinations(range(len(texts)), 2):
        expected = true_jaccard(texts[left], texts[right], size)
        assert minhash.jaccard(flat, ends, left, right) == pytest.approx(expected)


def test_signatures_estimate_the_similarity() -> None:
    dice = random.Random(1)
    one = [dice.choice(WORDS) + str(dice.randrange(50)) for _ in range(400)]
    other = one[:300] + [f"z{n}" for n in range(100)]
    texts = pl.Series([" ".join(one), " ".join(other)])
    signature = minhash.signatures(texts, 3, functions=256, seed=3)
    truth = true_jaccard(texts[0], texts[1], 3)
    assert abs(float(np.mean(signature[0] == signature[1])) - truth) < 0.08


def near_copies(count: int) -> list[str]:
    dice = random.Random(5)
    texts = []
    for number in range(count):
        if number % 3 and texts:
            words = dice.choice(texts).split()
            for _ in range(dice.randrange(4)):
                words[dice.randrange(len(words))] = f"n{dice.randrange(1000)}"
        else:
            words = [f"{dice.choice(WORDS)}x{dice.randrange(200)}" for _ in range(60)]
        texts.append(" ".join(words))
    return texts


def test_every_link_is_a_true_pair_and_nearly_every_pair_is_linked() -> None:
    texts = near_copies(300)
    config = NearConfig()
    links = link(pl.Series(texts), config)
    for left, right, similarity in zip(links.left, links.right, links.similarity, strict=True):
        assert true_jaccard(texts[left], texts[right], 5) == pytest.approx(similarity)
        assert similarity >= config.threshold
    true_pairs = [
        (left, right)
        for left, right in itertools.combinations(range(len(texts)), 2)
        if true_jaccard(texts[left], texts[right], 5) >= config.threshold
    ]
    together = sum(links.cluster[left] == links.cluster[right] for left, right in true_pairs)
    assert len(true_pairs) > 100
    assert together >= 0.99 * len(true_pairs)


def test_clusters_are_the_connected_components_of_the_links() -> None:
    texts = near_copies(200)
    links = link(pl.Series(texts), NearConfig())
    parents = list(range(len(texts)))

    def root(row: int) -> int:
        while parents[row] != row:
            row = parents[row]
        return row

    for left, right in zip(links.left, links.right, strict=True):
        one, other = sorted((root(int(left)), root(int(right))))
        parents[other] = one
    assert [root(row) for row in range(len(texts))] == links.cluster.tolist()


def test_policy_revisions_are_found(shared_data) -> None:
    """Pairs among real policies and their paragraphs, against every pair counted exactly."""
    texts = []
    for path in sorted((shared_data / "company-policies-basecamp").rglob("*.md")):
        paragraphs = [p for p in path.read_text(encoding="utf-8").split("\n\n") if len(p) > 80]
        texts += paragraphs
        texts += [p.replace("Basecamp", "HEY", 1) for p in paragraphs if "Basecamp" in p]
    texts = comparable(pl.DataFrame({"t": texts}), ["t"]).to_list()[:600]
    links = link(pl.Series(texts), NearConfig())
    pairs = [
        (left, right)
        for left, right in itertools.combinations(range(len(texts)), 2)
        if true_jaccard(texts[left], texts[right], 5) >= 0.8
    ]
    together = sum(links.cluster[left] == links.cluster[right] for left, right in pairs)
    assert len(pairs) > 20
    assert together >= 0.99 * len(pairs)


def test_empty_texts_are_nobodys_duplicate() -> None:
    links = link(pl.Series(["", "", "a b c d e f", "a b c d e f"]), NearConfig())
    assert links.cluster.tolist() == [0, 1, 2, 2]


def test_no_texts() -> None:
    assert link(pl.Series([], dtype=pl.String), NearConfig()).cluster.tolist() == []


def test_the_seed_alone_decides_the_bands() -> None:
    texts = pl.Series(near_copies(10))
    assert (bands_of(texts, NearConfig()) == bands_of(texts, NearConfig())).all()
    assert not (bands_of(texts, NearConfig()) == bands_of(texts, NearConfig(seed=2))).all()


def real_documents(folder: Path) -> list[str]:
    """2,000 real texts: canned and written replies with their questions, mails, policies."""
    texts = []
    for name, rows in (("canned-replies.csv", 1200), ("tickets.csv", 300)):
        with (folder / "bitext-support" / name).open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        texts += [f"{row['instruction']} {row['response']}" for row in found[:: len(found) // rows]]
    for path in sorted((folder / "company-policies-basecamp").rglob("*.md")):
        texts += [p for p in path.read_text(encoding="utf-8").split("\n\n") if len(p) > 80]
    for path in sorted((folder / "spamassassin-email").rglob("*")):
        if path.is_file() and path.parent.name[-1].isdigit():
            texts.append(path.read_bytes().decode("latin-1"))
    return texts[:2000]


def test_recall_and_precision_on_2000_real_documents(shared_data) -> None:
    """Every pair counted exactly: at least 0.99 of those of 0.8 are candidates, all links true."""
    texts = comparable(pl.DataFrame({"t": real_documents(shared_data)}), ["t"])
    assert texts.len() == 2000
    config = NearConfig()
    flat, ends = minhash.shingles(texts, config.shingle_words)
    true_pairs = {
        (left, right)
        for left, right in itertools.combinations(range(2000), 2)
        if minhash.jaccard(flat, ends, left, right) >= 0.8
    }
    assert len(true_pairs) > 500
    bands = bands_of(texts, config)
    met = sum(bool((bands[:, left] == bands[:, right]).any()) for left, right in true_pairs)
    assert met >= 0.99 * len(true_pairs)
    links = link(texts, config)
    together = sum(links.cluster[left] == links.cluster[right] for left, right in true_pairs)
    assert together >= met
    found = list(zip(links.left.tolist(), links.right.tolist(), strict=True))
    assert {(min(pair), max(pair)) for pair in found} <= true_pairs


def test_every_pair_of_a_bucket_is_verified() -> None:
    """The first row of a bucket is like none of the others, which are alike."""
    texts = pl.Series(["a b c d e f", "k l m n o p", "k l m n o p"])
    flat, ends = minhash.shingles(texts, 5)
    rows, starts = np.arange(3), np.array([0, 3])
    free = np.zeros(3, dtype=bool)
    left, right, _ = linking.link_buckets(rows, rows, starts, flat, ends, 0.8, np.arange(3), free)
    assert (left.tolist(), right.tolist()) == ([1], [2])
    fixed = np.ones(3, dtype=bool)
    left, _, _ = linking.link_buckets(rows, rows, starts, flat, ends, 0.8, np.arange(3), fixed)
    assert not len(left)
