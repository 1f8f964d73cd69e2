"""A real GLiNER of two layers with random weights: it finds nonsense, at places that must be right."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tunesmith.clean.pii.backends import GlinerModel, find_names, loaded
from tunesmith.errors import MissingExtraError, ModelError

MOST_WORDS = 40
LABELS = {"person": "PERSON", "city": "LOCATION"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with one token a letter, saved as safetensors."""
    pytest.importorskip("gliner", reason="the extra pii-models is not installed")
    import torch
    from gliner.config import UniEncoderSpanConfig
    from gliner.model import UniEncoderSpanGLiNER
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = [chr(code) for code in range(33, 127)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *[f"##{letter}" for letter in letters]]
    backend = Tokenizer(
        models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]")
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_max_length=512,
    )  # fmt: skip
    tokenizer.add_tokens(["[FLERT]", "<<ENT>>", "<<SEP>>"], special_tokens=True)
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("gliner") / "tiny"
    config = UniEncoderSpanConfig(
        model_name=str(folder),
        encoder_config={
            "model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": len(tokenizer),
            "max_position_embeddings": 512,
        },
        hidden_size=32, max_width=4, max_len=MOST_WORDS, dropout=0.0, vocab_size=len(tokenizer),
        class_token_index=tokenizer.convert_tokens_to_ids("<<ENT>>"),
    )  # fmt: skip
    model = UniEncoderSpanGLiNER(config, tokenizer=tokenizer, backbone_from_pretrained=False)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


def settings(folder: Path, **more: Any) -> GlinerModel:
    return GlinerModel(model=str(folder), labels=LABELS, threshold=0.0, **more)


def test_places_and_labels_are_those_of_the_model(folder) -> None:
    from gliner import GLiNER

    texts = ["Jane Doe lives in Paris", "  Zoë, too.", ""]
    found = find_names(settings(folder), texts)
    model = GLiNER.from_pretrained(str(folder), local_files_only=True)
    for text, spans in zip(texts[:2], found, strict=False):
        (entities,) = model.inference([text], list(LABELS), threshold=0.0)
        assert entities
        assert [(span.start, span.end, span.kind) for span in spans] == [
            (item["start"], item["end"], LABELS[item["label"]]) for item in entities
        ]
    assert found[2] == []
    assert find_names(GlinerModel(model=str(folder), labels=LABELS, threshold=1.0), texts) == [
        [],
        [],
        [],
    ]


def test_no_word_beyond_the_models_limit_is_dropped(folder) -> None:
    """The model reads 40 words of a text; a text of 400 is cut so that all are read."""
    text = " ".join(["a.b"] * 133)  # three words each, as GLiNER counts
    (found,) = find_names(settings(folder), [text])
    covered = [any(span.start <= place < span.end for span in found) for place in range(len(text))]
    tenth = len(text) // 10
    assert all(any(covered[start : start + tenth]) for start in range(0, len(text) - tenth, tenth))


def test_what_is_missing_is_said(folder, tmp_path) -> None:
    with pytest.raises(ModelError, match="hf download nobody/no-such-model"):
        loaded(GlinerModel(model="nobody/no-such-model"))
    (tmp_path / "gliner_config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(ModelError, match=r"no model.safetensors\n.*only safetensors are read"):
        loaded(GlinerModel(model=str(tmp_path)))


def test_without_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "gliner", None)
    with pytest.raises(
        MissingExtraError, match=r"'gliner' is not installed\n.*tunesmith\[pii-models\]"
    ):
        loaded(GlinerModel(model="asked for without gliner"))
