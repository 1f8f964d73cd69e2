"""Personal data by Microsoft Presidio's analyzer: patterns, checksums, and a spaCy pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tunesmith.clean.pii.backends.base import (
    Entity,
    EntityModel,
    ModelConfig,
    find_in_windows,
    folder_fingerprint,
    needs,
    windows,
)
from tunesmith.clean.pii.backends.spacy import load_pipeline
from tunesmith.clean.pii.spans import Span
from tunesmith.errors import ModelError

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine
    from spacy.language import Language


class PresidioModel(ModelConfig):
    """Presidio's AnalyzerEngine with its own recognizers."""

    kind: Literal["presidio"] = "presidio"
    language: str = "en"
    """The language of the texts, as ISO 639-1."""
    model: str | None = None
    """A spaCy pipeline, installed or a folder, for names; none: patterns alone."""
    score_threshold: float = Field(default=0.35, ge=0, le=1)
    """Findings that Presidio is less sure of are left alone."""
    labels: dict[str, str] = {
        "PERSON": "PERSON",
        "LOCATION": "LOCATION",
        "ORGANIZATION": "ORGANIZATION",
        "EMAIL_ADDRESS": "EMAIL",
        "PHONE_NUMBER": "PHONE",
        "CREDIT_CARD": "CARD",
        "IBAN_CODE": "IBAN",
        "US_SSN": "SSN",
        "IP_ADDRESS": "IP_ADDRESS",
        "MAC_ADDRESS": "MAC_ADDRESS",
        "CRYPTO": "CRYPTO",
    }
    """Presidio's entity → the kind it is masked as; other entities are not looked for."""

    def load(self) -> EntityModel:
        """Make the analyzer.

        Raises:
            MissingExtraError: Presidio or spaCy is not installed.
            ModelError: The pipeline is not there, or nothing in `labels` is known.
        """
        with needs("presidio-analyzer", "spacy"):
            import presidio_analyzer  # noqa: F401
            import spacy
        nlp = spacy.blank(self.language) if self.model is None else load_pipeline(self.model)
        return _Presidio(self, nlp)


class _Presidio:
    def __init__(self, config: PresidioModel, nlp: Language) -> None:
        from presidio_analyzer import BatchAnalyzerEngine

        self._config, self._nlp = config, nlp
        engine = _engine(nlp, config.language)
        known = set(engine.get_supported_entities(config.language))
        self._entities = sorted(known & set(config.labels))
        if not self._entities:
            raise ModelError(
                f"Presidio knows none of the entities in 'labels' for '{config.language}'",
                where="presidio",
                todo=f"it knows {', '.join(sorted(known)) or 'none'}",
            )
        self._analyzer = BatchAnalyzerEngine(analyzer_engine=engine)

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        def cut(text: str) -> list[Any]:
            return [*windows(text, self._config.window_letters, self._config.overlap_letters)]

        return find_in_windows(texts, cut, self._ask)

    def _ask(self, texts: list[str]) -> list[list[Entity]]:
        answers = self._analyzer.analyze_iterator(
            texts,
            language=self._config.language,
            batch_size=self._config.batch_size,
            entities=self._entities,
            score_threshold=self._config.score_threshold,
        )
        labels = self._config.labels
        return [
            [Entity(hit.start, hit.end, labels[hit.entity_type], hit.score) for hit in hits]
            for hits in answers
        ]

    def identity(self) -> str:
        from importlib.metadata import version

        weights = "" if self._nlp.path is None else folder_fingerprint(self._nlp.path)
        return f"presidio {version('presidio-analyzer')} spacy {version('spacy')} {weights}"


def _engine(nlp: Language, language: str) -> AnalyzerEngine:
    """An analyzer over a pipeline that is loaded already: left to itself, Presidio downloads one.

    Presidio's own recognizers of all countries are registered for the language.
    """
    import tldextract.tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    # Presidio checks mail domains against a list that tldextract would fetch from the network; the
    # list that ships with tldextract is taken instead.
    tldextract.tldextract.TLD_EXTRACTOR.suffix_list_urls = ()
    nlp_engine = SpacyNlpEngine(
        models=[{"lang_code": language, "model_name": nlp.meta["name"]}],
        # Labels that stand for no entity would each be logged for every text.
        ner_model_configuration=NerModelConfiguration(
            labels_to_ignore=["CARDINAL", "EVENT", "FAC", "LANGUAGE", "LAW", "MONEY", "ORDINAL",
                              "PERCENT", "PRODUCT", "QUANTITY", "WORK_OF_ART"],
        ),
    )  # fmt: skip
    nlp_engine.nlp = {language: nlp}
    registry = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=nlp_engine)
    return AnalyzerEngine(registry=registry, nlp_engine=nlp_engine, supported_languages=[language])
