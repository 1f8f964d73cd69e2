from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dedup_frames import Merged, One
from factory import pairs, recipe, tickets, write_csv
from tunesmith.dedup import semantic
from tunesmith.dedup.clusters import find
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.semantic import SemanticConfig, StaticEmbedder, link_embedded
from tunesmith.errors import ModelError
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

WORDS = {"[UNK]": (0, 0, 0), "money": (1, 0, 0), "cash": (0.99, 0.02, 0), "back": (0, 1, 0),
         "returned": (0.02, 0.99, 0), "parcel": (0, 0, 1)}  # fmt: skip


@pytest.fixture
def model(tmp_path) -> Path:
    """Six words of three dimensions, in the files that model2vec writes."""
    pytest.importorskip("tokenizers")
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    folder = tmp_path / "model"
    folder.mkdir()
    vocabulary = {word: place for place, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    vectors = np.array(list(WORDS.values()), dtype=np.float32)
    save_file({"embeddings": vectors}, folder / "model.safetensors")
    return folder


def test_vectors_are_means_of_length_one(model) -> None:
    vectors = StaticEmbedder(model).embed(pl.Series(["money back", "nothing known", ""]))
    assert vectors[0] == pytest.approx([2**-0.5, 2**-0.5, 0])
    assert not vectors[1:].any()


def merged(frame: pl.DataFrame, model: Path, folder: Path | None = None, **settings) -> Merged:
    config = DedupConfig(semantic=SemanticConfig(model=str(model), **settings))
    found = find(One(frame), config, folder, embedder=StaticEmbedder(model))
    return Merged(*found.outcome(0), [])


@pytest.mark.parametrize("spilled", [True, False])
def test_other_words_for_the_same(model, tmp_path, spilled) -> None:
    frame = pairs(
        {"question": "money back", "answer": "money back", "quality_score": 0.1},
        {"question": "cash returned", "answer": "cash returned", "quality_score": 0.9},
        {"question": "parcel back", "answer": "parcel", "quality_score": 0.5},
        {"question": "unheard of", "answer": "words"},
        {"question": "never seen", "answer": "at all"},
    )
    done = merged(frame, model, tmp_path / "index" if spilled else None)
    assert done.frame["id"].to_list() == ["row00001", "row00002", "row00003", "row00004"]
    fate = done.fates.row(0, named=True)
    assert (fate["step"], fate["kept_id"]) == ("semantic_duplicates", "row00001")
    assert 0.95 <= fate["similarity"] <= 1
    assert merged(frame, model, threshold=1.0).fates.height == 0


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(-2, 2)),
    st.sampled_from([0.5, 0.9]),
    st.integers(1, 5),
)
def test_blocks_find_every_pair(vectors, threshold, size) -> None:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    before, semantic.BLOCK_ROWS = semantic.BLOCK_ROWS, size
    try:
        links = link_embedded(vectors, threshold, np.zeros(len(vectors), dtype=bool))
    finally:
        semantic.BLOCK_ROWS = before
    products = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    for left in range(len(vectors)):
        for right in range(left):
            if products[left, right] >= threshold + 1e-5:
                assert links.cluster[left] == links.cluster[right]
    for left, right, value in zip(links.left, links.right, links.similarity, strict=True):
        assert value == pytest.approx(products[left, right], abs=1e-5)
        assert value >= threshold
    assert len(links.left) == len(vectors) - len(set(links.cluster.tolist()))


def test_a_recipe_with_a_model(model, tmp_path) -> None:
    rows = tickets(6)
    rows[1] |= {
        "question": "I want my money back now",
        "answer": "You get the money back, my dear friend",
    }
    rows[2] |= {
        "question": "Is the cash returned to us",
        "answer": "All cash gets returned to your account",
    }
    write_csv(tmp_path / "t.csv", rows)
    given = recipe(tmp_path, {"path": "t.csv"}, dedup={"semantic": {"model": "model"}})
    done = prepare(load(given), tmp_path / "out", SilentProgress())
    fates = done.ledger.filter(pl.col("step") == "semantic_duplicates")
    assert fates.height == 1
    assert fates["source_id"].item() in {"T-1", "T-2"}


def test_a_folder_without_a_model(tmp_path) -> None:
    with pytest.raises(ModelError, match=r"no tokenizer\.json and no model\.safetensors"):
        StaticEmbedder(tmp_path)
