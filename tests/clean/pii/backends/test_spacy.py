"""A real spaCy, with a pipeline of rules: trained weights cannot be part of the tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tunesmith.clean.pii.backends import SpacyModel, find_names, loaded
from tunesmith.clean.pii.detect import Span
from tunesmith.errors import MissingExtraError, ModelError


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pipeline that knows two people, a city and a drink."""
    spacy = pytest.importorskip("spacy", reason="the extra pii-models is not installed")
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PERSON", "pattern": [{"LOWER": "jane"}, {"LOWER": "doe"}]},
            {"label": "PERSON", "pattern": "Zoë"},
            {"label": "GPE", "pattern": "Paris"},
            {"label": "PRODUCT", "pattern": "Coffee"},
        ]
    )
    folder = tmp_path_factory.mktemp("spacy") / "rules"
    nlp.to_disk(folder)
    return folder


def test_labels_become_kinds(pipeline) -> None:
    found = find_names(
        SpacyModel(model=str(pipeline)), ["Jane Doe has Coffee in Paris", "", "\U0001f600 Zoë"]
    )
    assert found == [[Span(0, 8, "PERSON"), Span(23, 28, "LOCATION")], [], [Span(2, 5, "PERSON")]]
    mapped = SpacyModel(model=str(pipeline), labels={"PRODUCT": "SECRET"})
    assert find_names(mapped, ["Jane Doe has Coffee"]) == [[Span(13, 19, "SECRET")]]


def test_a_text_longer_than_a_window(pipeline) -> None:
    settings = SpacyModel(model=str(pipeline), window_letters=200, overlap_letters=80)
    text = "We met Jane Doe in Paris. " * 200
    (found,) = find_names(settings, [text])
    assert len(found) == 400
    assert {text[span.start : span.end] for span in found} == {"Jane Doe", "Paris"}


def test_a_model_is_loaded_once_and_its_identity_follows_its_files(pipeline, tmp_path) -> None:
    import spacy

    settings = SpacyModel(model=str(pipeline))
    assert loaded(settings) is loaded(SpacyModel(model=str(pipeline)))
    nlp = spacy.load(pipeline)
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Bob"}])
    nlp.to_disk(tmp_path / "more")
    more = SpacyModel(model=str(tmp_path / "more"))
    assert loaded(more).identity() != loaded(settings).identity()


def test_what_is_missing_is_said(pipeline, tmp_path, monkeypatch) -> None:
    import spacy

    with pytest.raises(ModelError, match="python -m spacy download no_such_model"):
        loaded(SpacyModel(model="no_such_model"))
    with pytest.raises(ModelError, match="cannot load this pipeline"):
        loaded(SpacyModel(model=str(tmp_path)))
    with pytest.raises(ModelError, match="it marks GPE, PERSON, PRODUCT"):
        loaded(SpacyModel(model=str(pipeline), labels={"MONEY": "PERSON"}))
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ModelError, match="it marks nothing"):
        loaded(SpacyModel(model=str(tmp_path / "blank")))


def test_without_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(
        MissingExtraError, match=r"'spacy' is not installed\n.*tunesmith\[pii-models\]"
    ):
        loaded(SpacyModel(model="a_model_asked_for_without_spacy"))
