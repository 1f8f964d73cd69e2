"""Names by a spaCy pipeline (Honnibal et al., *spaCy: Industrial-strength NLP in Python*, 2020)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tunesmith.clean.pii.backends.base import (
    Entity,
    EntityModel,
    ModelConfig,
    find_in_windows,
    folder_fingerprint,
    needs,
    windows,
)
from tunesmith.clean.pii.spans import Span
from tunesmith.errors import ModelError

if TYPE_CHECKING:
    from spacy.language import Language


class SpacyModel(ModelConfig):
    """A spaCy pipeline that marks entities: a trained one, or rules of your own."""

    kind: Literal["spacy"] = "spacy"
    model: str
    """An installed pipeline such as `en_core_web_sm`, or the folder of one."""
    labels: dict[str, str] = {
        "PERSON": "PERSON",
        "PER": "PERSON",
        "ORG": "ORGANIZATION",
        "GPE": "LOCATION",
        "LOC": "LOCATION",
        "FAC": "LOCATION",
    }
    """The pipeline's label → the kind it is masked as; other labels are left alone."""
    disable: tuple[str, ...] = (
        "tagger",
        "morphologizer",
        "parser",
        "senter",
        "attribute_ruler",
        "lemmatizer",
    )
    """Components that are not run: the default are those that trained names do not need."""

    def load(self) -> EntityModel:
        """Load the pipeline.

        Raises:
            MissingExtraError: spaCy is not installed.
            ModelError: The pipeline is not there, or marks nothing that `labels` names.
        """
        return _Spacy(self, load_pipeline(self.model, self.disable))


def load_pipeline(name: str, disable: Sequence[str] = ()) -> Language:
    """Load an installed pipeline or a folder; nothing is ever downloaded.

    Raises:
        MissingExtraError: spaCy is not installed.
        ModelError: There is no such pipeline, or it cannot be loaded.
    """
    with needs("spacy"):
        import spacy
    folder = Path(name).expanduser()
    if not spacy.util.is_package(name) and not folder.is_dir():
        raise ModelError(
            "there is no such spaCy pipeline",
            where=name,
            todo=f"install it with: python -m spacy download {name}  (or name a pipeline's folder)",
        )
    try:
        return spacy.load(folder if folder.is_dir() else name, disable=list(disable))
    except (OSError, ValueError) as error:
        said = str(error).partition("\n")[0]
        raise ModelError(
            f"spaCy cannot load this pipeline: {said}",
            where=name,
            todo="name the folder with its config.cfg, made by this or an earlier spaCy",
        ) from None


class _Spacy:
    def __init__(self, config: SpacyModel, nlp: Language) -> None:
        self._config, self._nlp = config, nlp
        marked = _marked(nlp)
        if not marked & set(config.labels):
            raise ModelError(
                f"the pipeline marks no label that is mapped to a kind; it marks "
                f"{', '.join(sorted(marked)) or 'nothing'}",
                where=config.model,
                todo="map its labels to kinds with 'labels'",
            )

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        def cut(text: str) -> list[Any]:
            return [*windows(text, self._config.window_letters, self._config.overlap_letters)]

        return find_in_windows(texts, cut, self._ask)

    def _ask(self, texts: list[str]) -> list[list[Entity]]:
        docs = self._nlp.pipe(texts, batch_size=self._config.batch_size)
        return [list(self._entities(doc)) for doc in docs]

    def _entities(self, doc: Any) -> Iterator[Entity]:
        for entity in doc.ents:
            kind = self._config.labels.get(entity.label_)
            if kind is not None:
                yield Entity(entity.start_char, entity.end_char, kind)

    def identity(self) -> str:
        import spacy

        folder: Path | None = self._nlp.path
        weights = "" if folder is None else folder_fingerprint(folder)
        return f"spacy {spacy.__version__} {weights}"


def _marked(nlp: Language) -> set[str]:
    """The labels of the components that are run and mark entities."""
    return {
        label
        for name, component in nlp.pipeline
        if "doc.ents" in nlp.get_pipe_meta(name).assigns
        for label in getattr(component, "labels", ())
    }
