"""Embeddings of the tiny model: BERTScore by its definition, resuming, what is unscored."""

from __future__ import annotations

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.likeness import embedding_model, likened
from tunesmith.evaluate.settings import EmbeddingConfig
from tunesmith.io import read_json
from tunesmith.progress import SilentProgress

torch = pytest.importorskip("torch")

ROWS = [
    ("Your parcel is late.", "Your parcel is late."),
    ("We are sorry.", "The invoice was sent on Monday."),
    ("", "Please reset your password."),
    (None, "It costs 7 euros."),
    ("something", " "),
]


def rows(pairs):
    return [
        {"id": f"r{i}", "prediction": p, "reference": r, "group": None}
        for i, (p, r) in enumerate(pairs)
    ]


def run(model, out, pairs=ROWS, **settings):
    config = EmbeddingConfig(**{"batch_size": 2, **settings})
    return likened(rows(pairs), model=model, config=config, out=out, progress=SilentProgress())


def states(model, text, layer):
    """Hidden states of a text after its begin token, from transformers alone."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.path)
    ids = [tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]
    whole = AutoModel.from_pretrained(model.path, dtype=torch.float32).eval()
    with torch.inference_mode():
        found = whole(input_ids=torch.tensor([ids]), output_hidden_states=True)
    return found.hidden_states[layer][0, 1:]


def cosine(a, b):
    return float(a @ b / (a.norm() * b.norm()))


def by_definition(answer, reference):
    """Zhang et al. 2020, equations of R, P and F, with loops."""
    precision = sum(max(cosine(x, y) for y in reference) for x in answer) / len(answer)
    recall = sum(max(cosine(x, y) for x in answer) for y in reference) / len(reference)
    return 2 * precision * recall / (precision + recall)


@pytest.mark.slow
def test_scores_are_those_of_the_definition(tiny_model, tmp_path):
    found = run(tiny_model, tmp_path, layer=1)
    known = read_json(tmp_path / "likeness.json")
    answer, reference = (states(tiny_model, text, 1) for text in ROWS[1])
    raw = known["rows"]["r1"]
    assert raw["bert_score"] == pytest.approx(by_definition(answer, reference), abs=1e-5)
    assert raw["embedding_similarity"] == pytest.approx(
        cosine(answer.mean(0), reference.mean(0)), abs=1e-5
    )
    for name in ("bert_score", "embedding_similarity"):
        zero = known["unrelated"][name]
        assert found[1][name] == pytest.approx((raw[name] - zero) / (1 - zero))
        assert found[0][name] == pytest.approx(1, abs=1e-5)
        assert [row[name] for row in found[2:]] == [0.0, None, None]


@pytest.mark.slow
def test_zero_is_the_mean_of_unrelated_references(tiny_model, tmp_path):
    texts = ["one parcel", "two invoices", "a refund"]
    run(tiny_model, tmp_path, [("x", text) for text in texts], layer=2)
    known = read_json(tmp_path / "likeness.json")["unrelated"]
    vectors = [states(tiny_model, text, 2) for text in texts]
    pairs = [(0, 1), (1, 2), (2, 0)]  # of three rows, every order compares all of them
    assert known["bert_score"] == pytest.approx(
        sum(by_definition(vectors[a], vectors[b]) for a, b in pairs) / 3, abs=1e-5
    )
    assert known["embedding_similarity"] == pytest.approx(
        sum(cosine(vectors[a].mean(0), vectors[b].mean(0)) for a, b in pairs) / 3, abs=1e-5
    )


@pytest.mark.slow
def test_the_same_answers_are_not_read_again_and_others_are(tiny_model, tmp_path):
    run(tiny_model, tmp_path)
    first = (tmp_path / "likeness.json").stat().st_mtime_ns
    again = run(tiny_model, tmp_path)
    assert (tmp_path / "likeness.json").stat().st_mtime_ns == first
    assert again[0]["bert_score"] == pytest.approx(1, abs=1e-5)
    run(tiny_model, tmp_path, [*ROWS[1:], ("a", "b")])
    assert (tmp_path / "likeness.json").stat().st_mtime_ns != first
    assert not (tmp_path / "work-embed").exists()


@pytest.mark.slow
def test_a_layer_that_is_not_there_is_named(tiny_model, tmp_path):
    with pytest.raises(TunesmithError, match="no layer 9: the model has 2"):
        run(tiny_model, tmp_path, layer=9)


def test_equal_references_have_no_zero(tiny_model, tmp_path):
    with pytest.raises(TunesmithError, match="has no zero"):
        run(tiny_model, tmp_path, [("a", "b"), ("c", "b")])


def test_a_relative_folder_starts_at_the_recipe(tiny_model, tmp_path):
    config = EmbeddingConfig(model=tiny_model.path.name)
    found = embedding_model(config, base=tiny_model, folder=tiny_model.path.parent)
    assert found.path == tiny_model.path.resolve() or found.path == tiny_model.path
    assert embedding_model(EmbeddingConfig(), base=tiny_model, folder=tmp_path) is tiny_model
