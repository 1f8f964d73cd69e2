"""Names by GLiNER (Zaratiana et al., *GLiNER: Generalist Model for NER*, NAACL 2024)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tunesmith.clean.pii.backends.base import (
    Entity,
    EntityModel,
    ModelConfig,
    Window,
    find_in_windows,
    fitting_windows,
    folder_fingerprint,
    needs,
)
from tunesmith.clean.pii.spans import Span
from tunesmith.errors import ModelError

if TYPE_CHECKING:
    from gliner import GLiNER

#: How GLiNER splits a text into words, of which it reads no more than its `max_len`.
_WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")


class GlinerModel(ModelConfig):
    """A GLiNER model, which finds whatever its labels name in plain words."""

    kind: Literal["gliner"] = "gliner"
    model: str
    """The folder of a model, or a Hugging Face id whose files are in the local cache."""
    labels: dict[str, str] = {
        "person": "PERSON",
        "organization": "ORGANIZATION",
        "street address": "ADDRESS",
        "city": "LOCATION",
        "country": "LOCATION",
    }
    """What the model is asked for, in words → the kind it is masked as."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    """Findings that the model is less sure of are left alone."""
    batch_size: int = Field(default=8, ge=1)
    """Windows that are worked on at once."""
    window_letters: int = Field(default=1_500, ge=200)
    """A longer text is cut; smaller where the model's limit of words asks for it."""
    overlap_letters: int = Field(default=200, ge=40)
    """How much neighbouring windows share; a name longer than half of it may be cut."""

    def load(self) -> EntityModel:
        """Load the model from the folder or the local cache; nothing is downloaded.

        Raises:
            MissingExtraError: GLiNER is not installed.
            ModelError: The model is not there, or has no safetensors weights.
        """
        with needs("gliner"):
            from gliner import GLiNER
        folder = _folder(self.model)
        return _Gliner(self, folder, GLiNER.from_pretrained(str(folder), local_files_only=True))


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

        try:
            folder = Path(snapshot_download(name, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            raise ModelError(
                "there is no such GLiNER model in a folder or in the local cache",
                where=name,
                todo=f"fetch it with: hf download {name}",
            ) from None
    missing = [
        file
        for file in ("gliner_config.json", "model.safetensors")
        if not (folder / file).is_file()
    ]
    if missing:
        raise ModelError(
            f"the GLiNER model has no {' and no '.join(missing)}",
            where=name,
            todo="only safetensors are read, no format that can run code: save it again with "
            "save_pretrained(folder, safe_serialization=True)",
        )
    return folder


class _Gliner:
    def __init__(self, config: GlinerModel, folder: Path, model: GLiNER) -> None:
        self._config, self._folder, self._model = config, folder, model
        self._most_words = int(model.config.max_len)

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        return find_in_windows(texts, self._cut, self._ask)

    def _cut(self, text: str) -> list[Window]:
        config = self._config
        return fitting_windows(text, config.window_letters, config.overlap_letters, self._fits)

    def _fits(self, text: str) -> bool:
        return len(text) <= self._most_words or len(_WORD.findall(text)) <= self._most_words

    def _ask(self, texts: list[str]) -> list[list[Entity]]:
        config = self._config
        asked = [(number, text) for number, text in enumerate(texts) if text.strip()]
        found: list[list[Entity]] = [[] for _ in texts]
        if not asked:
            return found
        answers: list[list[dict[str, Any]]] = self._model.inference(
            [text for _, text in asked],
            list(config.labels),
            threshold=config.threshold,
            batch_size=config.batch_size,
        )
        for (number, _), entities in zip(asked, answers, strict=True):
            found[number] = [
                Entity(item["start"], item["end"], config.labels[item["label"]], item["score"])
                for item in entities
            ]
        return found

    def identity(self) -> str:
        from importlib.metadata import version

        return f"gliner {version('gliner')} {folder_fingerprint(self._folder)}"
