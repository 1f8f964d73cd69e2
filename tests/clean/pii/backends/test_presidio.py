"""A real Presidio, with its own patterns and a spaCy pipeline of rules."""

from __future__ import annotations

import sys

import pytest

from tunesmith.clean.pii.backends import PresidioModel, find_names, loaded
from tunesmith.clean.pii.detect import Span
from tunesmith.errors import MissingExtraError, ModelError

TEXT = "Jane Doe of Paris pays with 4111 1111 1111 1111, jane@example.com"


@pytest.fixture(autouse=True)
def _installed() -> None:
    pytest.importorskip("presidio_analyzer", reason="the extra pii-models is not installed")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> str:
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "PERSON", "pattern": "Jane Doe"}, {"label": "GPE", "pattern": "Paris"}]
    )
    folder = tmp_path_factory.mktemp("spacy") / "rules"
    nlp.to_disk(folder)
    return str(folder)


def test_patterns_alone() -> None:
    assert find_names(PresidioModel(), [TEXT, ""]) == [
        [Span(28, 47, "CARD"), Span(49, 65, "EMAIL")],
        [],
    ]


def test_patterns_and_names(pipeline) -> None:
    (found,) = find_names(PresidioModel(model=pipeline), [TEXT])
    assert [(span.kind, TEXT[span.start : span.end]) for span in found] == [
        ("PERSON", "Jane Doe"), ("LOCATION", "Paris"),
        ("CARD", "4111 1111 1111 1111"), ("EMAIL", "jane@example.com"),
    ]  # fmt: skip


def test_only_what_is_mapped_is_looked_for(pipeline) -> None:
    settings = PresidioModel(model=pipeline, labels={"PERSON": "CUSTOMER", "NO_SUCH": "X"})
    assert find_names(settings, [TEXT]) == [[Span(0, 8, "CUSTOMER")]]
    with pytest.raises(ModelError, match="knows none of the entities in 'labels' for 'en'"):
        loaded(PresidioModel(labels={"NO_SUCH": "X"}))


def test_the_threshold_holds() -> None:
    unsure = "my number is 212-555-0123"
    assert find_names(PresidioModel(score_threshold=0.1), [unsure])[0]
    assert not find_names(PresidioModel(score_threshold=0.99), [unsure])[0]


def test_a_long_text_in_windows() -> None:
    settings = PresidioModel(window_letters=200, overlap_letters=60)
    (found,) = find_names(settings, ["write to jane@example.com, please. " * 60])
    assert len(found) == 60


def test_mail_domains_are_checked_without_the_network() -> None:
    import tldextract.tldextract

    loaded(PresidioModel())
    assert tldextract.tldextract.TLD_EXTRACTOR.suffix_list_urls == ()


def test_a_missing_pipeline_is_not_downloaded() -> None:
    with pytest.raises(ModelError, match="there is no such spaCy pipeline"):
        loaded(PresidioModel(model="no_such_model"))


def test_without_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(MissingExtraError, match="'presidio-analyzer' is not installed"):
        loaded(PresidioModel(language="de"))
