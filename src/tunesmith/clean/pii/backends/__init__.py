"""Models that find names and places, behind one interface; none is imported before it is asked for.

```
AnyModel      the settings in a recipe: spacy, gliner, onnx or presidio, told apart by `kind`
find_names    settings and texts to spans: what masking calls
loaded        the model itself, loaded once a process
```
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

from pydantic import Field, TypeAdapter

from tunesmith.clean.pii.backends.base import EntityModel
from tunesmith.clean.pii.backends.gliner import GlinerModel
from tunesmith.clean.pii.backends.onnx import OnnxModel
from tunesmith.clean.pii.backends.presidio import PresidioModel
from tunesmith.clean.pii.backends.spacy import SpacyModel
from tunesmith.clean.pii.spans import Span

AnyModel = Annotated[
    SpacyModel | GlinerModel | OnnxModel | PresidioModel, Field(discriminator="kind")
]

_SETTINGS: TypeAdapter[SpacyModel | GlinerModel | OnnxModel | PresidioModel] = TypeAdapter(AnyModel)


def find_names(
    settings: SpacyModel | GlinerModel | OnnxModel | PresidioModel, texts: Sequence[str]
) -> list[list[Span]]:
    """For each text the spans that a model finds, from left to right, none overlapping another.

    Raises:
        MissingExtraError: The model's package is not installed.
        ModelError: The model cannot be found or loaded.
    """
    return loaded(settings).find(texts)


def loaded(settings: SpacyModel | GlinerModel | OnnxModel | PresidioModel) -> EntityModel:
    """The model that settings name, loaded on the first call of a process.

    Raises:
        MissingExtraError: The model's package is not installed.
        ModelError: The model cannot be found or loaded.
    """
    return _loaded(settings.model_dump_json())


@lru_cache(maxsize=4)
def _loaded(settings: str) -> EntityModel:
    return _SETTINGS.validate_json(settings).load()


__all__ = [
    "AnyModel",
    "GlinerModel",
    "OnnxModel",
    "PresidioModel",
    "SpacyModel",
    "find_names",
    "loaded",
]
